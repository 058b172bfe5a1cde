"""Writing what clients say about people: one link of a client to a person (rule 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from mo_access.domain.text import fold
from mo_access.domain.vouching import Says
from mo_access.storage import bars, totals
from mo_access.storage.bars import Record
from mo_access.storage.engine import Connection
from mo_access.storage.people import LinkRow
from mo_access.storage.schema import BIG, link, link_identity, person


@dataclass(frozen=True, slots=True)
class LinkValues:
    """The columns of a link that a client decides."""

    user_name: str
    external_id: str | None
    active: bool
    said_insz: Says
    document: str
    parts: str | None
    """All its folded texts, for the trigram index (``trigrams.joined``); None: as they were."""


_LINK_COLUMNS: Final = (
    *("client_pk", "person_pk", "user_name", "user_key", "external_id", "external_key"),
    *("active", "said_insz", "document", "parts", "version", "created", "modified"),
)
_NEW_LINK = (
    insert(link)
    .from_select(
        _LINK_COLUMNS,
        select(*(bindparam(name, type_=link.c[name].type) for name in _LINK_COLUMNS)).where(
            ~bars.of_another(bindparam("person_pk", type_=BIG))
        ),
    )
    .returning(link.c.pk)
)
_SAID: Final[Mapping[str, ColumnElement[Any]]] = {
    "active": bindparam("active_"),
    "said_insz": bindparam("said_insz_"),
    "document": bindparam("document_"),
    "parts": func.coalesce(bindparam("parts_", type_=Text), link.c.parts),
    "version": link.c.version + 1,
    "modified": bindparam("now_"),
}
_KEYS: Final[Mapping[str, ColumnElement[Any]]] = {
    "person_pk": bindparam("to_person"),
    "user_name": bindparam("user_name_"),
    "user_key": bindparam("user_key_"),
    "external_id": bindparam("external_id_"),
    "external_key": bindparam("external_key_"),
}
"""Set only where they change: SQLite writes an index for a column that is set, changed or not."""


def _change(values: Mapping[str, ColumnElement[Any]]) -> Update:
    kept = link.c.version == bindparam("expected")
    return update(link).values(values).where(link.c.pk == bindparam("link"), kept)


_CHANGE_LINK = {
    False: _change(_SAID),
    True: _change({**_SAID, **_KEYS}).where(~bars.of_another(bindparam("to_person", type_=BIG))),
}


def new_link(
    conn: Connection,
    client_pk: int,
    person_pk: int,
    values: LinkValues,
    now: int,
    identities: tuple[tuple[str, str], ...] = (),
) -> int | None:
    """Insert a link; None when its record is that of somebody else who is under a block.

    Raises ``Duplicate`` when userName or externalId is taken at this client.
    """
    said = columns_of(values)
    fixed = {"client_pk": client_pk, "person_pk": person_pk, "created": now, "modified": now}
    record = record_of(client_pk, values, identities)
    rows = conn.all(_NEW_LINK, {**said, **fixed, "version": 1, **record.params})
    if not rows:
        return None
    totals.add(conn, "person", client_pk, rows[0][0], 1)
    return int(rows[0][0])


def change_link(
    conn: Connection, row: LinkRow, person_pk: int, values: LinkValues, now: int
) -> bool:
    """Replace a link's columns; tell whether it was done.

    Nothing is done where somebody changed it meanwhile, or where it gets the record of somebody
    else who is under a block.
    """
    before = (row.person_pk, row.user_name, row.external_id)
    keyed = (person_pk, values.user_name, values.external_id) != before
    params = {f"{name}_": value for name, value in columns_of(values).items()}
    fixed = {"to_person": person_pk, "link": row.pk, "expected": row.version, "now_": now}
    record = record_of(row.client_pk, values).params if keyed else {}
    return conn.run(_CHANGE_LINK[keyed], {**params, **fixed, **record}) == 1


_BARRED = select(person.c.pk).where(person.c.pk == bars.TARGET, bars.of_another(bars.TARGET))


def is_barred(
    conn: Connection,
    row: LinkRow,
    person_pk: int,
    values: LinkValues,
    identities: tuple[tuple[str, str], ...] = (),
) -> bool:
    """Tell whether a record is that of a human under a block, which this person is not."""
    record = record_of(row.client_pk, values, identities)
    return conn.one(_BARRED, {**record.params, "bar_target": person_pk}) is not None


def record_of(
    client_pk: int, values: LinkValues, identities: tuple[tuple[str, str], ...] = ()
) -> Record:
    """Tell by what a link's record is known."""
    external = None if values.external_id is None else fold(values.external_id)
    return Record(client_pk, fold(values.user_name), external, identities)


def columns_of(values: LinkValues) -> dict[str, int | str | bytes | None]:
    """Give the columns that follow from what a client decides, with their folded keys."""
    external = values.external_id
    return {
        "user_name": values.user_name,
        "user_key": fold(values.user_name),
        "external_id": external,
        "external_key": None if external is None else fold(external),
        "active": int(values.active),
        "said_insz": int(values.said_insz),
        "document": values.document,
        "parts": values.parts,
    }


_DROP_LINK = delete(link).where(link.c.pk == bindparam("link"))
_DROP_IDENTITIES = delete(link_identity).where(link_identity.c.link_pk == bindparam("link"))
_ADD_IDENTITY = insert(link_identity).values(
    link_pk=bindparam("link"), issuer=bindparam("issuer"), subject=bindparam("subject")
)


def drop_link(conn: Connection, link_pk: int, client_pk: int) -> None:
    """Delete a link with everything that hangs on it (values, affiliations, grants, pins).

    Another client may have done so since it was read.
    """
    gone = conn.run(_DROP_LINK, {"link": link_pk})
    totals.add(conn, "person", client_pk, link_pk, -gone)


def replace_identities(conn: Connection, link_pk: int, pairs: tuple[tuple[str, str], ...]) -> None:
    """Replace the (issuer, subject) pairs that a link vouches for."""
    conn.run(_DROP_IDENTITIES, {"link": link_pk})
    add_identities(conn, link_pk, pairs)


def add_identities(conn: Connection, link_pk: int, pairs: tuple[tuple[str, str], ...]) -> None:
    """Store the pairs that a new link vouches for."""
    rows: list[dict[str, int | str | bytes | None]] = [
        {"link": link_pk, "issuer": i, "subject": s} for i, s in dict.fromkeys(pairs)
    ]
    conn.many(_ADD_IDENTITY, rows)
