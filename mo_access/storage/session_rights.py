"""Writing what came with a session from claims, and what a newer sign-in ends (ruling 8)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Text, bindparam, delete, insert, select, update

from mo_access.domain.model import Role
from mo_access.storage import access, people
from mo_access.storage.claim_tables import session_right
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.schema import BIG, institution, session, theme


@dataclass(frozen=True, slots=True)
class Held:
    """One right of one session; ``role`` is None where it is a theme."""

    pk: int
    session: int
    institution: str
    role: str | None
    theme: str | None
    created: int


_right: Final = session_right.c
_HELD: Final = (
    select(
        _right.pk,
        _right.session_pk,
        institution.c.number,
        _right.role,
        theme.c.slug,
        _right.created,
    )
    .select_from(session_right)
    .join(session, session.c.pk == _right.session_pk)
    .join(institution, institution.c.pk == _right.institution_pk)
    .outerjoin(theme, theme.c.pk == _right.theme_pk)
    .where(
        session.c.issuer == bindparam("issuer", type_=Text),
        session.c.subject == bindparam("subject", type_=Text),
        session.c.expires > bindparam("now"),
        session.c.seen + _right.idle > bindparam("now"),
    )
    .order_by(_right.pk)
)
_PK: Final = select(session.c.pk).where(session.c.id_hash == bindparam("hash"))
_ADD: Final = insert(session_right).values(
    {
        name: bindparam(name)
        for name in (
            *("session_pk", "person_pk", "institution_pk", "theme_pk"),
            *("role", "idle", "created"),
        )
    }
)
_DROP: Final = delete(session_right).where(_right.pk == bindparam("pk_"))
_numbers = json_texts(bindparam("numbers", type_=Text))
_PLACES: Final = select(institution.c.number, institution.c.pk).where(
    institution.c.number.in_(select(_numbers.c.value))
)
_slugs = json_texts(bindparam("slugs", type_=Text))
_THEMES: Final = select(theme.c.slug, theme.c.pk).where(theme.c.slug.in_(select(_slugs.c.value)))
_SCHOOLS: Final = select(institution.c.number).where(
    institution.c.board.in_(select(_numbers.c.value))
)


def take_turn(conn: Connection, *words: str) -> None:
    """Let one sign-in of an identity after the other in, until the end of the transaction."""
    digest = sha256("\n".join(words).encode()).digest()
    people.take_turn(conn, int.from_bytes(digest[:8], signed=True))


def pk_of(conn: Connection, id_hash: bytes) -> int:
    """Return the key of a session that was opened just now."""
    row = conn.one(_PK, {"hash": id_hash})
    if row is None:
        raise LookupError("there is no session with this id")
    return int(row[0])


_PERSON_OF: Final = select(session.c.person_pk).where(session.c.pk == bindparam("pk"))


def person_of(conn: Connection, session_pk: int) -> int | None:
    """Return the key of the person of a session, None where it ended."""
    row = conn.one(_PERSON_OF, {"pk": session_pk})
    return None if row is None else int(row[0])


def held(conn: Connection, issuer: str, subject: str, now: int) -> list[Held]:
    """Return what every session of this identity holds that is not over."""
    rows = conn.all(_HELD, {"issuer": issuer, "subject": subject, "now": now})
    return [Held(*row) for row in rows]


def places(conn: Connection, numbers: Collection[str]) -> dict[str, int]:
    """Return the key of each of these institutions that is known, by number."""
    rows = conn.all(_PLACES, {"numbers": json.dumps(sorted(numbers))})
    return {str(number): int(pk) for number, pk in rows}


def themes(conn: Connection, slugs: Collection[str]) -> dict[str, int]:
    """Return the key of each of these themes that is known, by slug."""
    rows = conn.all(_THEMES, {"slugs": json.dumps(sorted(slugs))})
    return {str(slug): int(pk) for slug, pk in rows}


def covered(conn: Connection, numbers: Iterable[str]) -> frozenset[str]:
    """Return these institutions with the schools of boards among them, and who succeeded any.

    So far a client reaches that is bound to them (``client_scope``).
    """
    bound = access.with_successors(conn, numbers)
    rows = conn.all(_SCHOOLS, {"numbers": json.dumps(sorted(bound))})
    return bound | access.with_successors(conn, [str(row[0]) for row in rows])


def add(conn: Connection, rows: Iterable[Mapping[str, int | str | bytes | None]]) -> None:
    """Store rights, by the columns of the table."""
    conn.many(_ADD, [dict(row) for row in rows])


def drop(conn: Connection, pks: Iterable[int]) -> None:
    """End rights."""
    conn.many(_DROP, [{"pk_": pk} for pk in pks])


_DEMOTE: Final = (
    update(session_right)
    .values(role=Role.GEBRUIKER.value)
    .where(_right.pk == bindparam("pk_", type_=BIG))
)


def demote(conn: Connection, pks: Iterable[int]) -> None:
    """Leave of roles of beheerder that of gebruiker."""
    conn.many(_DEMOTE, [{"pk_": pk} for pk in pks])
