"""May this browser pass? For proxies that ask before each request (design section 4).

nginx ``auth_request``, Caddy ``forward_auth``, Traefik ``ForwardAuth``. Nothing that the proxy
or the browser says about the original request is read: the session cookie and the parameters
that the proxy's own configuration wrote decide.
"""

from __future__ import annotations

from typing import Final

from flask import Response, request

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Role
from mo_access.domain.policy import Decision
from mo_access.service import decisions
from mo_access.service.decisions import Question
from mo_access.service.sessions import Session
from mo_authzen import questions
from mo_authzen.answers import NO
from mo_web import unit, visitor

USER_HEADER: Final = "X-Auth-Request-User"
# A subject is somebody's at one provider; at another it may be anybody's (Core §5.7).
ISSUER_HEADER: Final = "X-Auth-Request-Issuer"
REASON_HEADER: Final = "X-Auth-Request-Reason"
PASS, NOBODY, NO_PASS = 204, 401, 403
_VISIBLE: Final = range(0x20, 0x7F)


def check() -> Response:
    """GET /forward-auth: 204 for a session (that may read ``theme`` at ``institution``).

    Without a session 401, for a no 403; several ``theme`` parameters mean any of them, and an
    ``institution`` alone asks for a person who belongs there.
    """
    found = visitor.current()
    if found is None:
        return Response(status=NOBODY)
    decision = _decide(found)
    if decision is not None and not decision.allowed:
        return Response(status=NO_PASS, headers={REASON_HEADER: decision.reason.value})
    told = {USER_HEADER: found.subject, ISSUER_HEADER: found.issuer}
    headers = {name: header_text(value) for name, value in told.items()}
    return Response(status=PASS, headers=headers)


def header_text(subject: str) -> str:
    """Return the subject as a header's value: percent-encoded where not printable ASCII."""
    shown = "".join(
        char if ord(char) in _VISIBLE else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in subject
    )
    inner = shown.strip(" ")
    before = len(shown) - len(shown.lstrip(" "))
    after = len(shown) - len(inner) - before
    return "%20" * before + inner + "%20" * after


def _decide(found: Session) -> Decision | None:
    themes = [theme for theme in request.args.getlist("theme") if theme]
    numbers = request.args.getlist("institution")
    if not themes and not numbers:
        return None
    if len(numbers) > 1:
        raise Invalid("institution may be given once.", attribute="institution")
    if not numbers:
        return _anywhere(found, themes)
    return _here(found, themes, numbers[0])


def _here(found: Session, themes: list[str], text: str) -> Decision:
    number = questions.number(text)
    if number is None or not all(map(questions.is_storable, themes)):
        return NO
    person, session = found.person, found.policy
    asked = [Question(person, number, theme, session=session) for theme in themes]
    if not asked:
        asked = [Question(person, number, role=Role.GEBRUIKER, session=session)]
    answers = [decisions.decide(unit.current(), question) for question in asked]
    return next((decision for decision in answers if decision.allowed), answers[0])


def _anywhere(found: Session, themes: list[str]) -> Decision:
    """Ask at each institution where the person reads anything; there is no other yes."""
    rights = decisions.readable(unit.current(), found.person, found.policy)
    numbers = sorted({right.institution for right in rights if right.theme in themes})
    return _here(found, themes, numbers[0]) if numbers else NO
