"""Guards for host applications: who is signed in, and may they (the public names of this door).

```python
@app.get("/leerlingen/<institution>")
@requires_theme("leerlingen-openbaar")
def pupils(institution: str) -> str: ...
```

Each guard is also a function that returns None, or the answer to give instead: ``check_login``,
``check_theme``, ``check_role``. A browser without a session is sent to sign in and comes back, and
so is one whose sign-in is too weak or too old (step-up); other callers get 401 or 403 as JSON.
Every question is answered from the database on the request itself (rule 7).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec

from flask import jsonify, redirect, request
from flask.typing import ResponseReturnValue

from mo_access.domain.model import Role
from mo_access.domain.policy import Decision, Reason
from mo_access.service import decisions
from mo_access.service.decisions import Question
from mo_access.service.sessions import Session
from mo_oidc import step_up
from mo_oidc.me import prefers_html, unauthenticated
from mo_oidc.step_up import TOO_OLD, Wanted
from mo_web import pages, unit, visitor

__all__ = [
    "check_login",
    "check_role",
    "check_theme",
    "current_session",
    "decide_here",
    "denied",
    "login_required",
    "requires_role",
    "requires_sign_in",
    "requires_theme",
]

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
_WEAK: Final = (Reason.LEVEL, Reason.ROLE_LEVEL)
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


def check_login(*, min_level: int = 0, max_age: int | None = None) -> ResponseReturnValue | None:
    """Return None for somebody with a session, else what to answer.

    ``min_level`` asks for a sign-in of at least that level, ``max_age`` for one that is at most so
    many seconds old, by the word of the provider.
    """
    session = current_session()
    if session is None:
        return _sign_in_first()
    return _strengthened(session, Wanted(min_level, max_age))


def check_theme(
    institution: str, *themes: str, max_age: int | None = None
) -> ResponseReturnValue | None:
    """Return None for somebody who may read one of the themes there, else what to answer."""
    return _decided(
        lambda: [decide_here(institution, theme=theme) for theme in themes], Wanted(0, max_age)
    )


def check_role(
    institution: str, role: Role, *, min_level: int = 0, max_age: int | None = None
) -> ResponseReturnValue | None:
    """Return None for somebody who has the role there, else what to answer."""
    return _decided(lambda: [decide_here(institution, role=role)], Wanted(min_level, max_age))


def login_required(view: View[P]) -> View[P]:
    """Let only somebody with a session in."""
    return requires_sign_in()(view)


def requires_sign_in(
    *, min_level: int = 0, max_age: int | None = None
) -> Callable[[View[P]], View[P]]:
    """Let only somebody in whose sign-in is strong and recent enough."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            refusal = check_login(min_level=min_level, max_age=max_age)
            return view(*args, **kwargs) if refusal is None else refusal

        return guarded

    return guard


def requires_theme(
    *themes: str, argument: str = "institution", max_age: int | None = None
) -> Callable[[View[P]], View[P]]:
    """Let only somebody in who may read one of the themes at the institution of the route.

    ``argument`` is the route's parameter that holds the institution number.
    """
    return _requires(argument, lambda there: check_theme(there, *themes, max_age=max_age))


def requires_role(
    role: Role, *, argument: str = "institution", min_level: int = 0, max_age: int | None = None
) -> Callable[[View[P]], View[P]]:
    """Let only somebody in who has the role at the institution of the route.

    A beheerder whose session is below ``beheerder_min_level`` is sent to sign in more strongly.
    """
    return _requires(
        argument, lambda there: check_role(there, role, min_level=min_level, max_age=max_age)
    )


def _requires(
    argument: str, check: Callable[[str], ResponseReturnValue | None]
) -> Callable[[View[P]], View[P]]:
    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            refusal = check(str(kwargs.get(argument, "")))
            return view(*args, **kwargs) if refusal is None else refusal

        return guarded

    return guard


def _decided(ask: Callable[[], list[Decision]], wanted: Wanted) -> ResponseReturnValue | None:
    session = current_session()
    if session is None:
        return _sign_in_first()
    answers = ask()
    if not any(answer.allowed for answer in answers):
        return denied(_telling(answers))
    return _strengthened(session, wanted)


def _telling(answers: list[Decision]) -> Decision:
    """Return the no that the person can do most about: a stronger sign-in, else the first one."""
    weak = [answer for answer in answers if answer.reason in _WEAK]
    return min(weak, key=lambda answer: answer.level_asked) if weak else [*answers, _NOBODY][0]


def _strengthened(session: Session, wanted: Wanted) -> ResponseReturnValue | None:
    """Return None when the sign-in is strong and recent enough, else the way to a better one."""
    lacking = step_up.lacking(session, wanted, unit.current().now)
    if lacking is None:
        return None
    return _stronger(lacking, step_up.way(session, wanted))


def _sign_in_first() -> ResponseReturnValue:
    """Send a browser to sign in and back; tell anybody else 401."""
    if not prefers_html() or request.method not in ("GET", "HEAD"):
        return unauthenticated()
    return redirect(step_up.login_link({}))


def denied(decision: Decision) -> ResponseReturnValue:
    """Return 403 with the reason code, as a page or as JSON.

    A level that a new sign-in can reach sends a browser there and back (step-up).
    """
    session = current_session()
    if decision.reason in _WEAK and session is not None:
        way = step_up.way(session, Wanted(decision.level_asked))
        if way is not None:
            return _stronger(decision.reason.value, way)
    if prefers_html():
        return pages.denied(decision.reason)
    body = jsonify(error="forbidden", reason_code=decision.reason.value)
    return body, HTTPStatus.FORBIDDEN


def _stronger(code: str, way: str | None) -> ResponseReturnValue:
    """Send a browser on the way to a better sign-in; tell anybody else which way that is."""
    if not prefers_html():
        told = {} if way is None else {"sign_in": way}
        return jsonify(error="forbidden", reason_code=code, **told), HTTPStatus.FORBIDDEN
    if way is not None and request.method in ("GET", "HEAD"):
        return redirect(way)
    if code == TOO_OLD or way is not None:
        return pages.refused(code, HTTPStatus.FORBIDDEN, again=way)
    return pages.denied(Reason.LEVEL)
