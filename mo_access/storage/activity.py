"""What each client sent and what became of it (design section 2, client_activity)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, case, delete, func, insert, select

from mo_access.domain.model import Form
from mo_access.storage.bookkeeping import client_activity
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import affiliation, client, group, link, membership

FIRST_REFUSAL: Final = 400

_a = client_activity.c
_INSERT = insert(client_activity).values(
    {
        name: bindparam(name)
        for name in (
            "client_pk",
            "at",
            "method",
            "resource",
            "resource_id",
            "status",
            "detail",
            "unmapped",
            "request_id",
        )
    }
)
_TAKEN = case((_a.status < FIRST_REFUSAL, 1), else_=0)
_LAST_TAKEN = (
    select(client.c.id, client.c.name, func.max(case((_a.status < FIRST_REFUSAL, _a.at))))
    .join_from(
        client,
        client_activity,
        (_a.client_pk == client.c.pk) & (_a.at >= bindparam("since")),
        isouter=True,
    )
    .where(client.c.revoked.is_(None), client.c.provider.is_(None))
    .group_by(client.c.id, client.c.name)
    .order_by(client.c.name)
)
_CAME_IN = (
    select(client.c.id, _a.resource, _a.method, func.count(_a.pk), func.sum(_TAKEN))
    .join_from(client_activity, client, _a.client_pk == client.c.pk)
    .where(_a.at >= bindparam("since"))
    .group_by(client.c.id, _a.resource, _a.method)
    .order_by(_a.resource, _a.method)
)
_REFUSED = (
    select(
        client.c.id,
        _a.resource,
        _a.method,
        _a.status,
        _a.detail,
        func.count(_a.pk),
        func.max(_a.at),
        func.max(_a.request_id),
        func.max(_a.resource_id),
    )
    .join_from(client_activity, client, _a.client_pk == client.c.pk)
    .where(_a.at >= bindparam("since"), _a.status >= FIRST_REFUSAL)
    .group_by(client.c.id, _a.resource, _a.method, _a.status, _a.detail)
    .order_by(func.max(_a.at).desc())
)
_UNMAPPED = (
    select(
        client.c.id,
        _a.unmapped,
        _a.resource,
        func.count(_a.pk),
        func.max(_a.at),
        func.max(_a.resource_id),
    )
    .join_from(client_activity, client, _a.client_pk == client.c.pk)
    .where(_a.at >= bindparam("since"), _a.unmapped.is_not(None))
    .group_by(client.c.id, _a.unmapped, _a.resource)
    .order_by(func.max(_a.at).desc())
)
_GIVES = group.c.theme_pk.is_not(None) | group.c.role.is_not(None)
_HELD = select(
    client.c.id,
    *(
        counted.scalar_subquery()
        for counted in (
            select(func.count(link.c.pk)).where(link.c.client_pk == client.c.pk),
            select(func.count(affiliation.c.pk))
            .join_from(affiliation, link, affiliation.c.link_pk == link.c.pk)
            .where(link.c.client_pk == client.c.pk, affiliation.c.form != Form.RETAINED.value),
            select(func.count(group.c.pk)).where(group.c.client_pk == client.c.pk, _GIVES),
            select(func.count(group.c.pk)).where(group.c.client_pk == client.c.pk, ~_GIVES),
            select(func.count(membership.c.person_pk))
            .join_from(membership, group, membership.c.group_pk == group.c.pk)
            .where(group.c.client_pk == client.c.pk, _GIVES),
        )
    ),
).where(client.c.revoked.is_(None))
_SWEEP = delete(client_activity).where(_a.at < bindparam("before"))


def add(conn: Connection, rows: list[dict[str, int | str | bytes | None]]) -> None:
    """Insert lines of activity."""
    conn.many(_INSERT, rows)


def last_taken(conn: Connection, since: int) -> list[Row]:
    """Give (id, name, when a write was last taken) of every live client."""
    return conn.all(_LAST_TAKEN, {"since": since})


def came_in(conn: Connection, since: int) -> list[Row]:
    """Give (client id, resource, method, requests, taken)."""
    return conn.all(_CAME_IN, {"since": since})


def refused(conn: Connection, since: int) -> list[Row]:
    """Give (client id, resource, method, status, detail, times, last, a request, a resource)."""
    return conn.all(_REFUSED, {"since": since})


def unmapped(conn: Connection, since: int) -> list[Row]:
    """Give (client id, JSON list of what gave nothing, resource, times, last, one of them)."""
    return conn.all(_UNMAPPED, {"since": since})


def held(conn: Connection) -> list[Row]:
    """Give (client id, people, affiliations, groups that give, groups that do not, memberships)."""
    return conn.all(_HELD)


def sweep(conn: Connection, before: int) -> int:
    """Delete what is older; returns how many."""
    return conn.run(_SWEEP, {"before": before})
