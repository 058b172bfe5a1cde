"""Kept totals and trigrams say what the tables say, whatever was done (design 009)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from mo_access.domain.text import fold
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import links, totals
from mo_access.storage.bookkeeping import list_total
from mo_access.storage.engine import Connection, Database
from mo_access.storage.schema import group, link
from tests.scim.conftest import Broker, parsed

OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
NUMBERS: Final = ("85073003328", "90020199704", "17073003384")
PIECES: Final = (
    *('"', '""', "*", "NEAR", " AND ", "(", "%", "_", "/", "\\", "'", "^", ":", "-"),
    *(
        "ß",
        "SS",
        "İ",
        "K",
        "e\u0301",
        "\u0301",
        "\u0308",
        "Ǆ",
        "Σς",
        "\u200d",
        "👩‍👧",
        "𐐀",
        "\ufeff",
        "\ufffe",
    ),
    *("ab", "AB", "c", "xyz", "\n", "\t", " "),
)
STEPS: Final = 120


def a_text(chance: random.Random) -> str:
    """Make a text of what a search could stumble over."""
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 6)))


def a_part(chance: random.Random, texts: list[str]) -> str:
    """Make a text to look for, mostly a part of one that there is."""
    if not texts or chance.random() < 0.3:
        return a_text(chance)
    whole = chance.choice(texts)
    start = chance.randrange(len(whole))
    return whole[start:] if chance.random() < 0.5 else whole[start : start + chance.randint(1, 5)]


def a_user(chance: random.Random) -> dict[str, Any]:
    """Make a user who may be refused: few names, few numbers."""
    user: dict[str, Any] = {"userName": f"{a_text(chance)}{chance.randint(0, 30)}"}
    if chance.random() < 0.5:
        user["displayName"] = a_text(chance)
    if chance.random() < 0.5:
        user["emails"] = [{"value": a_text(chance), "type": "work"}]
    if chance.random() < 0.4:
        user["externalId"] = a_text(chance)
    if chance.random() < 0.2:
        user[OURS] = {"insz": chance.choice(NUMBERS)}
    return user


def act(chance: random.Random, broker: Broker) -> None:
    """Do one thing, which may fail."""
    path = chance.choice(("/Users", "/Users", "/Groups"))
    made = a_user(chance) if path == "/Users" else {"displayName": a_text(chance)}
    known = [one["id"] for one in everything(broker, path)]
    match chance.randint(0, 9) if known else 0:
        case 0 | 1 | 2 | 3 | 4 | 5:
            broker.send("POST", path, made)
        case 6:
            broker.send("PUT", f"{path}/{chance.choice(known)}", made)
        case 7:
            value = {key: value for key, value in made.items() if key != "userName"}
            operation = {"op": "replace", "value": value}
            broker.patched(f"{path}/{chance.choice(known)}", operation)
        case 8:
            broker.send("DELETE", f"{path}/{chance.choice(known)}")
        case _:
            operations = [
                {"method": "POST", "path": path, "bulkId": "a", "data": made},
                {"method": "POST", "path": path, "bulkId": "b", "data": made},
                {"method": "DELETE", "path": f"{path}/{chance.choice(known)}"},
                {
                    "method": "POST",
                    "path": "/Groups",
                    "bulkId": "c",
                    "data": {"displayName": "in a circle", "members": [{"value": "bulkId:nobody"}]},
                },
            ]
            broker.send("POST", "/Bulk", {"Operations": operations})


def everything(broker: Broker, path: str) -> list[dict[str, Any]]:
    """List all there is."""
    found = parsed(broker.send("GET", f"{path}?count=1000"))
    assert found["totalResults"] == len(found["Resources"])
    return list(found["Resources"])


def check_totals(conn: Connection) -> None:
    """Compare what is kept with what there is."""
    for kind, table in (("person", link), ("group", group)):
        there: dict[int, int] = dict(
            conn.all(select(table.c.client_pk, func.count()).group_by(table.c.client_pk), {})
        )
        sums = select(list_total.c.client_pk, func.sum(list_total.c.amount))
        kept = conn.all(sums.where(list_total.c.kind == kind).group_by(list_total.c.client_pk))
        assert {client: int(amount) for client, amount in kept if amount} == there


def check_index(conn: Connection) -> None:
    """Let SQLite compare its trigrams with the rows."""
    if conn.database.dialect_name == "sqlite":
        for table in ("link", "group_"):
            index = f"{table}_parts"
            check = f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)"  # noqa: S608 - a table of ours
            conn.run(text(check))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done(
    broker: Broker, broker_of: Callable[[NewClient], Broker], database: Database, seed: int
) -> None:
    """Two clients and the platform do, and fail to do, this and that."""
    chance = random.Random(seed)
    other = broker_of(NewClient("other", ("900001",)))
    platform = broker_of(NewClient("platform", platform=True))
    for _ in range(STEPS):
        act(chance, chance.choice((broker, broker, other, platform)))
    with database.connect() as conn:
        check_totals(conn)
        check_index(conn)
    for each in (broker, other, platform):
        both = {one["id"] for path in ("/Users", "/Groups") for one in everything(each, path)}
        assert {one["id"] for one in everything(each, "/")} == both
        for path, name in (
            ("/Users", "userName"),
            ("/Users", "displayName"),
            ("/Groups", "displayName"),
        ):
            held = everything(each, path)
            for _ in range(25):
                part = a_part(chance, [one[name] for one in held if name in one])
                for op, holds in (("co", str.__contains__), ("ew", str.endswith)):
                    asked = f"{name} {op} {json.dumps(part)}"
                    wanted = {
                        one["id"]
                        for one in held
                        if name in one and holds(fold(one[name]), fold(part))
                    }
                    body = {"filter": asked, "count": 1000}
                    found = parsed(each.send("POST", f"{path}/.search", body))
                    assert {one["id"] for one in found["Resources"]} == wanted, asked
                    assert found["totalResults"] == len(wanted)


def test_bulks_at_once_wait_in_no_circle(app: Flask, broker: Broker, database: Database) -> None:
    """Each creates and deletes many people of one client in one transaction."""

    def work(number: int) -> set[str]:
        mine = Broker(app.test_client(), broker.token)
        made = mine.made("/Users", {"userName": f"first{number}"})
        users = [
            {
                "method": "POST",
                "path": "/Users" if place % 2 else "/Groups",
                "bulkId": f"b{place}",
                "data": {"userName": f"u{number}-{place}", "displayName": "x"},
            }
            for place in range(40)
        ]
        gone = {"method": "DELETE", "path": f"/Users/{made['id']}"}
        answer = mine.send("POST", "/Bulk", {"Operations": [*users, gone]})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return {operation["status"] for operation in parsed(answer)["Operations"]}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [{"201", "204"}] * 8
    with database.connect() as conn:
        check_totals(conn)


def test_a_link_that_is_gone_is_counted_once(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """A platform client that ends a person may meet a client that ends its own link."""
    broker.made("/Users", {"userName": "an"})
    with unit_of() as uow:
        conn = uow.write()
        ((link_pk, client_pk),) = conn.all(select(link.c.pk, link.c.client_pk), {})
        links.drop_link(conn, link_pk, client_pk)
        links.drop_link(conn, link_pk, client_pk)
        assert totals.total(conn, "person", client_pk) == 0
        uow.commit()
        check_totals(conn)


def test_what_is_undone_is_not_counted(broker: Broker, unit_of: Callable[[], UnitOfWork]) -> None:
    """A savepoint takes its part back, a rollback all of it."""
    broker.made("/Users", {"userName": "an"})
    with unit_of() as uow:
        conn = uow.write()
        ((client_pk,),) = conn.all(select(link.c.client_pk), {})
        totals.add(conn, "person", client_pk, 1, 1)
        with suppress(ZeroDivisionError), uow.attempt():
            totals.add(conn, "person", client_pk, 1, 1)
            raise ZeroDivisionError
        assert totals.total(conn, "person", client_pk) == 2
        uow.rollback()
        assert totals.total(conn, "person", client_pk) == 1
        uow.write()
        uow.commit()
        check_totals(conn)
