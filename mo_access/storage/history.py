"""What the audit trail says about one person, newest first, by two indexes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Select, Text, bindparam, literal, or_, select, union_all

from mo_access.storage.bookkeeping import audit_subject
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import audit_event, client

_event = audit_event.c
_COLUMNS: Final = (_event.pk, _event.chain, _event.at, _event.kind, _event.outcome, _event.body)


def _page(rows: Select[tuple[int, str, int, str, str, str, str]]) -> Select[tuple[Row]]:
    """Narrow to the time and place that are asked, and take the newest."""
    asked = rows.where(
        _event.pk < bindparam("before"),
        _event.at >= bindparam("since"),
        or_(bindparam("at_", type_=Text) == "", _event.chain == bindparam("at_", type_=Text)),
    )
    newest = asked.order_by(_event.pk.desc()).limit(bindparam("page"))
    return select(newest.subquery())


# PostgreSQL has to be told what a text that stands in a list of columns is.
_BY_PERSON = select(*_COLUMNS, literal("", Text).label("what")).where(
    _event.person == bindparam("person")
)
_BY_SUBJECT = (
    select(*_COLUMNS, audit_subject.c.what)
    .join(audit_subject, audit_subject.c.event_pk == _event.pk)
    .where(audit_subject.c.person == bindparam("person"), _event.body.like('%"subjects":"%'))
)
_both = union_all(_page(_BY_PERSON), _page(_BY_SUBJECT)).subquery()
_CLIENTS = select(client.c.id, client.c.name)
_HISTORY = select(_both).order_by(_both.c.pk.desc()).limit(bindparam("page"))


def of(
    conn: Connection, person: str, *, since: int, institution: str, before: int, page: int
) -> list[Row]:
    """Return (key, chain, time, kind, outcome, body, what) of a page of events, newest first.

    ``what`` is "" where the event is about this person alone. ``institution`` "" is every one;
    ``before`` the key of the last event that is known.
    """
    asked: dict[str, int | str | bytes | None] = {
        "person": person,
        "since": since,
        "at_": institution,
        "before": before,
        "page": page,
    }
    return conn.all(_HISTORY, asked)


def client_names(conn: Connection) -> dict[str, str]:
    """Return what every client is called, revoked ones included, by id."""
    return {row[0]: row[1] for row in conn.all(_CLIENTS, {})}
