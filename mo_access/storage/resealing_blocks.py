"""The numbers by which humans under a block are known, for a new key (see ``resealing``).

Blocks are set by hand, so they are few: all are read at once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.storage import blocks
from mo_access.storage.bars import number_key
from mo_access.storage.engine import Connection, Params
from mo_access.storage.interventions import block_key
from mo_access.storage.schema import person

_k: Final = block_key.c
_IS_NUMBER: Final = (_k.kind == bindparam("kind"), _k.scope == bindparam("scope"))


class Barred(NamedTuple):
    """The human of a bar, the index of a number in hexadecimal, and the number sealed.

    ``sealed`` is None for a block of before numbers were kept sealed with it.
    """

    bar: str
    value: str
    sealed: bytes | None


_EVERY = select(_k.bar, _k.value, _k.sealed).where(*_IS_NUMBER).order_by(_k.bar, _k.value)
_NUMBERS = select(person.c.id, person.c.insz_sealed).where(
    person.c.bar == bindparam("of"), person.c.insz_sealed.is_not(None)
)
_DROP = delete(block_key).where(
    *_IS_NUMBER, _k.bar == bindparam("of"), _k.value == bindparam("old")
)
_ADD = (
    upsert(block_key)
    .values({name: bindparam(name) for name in ("kind", "scope", "value", "bar", "sealed")})
    .on_conflict_do_nothing()
)


def every(conn: Connection) -> list[Barred]:
    """Give every number that a human under a block is known by."""
    kind, scope, _ = number_key(b"")
    rows = conn.all(_EVERY, {"kind": kind, "scope": scope})
    return [Barred(bar, value, None if held is None else bytes(held)) for bar, value, held in rows]


def numbers_of(conn: Connection, bar: str) -> list[tuple[str, bytes]]:
    """Give (id, sealed number) of the rows that stand for a human under a block."""
    return [(str(found), bytes(held)) for found, held in conn.all(_NUMBERS, {"of": bar})]


def replace(conn: Connection, row: Barred, index: bytes, sealed: bytes) -> int:
    """Put new values in place of those of ``row``; 0 when the block was lifted meanwhile.

    Where the human was remembered by the new index already, that is left as it is.
    """
    kind, scope, value = number_key(index)
    if not blocks.stands(conn, row.bar):
        # What is added anew would outlive the block, whose lifting does not see it.
        return 0
    if not conn.run(_DROP, {"kind": kind, "scope": scope, "of": row.bar, "old": row.value}):
        return 0
    new: Params = {"kind": kind, "scope": scope, "value": value, "bar": row.bar, "sealed": sealed}
    conn.run(_ADD, new)
    return 1
