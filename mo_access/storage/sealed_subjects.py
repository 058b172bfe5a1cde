"""Subjects that are kept by a name of ours: finding, sealing and renaming them.

Whoever is about to write a name holds its row until the commit, so that a rotation of the key,
which gives it another one, comes before or after.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import (
    Delete,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage.bars import pair
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.interventions import block_key
from mo_access.storage.schema import identity, link_identity, session
from mo_access.storage.subject_tables import sealed_subject

PAGE: Final = 200
SCAN: Final = 1_000
Names = tuple[str, str]
"""What a subject may be kept as: by the key of now, and by the one that is being replaced."""


class SealedSubject(NamedTuple):
    """One subject: whose it is, what it stands as elsewhere, and itself, sealed."""

    pk: int
    issuer: str
    name: str
    sealed: bytes


_s: Final = sealed_subject.c
_issuer: Final = bindparam("of_issuer", type_=Text)
_old: Final = bindparam("old", type_=Text)
_new: Final = bindparam("new", type_=Text)
_FIND = select(_s.subject).where(
    _s.issuer == _issuer, _s.subject.in_([bindparam("first"), bindparam("other")])
)
_HOLD = _FIND.with_for_update(read=True, of=sealed_subject)
_ADD = (
    upsert(sealed_subject)
    .values(issuer=_issuer, subject=_new, sealed=bindparam("sealed"))
    .on_conflict_do_nothing()
)


def find(conn: Connection, issuer: str, names: Names) -> str | None:
    """Return what a subject is kept as, or None."""
    return _first(conn.one(_FIND, _asked(issuer, names)))


def hold(conn: Connection, issuer: str, names: Names) -> str | None:
    """Return the same; it stays so until the end of the transaction."""
    return _first(conn.one(_HOLD, _asked(issuer, names)))


def add(conn: Connection, issuer: str, name: str, sealed: bytes) -> None:
    """Keep a subject under a name, unless somebody does so at this moment."""
    conn.run(_ADD, {"of_issuer": issuer, "new": name, "sealed": sealed})


def _asked(issuer: str, names: Names) -> Params:
    return {"of_issuer": issuer, "first": names[0], "other": names[1]}


def _first(row: Row | None) -> str | None:
    return None if row is None else str(row[0])


def _unless_there(table: Table, *keys: str) -> Delete:
    """Drop rows of the old subject where the new one has the same; the rest is renamed."""
    there = table.alias()
    same = (there.c[key] == table.c[key] for key in keys)
    twin = exists(
        select(literal(1)).where(there.c.issuer == _issuer, there.c.subject == _new, *same)
    )
    return delete(table).where(table.c.issuer == _issuer, table.c.subject == _old, twin)


def _renamed(table: Table) -> Update:
    return (
        update(table).where(table.c.issuer == _issuer, table.c.subject == _old).values(subject=_new)
    )


_k: Final = block_key.c
_known: Final = block_key.alias()
_of_identity: Final = (_k.kind == "identity", _k.scope == _issuer)
_RENAME: Final = (
    _unless_there(identity),
    _renamed(identity),
    _unless_there(link_identity, "link_pk"),
    _renamed(link_identity),
    _renamed(session),
)
_RENAME_BLOCKS: Final = (
    delete(block_key).where(
        *(*_of_identity, _k.value == _old),
        exists(
            select(literal(1)).where(
                *(_known.c.kind == _k.kind, _known.c.scope == _k.scope),
                *(_known.c.bar == _k.bar, _known.c.value == _new),
            )
        ),
    ),
    update(block_key).where(*_of_identity, _k.value == _old).values(value=_new),
)


def rename(conn: Connection, issuer: str, old: str, new: str) -> None:
    """Let everything that stands under one subject of an issuer stand under another."""
    for statement in _RENAME:
        conn.run(statement, {"of_issuer": issuer, "old": old, "new": new})
    pairs = {"old": pair(issuer, old), "new": pair(issuer, new)}
    for statement in _RENAME_BLOCKS:
        conn.run(statement, {"of_issuer": issuer, **pairs})


_PAGE = (
    select(_s.pk, _s.issuer, _s.subject, _s.sealed)
    .where(_s.pk > bindparam("after"))
    .order_by(_s.pk)
    .limit(bindparam("page"))
)
_DROP_TWIN = delete(sealed_subject).where(
    _s.issuer == _issuer, _s.subject == _new, _s.pk != bindparam("of")
)
_RESEAL = (
    update(sealed_subject)
    .where(_s.pk == bindparam("of"), _s.sealed == bindparam("held"))
    .values(subject=_new, sealed=bindparam("sealed"))
)


def page(conn: Connection, after: int) -> list[SealedSubject]:
    """Give the next sealed subjects after this key."""
    rows = conn.all(_PAGE, {"after": after, "page": PAGE})
    return [SealedSubject(pk, issuer, name, bytes(held)) for pk, issuer, name, held in rows]


def reseal(conn: Connection, row: SealedSubject, name: str, sealed: bytes) -> int:
    """Keep a subject under another name, everywhere; 0 when somebody did so meanwhile."""
    asked: Params = {"of": row.pk, "of_issuer": row.issuer, "new": name}
    conn.run(_DROP_TWIN, asked)
    if not conn.run(_RESEAL, {"of": row.pk, "held": row.sealed, "new": name, "sealed": sealed}):
        return 0
    if name != row.name:
        rename(conn, row.issuer, row.name, name)
    return 1


def _next(table: Table) -> Select[tuple[str, str]]:
    """Give the next subjects of a table in the order of its index, each once."""
    at = tuple_(table.c.issuer, table.c.subject)
    found = select(table.c.issuer, table.c.subject).where(at > tuple_(_issuer, _old)).distinct()
    return found.order_by(table.c.issuer, table.c.subject).limit(bindparam("page"))


_NEXT: Final = {table.name: _next(table) for table in (identity, link_identity, session)}
PLACES: Final = tuple(_NEXT)
_OF_BLOCKS: Final = select(_k.scope, _k.value).where(_k.kind == "identity")


def following(conn: Connection, place: str, after: tuple[str, str]) -> list[tuple[str, str]]:
    """Give the next (issuer, subject) of one of ``PLACES``, whatever it is kept as."""
    asked: Params = {"of_issuer": after[0], "old": after[1], "page": SCAN}
    return [(str(issuer), str(subject)) for issuer, subject in conn.all(_NEXT[place], asked)]


def of_blocks(conn: Connection) -> list[tuple[str, str]]:
    """Give every (issuer, subject) by which a human under a block is known again."""
    rows = conn.all(_OF_BLOCKS, {})
    return [(str(issuer), str(value).partition("\n")[2]) for issuer, value in rows]


_unused: Final = and_(
    *(
        ~exists(
            select(literal(1)).where(table.c.issuer == _s.issuer, table.c.subject == _s.subject)
        )
        for table in (session, identity, link_identity)
    ),
    ~exists(
        select(literal(1)).where(
            *(_k.kind == "identity", _k.scope == _s.issuer),
            _k.value == _s.issuer + "\n" + _s.subject,
        )
    ),
)
_UNUSED: Final = (
    select(_s.pk)
    .where(_unused)
    .order_by(_s.pk)
    .limit(bindparam("page"))
    .with_for_update(skip_locked=True, of=sealed_subject)
)
_FORGET: Final = delete(sealed_subject).where(_s.pk == bindparam("of"), _unused)


def forget_unused(conn: Connection) -> int:
    """Delete a page of those that stand nowhere any more; returns how many.

    They are held first and looked at again then: who was writing one has written it by now.
    """
    found = [int(row[0]) for row in conn.all(_UNUSED, {"page": PAGE})]
    return sum(conn.run(_FORGET, {"of": pk}) for pk in found)
