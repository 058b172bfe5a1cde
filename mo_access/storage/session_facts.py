"""What came with people's sessions, as facts beside those that clients said (``facts``).

A session gives something only while it lives: not past its end, used within its idle time, held
up by a link, and for no institution that is blocked. No sweep is waited for (rule 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    literal,
    null,
    select,
    true,
)

from mo_access.domain.model import Form
from mo_access.storage.claim_tables import session_right
from mo_access.storage.schema import BIG, institution, session, theme
from mo_access.storage.sessions import HOLDS

_right = session_right.c
_place: Final = institution.alias("claimed_at")
_now = bindparam("now", type_=BIG)
GIVER: Final = literal("provider ", Text) + session.c.provider
"""Who is told to have given it."""
LIVES: Final[ColumnElement[bool]] = and_(
    session.c.expires > _now, session.c.seen + _right.idle > _now, HOLDS
)


def _of(
    of: Callable[[Column[int]], ColumnElement[bool]], *columns: ColumnElement[Any] | Column[Any]
) -> Select[Any]:
    found = select(_right.person_pk, *columns, _right.created, session.c.pk)
    return (
        found.select_from(session_right)
        .join(session, session.c.pk == _right.session_pk)
        .join(_place, _place.c.pk == _right.institution_pk)
        .where(of(_right.person_pk), session.c.person_pk == _right.person_pk, LIVES)
    )


def affiliations(of: Callable[[Column[int]], ColumnElement[bool]]) -> Select[Any]:
    """Select the roles that came with live sessions, in the columns of ``facts``."""
    return _of(
        of,
        *(_place.c.number, _right.role, literal(Form.SIGN_IN.value), null(), null()),
        *(true(), _place.c.blocked, GIVER),
    ).where(_right.theme_pk.is_(None))


def grants(of: Callable[[Column[int]], ColumnElement[bool]]) -> Select[Any]:
    """Select the themes that came with live sessions, in the columns of ``facts``."""
    idle = case((_place.c.blocked.is_not(None), "blocked"), else_=null())
    found = _of(
        of,
        *(theme.c.slug, literal("claim"), _place.c.number, idle),
        *(GIVER, literal(Form.SIGN_IN.value)),
    )
    return found.join(theme, theme.c.pk == _right.theme_pk)
