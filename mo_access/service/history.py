"""What happened to one person, as the audit trail has it (rule 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mo_access.domain.model import Json
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import history as stored
from mo_access.storage.engine import Row

PAGE: Final = 1_000
_END: Final = 2**62
_CLIENT: Final = "client:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when (microseconds), what, by whom, where.

    ``by`` is the client's name, else the caller as the trail has it. ``what`` tells what a change
    of a group did to this person: ``added``, ``removed`` or ``moved``; "" for an event that is
    about this person alone.
    """

    at: int
    kind: str
    outcome: str
    by: str
    request: str
    institutions: tuple[str, ...]
    theme: str | None
    what: str
    facts: Mapping[str, Json]


def of(
    uow: UnitOfWork, person: str, *, since: int = 0, institution: str | None = None
) -> Iterator[Entry]:
    """Yield what happened to a person since a moment, newest first, each thing once.

    An event at several institutions stands in the chain of each; ``institution`` keeps to one.
    """
    names = stored.client_names(uow.conn)
    before: int = _END
    rows: list[Row] = [()] * PAGE
    told: Row = ()
    while len(rows) == PAGE:
        rows = stored.of(
            uow.conn,
            person,
            since=since,
            institution=institution or "",
            before=before,
            page=PAGE,
        )
        for row in rows:
            same = (row[2], row[3], row[5], row[6])
            if same != told:
                yield _entry(row, names)
            before, told = row[0], same


def _entry(row: Row, names: Mapping[str, str]) -> Entry:
    _, _, at, kind, outcome, body, what = row
    said = json.loads(body)
    caller = str(said["caller"])
    return Entry(
        at=at,
        kind=kind,
        outcome=outcome,
        by=names.get(caller.removeprefix(_CLIENT), caller),
        request=said["request"],
        institutions=tuple(said["institutions"]),
        theme=said["theme"],
        what=what or str(said["facts"].get("what", "")),
        facts=said["facts"],
    )
