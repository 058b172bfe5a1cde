"""Whom an event is about besides its one person: the people whom a change of a group touched.

The rows are an index, not the trail itself: the event's sealed body holds a digest of them, so
that a row that was added, changed or taken away shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from sqlalchemy import Text, bindparam, insert, select

from mo_access.storage.bookkeeping import audit_subject
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import BIG, audit_event

Subjects = Mapping[str, tuple[str, ...]]
"""The ids of people, by what happened to them: ``added``, ``removed``, ``moved``."""

_ids: Final = json_texts(bindparam("ids", type_=Text))
_ADD = insert(audit_subject).from_select(
    ["person", "event_pk", "what"],
    select(_ids.c.value, bindparam("event", type_=BIG), bindparam("what_", type_=Text)),
)
_ADD_ONE = insert(audit_subject).values(
    {name: bindparam(name) for name in ("person", "event_pk", "what")}
)
_OF = select(audit_subject.c.what, audit_subject.c.person).where(
    audit_subject.c.event_pk == bindparam("event")
)

_WITHOUT_DIGEST = (
    select(audit_event.c.chain, audit_event.c.pk)
    .where(
        audit_event.c.pk.in_(select(audit_subject.c.event_pk)),
        audit_event.c.body.not_like('%"subjects":"%'),
    )
    .order_by(audit_event.c.pk)
)


def add(conn: Connection, event_pk: int, subjects: Subjects) -> None:
    """Note whom an event is about; one statement for each thing that happened."""
    for what, ids in subjects.items():
        row: dict[str, int | str | bytes | None] = {"event": event_pk, "what_": what}
        conn.run(_ADD, {**row, "ids": json.dumps(ids)})


def add_all(conn: Connection, events: Iterable[tuple[int, Subjects]]) -> None:
    """Note whom many events are about, in one statement."""
    rows: list[Params] = [
        {"person": person, "event_pk": event_pk, "what": what}
        for event_pk, subjects in events
        for what, ids in subjects.items()
        for person in ids
    ]
    conn.many(_ADD_ONE, rows)


def digest(subjects: Subjects) -> str:
    """Fold who is meant into one value, whatever the order."""
    return _folded((what, person) for what, ids in subjects.items() for person in ids)


def stored(conn: Connection, event_pk: int) -> str:
    """Fold what is stored for an event in the same way."""
    return _folded((row[0], row[1]) for row in conn.all(_OF, {"event": event_pk}))


def planted(conn: Connection) -> list[tuple[str, int]]:
    """Return (chain, key) of each event that people were put beside, though it says of none."""
    return [(str(chain), int(pk)) for chain, pk in conn.all(_WITHOUT_DIGEST, {})]


def _folded(pairs: Iterable[tuple[str, str]]) -> str:
    lines = sorted(f"{what} {person}\n" for what, person in pairs)
    return sha256("".join(lines).encode()).hexdigest()
