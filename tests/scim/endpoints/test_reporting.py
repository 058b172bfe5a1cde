"""What a client sent is kept for ``sync report``: writes, what gave nothing, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.bookkeeping import client_activity
from tests.scim.conftest import Broker

USER = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"


def kept(unit_of: Callable[[], UnitOfWork]) -> list[tuple[str, str, int, str | None]]:
    """Read method, resource, status and what gave nothing, in their order."""
    table = client_activity.c
    wanted = select(table.method, table.resource, table.status, table.unmapped).order_by(table.pk)
    with unit_of() as uow:
        return [(row[0], row[1], row[2], row[3]) for row in uow.conn.all(wanted)]


def test_writes_are_kept_with_what_gave_nothing(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """A role that maps to nothing is accepted, and told to the operator."""
    body = {"userName": "a", "roles": [{"value": "NoSuchRight:900001"}]}
    made = broker.made("/Users", body)
    broker.send("DELETE", f"/Users/{made['id']}")
    found = kept(unit_of)
    assert [line[:3] for line in found] == [("POST", "User", 201), ("DELETE", "User", 204)]
    assert "NoSuchRight" in json.loads(found[0][3] or "[]")[0]


def test_refusals_are_kept_although_nothing_changed(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Brokers swallow our errors, so our own list must say them."""
    broker.made("/Users", {"userName": "a"})
    assert broker.send("POST", "/Users", {"userName": "a"}).status_code == 409
    assert broker.send("GET", "/Users?filter=x").status_code == 400
    assert broker.send("GET", "/Users/unknown").status_code == 404
    assert broker.send("PUT", "/Users/unknown", {"userName": "b"}).status_code == 404
    assert broker.send("POST", "/Groups", b"{").status_code == 400
    told = [line[:3] for line in kept(unit_of)][1:]
    assert told == [
        ("POST", "User", 409),
        ("GET", "User", 400),
        ("PUT", "User", 404),
        ("POST", "Group", 400),
    ]


def test_a_number_is_never_kept(broker: Broker, unit_of: Callable[[], UnitOfWork]) -> None:
    """Not even when it is wrong."""
    for wrong in ("85073003329", "850730033281"):
        broker.send("POST", "/Users", {"userName": "a", USER: {"insz": wrong}})
        broker.send("GET", f"/Users?filter=insz+eq+{wrong}")
    with unit_of() as uow:
        lines = uow.conn.all(select(client_activity))
    assert len(lines) == 4
    assert "8507300332" not in str(lines)
