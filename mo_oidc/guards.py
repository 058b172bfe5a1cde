"""Guards for host applications: who is signed in, and may they (the public names of this door).

```python
@app.get("/leerlingen/<institution>")
@requires_theme("leerlingen-openbaar")
def pupils(institution: str) -> str: ...
```

A browser without a session is sent to sign in and comes back; other callers get 401 or 403 as
JSON. Every question is answered from the database on the request itself (rule 7).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec
from urllib.parse import urlencode

from flask import jsonify, redirect, request
from flask.typing import ResponseReturnValue

from mo_access.domain.levels import weakest_of
from mo_access.domain.model import Role
from mo_access.domain.policy import Decision, Reason
from mo_access.service import decisions
from mo_access.service.decisions import Question
from mo_access.service.sessions import Session
from mo_oidc.me import prefers_html, unauthenticated
from mo_oidc.next_url import safe_next
from mo_web import pages, unit, visitor
from mo_web.shared import shared

__all__ = [
    "current_session",
    "decide_here",
    "denied",
    "login_required",
    "requires_role",
    "requires_theme",
]

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
_NOBODY: Final = Decision(allowed=False, reason=Reason.UNKNOWN)


def current_session() -> Session | None:
    """Return the live session of whoever makes this request, or None."""
    return visitor.current()


def decide_here(
    institution: str, *, theme: str | None = None, role: Role | None = None
) -> Decision:
    """Answer whether the person of this request may read the theme, or has the role, there.

    Without a session the answer is no.
    """
    session = current_session()
    if session is None:
        return _NOBODY
    question = Question(session.person, institution, theme, role, session.policy)
    return decisions.decide(unit.current(), question)


def login_required(view: View[P]) -> View[P]:
    """Let only somebody with a session in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return _sign_in_first() if current_session() is None else view(*args, **kwargs)

    return guarded


def requires_theme(*themes: str, argument: str = "institution") -> Callable[[View[P]], View[P]]:
    """Let only somebody in who may read one of the themes at the institution of the route.

    `argument` is the route's parameter that holds the institution number.
    """
    return _requires(
        argument, lambda institution: [decide_here(institution, theme=theme) for theme in themes]
    )


def requires_role(role: Role, *, argument: str = "institution") -> Callable[[View[P]], View[P]]:
    """Let only somebody in who has the role at the institution of the route.

    A beheerder whose session is below ``beheerder_min_level`` is sent to sign in more strongly.
    """
    return _requires(argument, lambda institution: [decide_here(institution, role=role)])


def _requires(argument: str, ask: Callable[[str], list[Decision]]) -> Callable[[View[P]], View[P]]:
    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if current_session() is None:
                return _sign_in_first()
            answers = ask(str(kwargs.get(argument, "")))
            if any(answer.allowed for answer in answers):
                return view(*args, **kwargs)
            refusal = answers[0] if answers else _NOBODY
            return _step_up(refusal) or denied(refusal)

        return guarded

    return guard


def _step_up(refusal: Decision) -> ResponseReturnValue | None:
    """Send a browser whose session is too weak for its role to sign in again, more strongly.

    None where that is not what is missing, or where no known ``acr`` reaches the level.
    """
    if refusal.reason is not Reason.ROLE_LEVEL or not _may_be_sent():
        return None
    asked = weakest_of(refusal.level_asked, shared().settings.oidc_acr_levels)
    return _to_login({"acr_values": " ".join(asked)}) if asked else None


def _may_be_sent() -> bool:
    return prefers_html() and request.method in {"GET", "HEAD"}


def _to_login(told: dict[str, str]) -> ResponseReturnValue:
    here = request.full_path if request.query_string else request.path
    return redirect(f"/oidc/login?{urlencode({'next': safe_next(here), **told})}")


def _sign_in_first() -> ResponseReturnValue:
    """Send a browser to sign in and back; tell anybody else 401."""
    return _to_login({}) if _may_be_sent() else unauthenticated()


def denied(decision: Decision) -> ResponseReturnValue:
    """Return 403 with the reason code, as a page or as JSON."""
    if prefers_html():
        return pages.denied(decision.reason)
    body = jsonify(error="forbidden", reason_code=decision.reason.value)
    return body, HTTPStatus.FORBIDDEN
