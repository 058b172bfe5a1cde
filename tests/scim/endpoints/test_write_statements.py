"""What a write costs in SQL statements, whatever the size of what it touches (performance.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select

from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit, totals
from mo_access.storage.schema import group as groups
from mo_access.storage.schema import link, link_value, membership
from mo_scim.mapping.shape import shape
from mo_scim.mapping.values import indexed
from mo_scim.resources import ENTERPRISE
from tests.scim.conftest import Broker, parsed
from tests.support.statements import asked

BY_CALLER = 1
"""Who calls, with the institutions that are its own: asked before the write begins."""
BOUNDS = 2
"""The client is held, and where it may give, once for each transaction that gives something."""
THEME = "MO_900001_leerlingen-openbaar"
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Count:
    """Statements and transactions of one request."""

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def begun_with(self, *words: str) -> int:
        """Return how many statements begin with one of these words."""
        return sum(sql.startswith(words) for sql in self._seen)

    @property
    def of_write(self) -> int:
        """Statements besides finding the caller, and besides the transaction."""
        return len(self._seen) - self.begun_with(*TRANSACTION) - BY_CALLER

    def sets(self, column: str) -> bool:
        """Tell whether an UPDATE sets this column."""
        return any(sql.startswith("UPDATE") and f"{column}=" in sql for sql in self._seen)

    @property
    def commits(self) -> int:
        """Transactions that were kept."""
        return self.begun_with("COMMIT")

    @property
    def savepoints(self) -> int:
        """Savepoints that were set."""
        return self.begun_with("SAVEPOINT")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Give a context in which everything that runs on a connection is counted."""

    @contextmanager
    def counting() -> Iterator[Count]:
        with asked(monkeypatch) as seen:
            yield Count(seen)

    return counting


def user(name: str, **more: object) -> dict[str, object]:
    """Make a user as brokers send them."""
    emails = [{"value": f"{name}@x.be", "type": "work", "primary": True}]
    return {
        "userName": name,
        "emails": emails,
        "roles": [{"value": "gebruiker:900001"}],
        **more,
    }


def members(broker: Broker, count: int) -> list[str]:
    """Make so many people in one Bulk and return their ids."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": str(n), "data": {"userName": f"m{n}"}}
        for n in range(count)
    ]
    made = parsed(broker.send("POST", "/Bulk", {"Operations": operations}))["Operations"]
    return [result["location"][-36:] for result in made]


def test_creating_a_user(broker: Broker, counted: Callable[[], Any]) -> None:
    """Person, link, values, affiliation, the client's bounds, the view, event and activity."""
    with counted() as count:
        broker.made("/Users", user("an"))
    assert (count.of_write, count.commits) == (8 + BOUNDS, 1)


def test_deactivating_a_user(broker: Broker, counted: Callable[[], Any]) -> None:
    """Link, rights before, held and after, change, sessions, two lines."""
    path = f"/Users/{broker.made('/Users', user('an'))['id']}"
    with counted() as count:
        broker.patched(path, {"op": "replace", "path": "active", "value": False})
    assert (count.of_write, count.commits) == (10, 1)
    with counted() as count:
        broker.patched(path, {"op": "replace", "path": "active", "value": True})
    assert (count.of_write, count.commits) == (7, 1)


def test_a_key_is_set_only_where_it_changes(broker: Broker, counted: Callable[[], Any]) -> None:
    """SQLite writes an index for each column that is set, whether its value changes or not."""
    path = f"/Users/{broker.made('/Users', user('an'))['id']}"
    for name, value, keyed in (
        ("active", False, False),
        ("title", "t", False),
        ("userName", "bea", True),
        ("externalId", "e", True),
    ):
        with counted() as count:
            told = broker.patched(path, {"op": "replace", "path": name, "value": value})
        assert parsed(told)[name] == value
        assert (count.sets("document"), count.sets("user_key")) == (True, keyed)


@pytest.mark.parametrize("size", [0, 99, 300])
def test_one_member_costs_the_same_in_any_group(
    broker: Broker, counted: Callable[[], Any], size: int
) -> None:
    """Group, member, version, event, activity; and the members where they are shown."""
    ids = members(broker, size + 1)
    listed = [{"value": person} for person in ids[:size]]
    group = broker.made("/Groups", {"displayName": THEME, "members": listed})["id"]
    shown = size < 100
    add = {"op": "add", "path": "members", "value": [{"value": ids[size], "display": "M"}]}
    with counted() as count:
        answer = broker.patched(f"/Groups/{group}", add)
    assert answer.status_code == (200 if shown else 204)
    assert (count.of_write, count.commits) == (5 + shown, 1)
    with counted() as count:
        broker.patched(
            f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{ids[size]}"]'}
        )
    assert (count.of_write, count.commits) == (5 + shown, 1)


def test_a_thousand_members_in_one_patch(broker: Broker, counted: Callable[[], Any]) -> None:
    """Neighbours of one kind are one statement."""
    ids = members(broker, 500)
    group = broker.made("/Groups", {"displayName": THEME})["id"]
    operations = [{"op": "add", "path": "members", "value": [{"value": i}]} for i in ids]
    operations += [{"op": "remove", "path": f'members[value eq "{i}"]'} for i in ids]
    with counted() as count:
        assert broker.patched(f"/Groups/{group}", *operations).status_code == 200
    assert count.of_write == 7


@pytest.mark.parametrize("size", [10, 40])
def test_a_bulk_is_one_transaction(broker: Broker, counted: Callable[[], Any], size: int) -> None:
    """A savepoint and six statements for each user, one for what is reported of all.

    What the client has in total is counted once at the end, however many there are.
    """
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": str(n), "data": user(f"u{n}")}
        for n in range(size)
    ]
    with counted() as count:
        answer = broker.send("POST", "/Bulk", {"Operations": operations})
    assert {o["status"] for o in parsed(answer)["Operations"]} == {"201"}
    assert (count.commits, count.savepoints) == (1, size)
    assert count.of_write == 6 * size + 1 + BOUNDS + totals.SHARDS


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_changes_nothing_is_no_change(
    broker: Broker, unit_of: Callable[[], UnitOfWork], method: str
) -> None:
    """No version, no event: for a user and for a group with its members, also in a Bulk."""
    person = broker.made("/Users", user("an"))
    group = broker.made("/Groups", {"displayName": THEME, "members": [{"value": person["id"]}]})
    with unit_of() as uow:
        events = len(audit.last(uow.conn, 100))
    add = {"op": "add", "path": "members", "value": [{"value": person["id"]}]}
    title = {"op": "replace", "path": "displayName", "value": THEME}
    again = {"op": "replace", "path": "active", "value": True}
    bodies: dict[str, Any] = {
        f"/Users/{person['id']}": user("an") if method == "PUT" else {"Operations": [again]},
        f"/Groups/{group['id']}": {"displayName": THEME, "members": [{"value": person["id"]}]}
        if method == "PUT"
        else {"Operations": [add, title]},
    }
    for path, body in bodies.items():
        assert broker.send(method, path, body).status_code == 200
    operations = [{"method": method, "path": p, "data": b} for p, b in bodies.items()]
    broker.send("POST", "/Bulk", {"Operations": operations})
    shown = [parsed(broker.send("GET", path))["meta"] for path in bodies]
    assert [meta["lastModified"] for meta in shown] == [
        made["meta"]["lastModified"] for made in (person, group)
    ]
    assert shown[1]["version"] == group["meta"]["version"]
    with unit_of() as uow:
        assert len(audit.last(uow.conn, 100)) == events


def test_a_user_sent_again_costs_no_write(broker: Broker, counted: Callable[[], Any]) -> None:
    """The person, its rights as shown and as held; nothing to flush."""
    path = f"/Users/{broker.made('/Users', user('an'))['id']}"
    with counted() as count:
        broker.send("PUT", path, user("an"))
    assert (count.of_write, count.commits) == (3, 1)
    assert not count.begun_with("INSERT", "UPDATE", "DELETE")


def test_what_a_write_answers_is_what_a_read_shows(broker: Broker) -> None:
    """Answers are made from what was written; they must be those of a read afterwards."""
    role_group = broker.made("/Groups", {"displayName": "MO_900002_beheerder"})["id"]
    made = broker.made("/Users", user("an", title="t"))
    path = f"/Users/{made['id']}"
    assert parsed(broker.send("GET", path)) == made
    join = {"op": "add", "path": "members", "value": [{"value": made["id"], "display": "An"}]}
    joined = parsed(broker.patched(f"/Groups/{role_group}", join))
    assert parsed(broker.send("GET", f"/Groups/{role_group}")) == joined
    changes: list[dict[str, Any]] = [
        {"op": "replace", "path": "title", "value": "u"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "userName", "value": "bea"},
        {"op": "replace", "path": "roles", "value": [{"value": "beheerder:900001"}]},
        {"op": "remove", "path": "roles"},
        {"op": "replace", "path": "active", "value": True},
    ]
    for operation in changes:
        told = broker.patched(path, operation)
        seen = broker.send("GET", path)
        assert (parsed(told), told.headers["ETag"]) == (parsed(seen), seen.headers["ETag"])
    renamed = {"op": "replace", "path": "displayName", "value": THEME}
    told = broker.patched(f"/Groups/{role_group}", renamed)
    seen = broker.send("GET", f"/Groups/{role_group}")
    assert (parsed(told), told.headers["ETag"]) == (parsed(seen), seen.headers["ETag"])


def test_the_index_follows_the_document(broker: Broker, unit_of: Callable[[], UnitOfWork]) -> None:
    """Only differences are written; what is found in the end is what the document holds."""
    mails = [{"value": f"{n}@x.be", "type": "work"} for n in range(3)]
    path = f"/Users/{broker.made('/Users', user('an', emails=mails, title='t'))['id']}"
    changes: list[dict[str, Any]] = [
        {"op": "remove", "path": 'emails[value eq "0@x.be"]'},
        {"op": "add", "path": "emails", "value": [{"value": "É@x.be", "primary": True}]},
        {"op": "replace", "path": "title", "value": "u"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Lager"},
        {"op": "replace", "path": "userName", "value": "bea"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "remove", "path": "emails"},
    ]
    v = link_value.c
    for operation in changes:
        assert broker.patched(path, operation).status_code == 200
        with unit_of() as uow:
            found = uow.conn.all(select(v.attribute, v.ordinal, v.sub, v.exact, v.folded))
            document = json.loads(uow.conn.all(select(link.c.document))[0][0])
        assert sorted(found) == sorted(map(tuple, indexed(document, shape("User"))))


def test_the_size_of_a_group_is_kept_through_everything(
    broker: Broker, unit_of: Callable[[], UnitOfWork]
) -> None:
    """Making, adding twice, removing, replacing, clearing, and people who leave."""
    ids = members(broker, 5)
    listed = [{"value": person} for person in ids]
    path = f"/Groups/{broker.made('/Groups', {'displayName': THEME, 'members': listed[:3]})['id']}"
    _same_size(unit_of, 3)
    broker.patched(path, {"op": "add", "path": "members", "value": listed[1:4]})
    _same_size(unit_of, 4)
    broker.patched(path, {"op": "remove", "path": f'members[value eq "{ids[0]}"]'})
    _same_size(unit_of, 3)
    broker.send("PUT", path, {"displayName": "x", "members": listed[3:]})
    _same_size(unit_of, 2)
    broker.send("DELETE", f"/Users/{ids[4]}")
    _same_size(unit_of, 1)
    unknown = [{"value": "unknown"}, listed[0]]
    broker.patched(path, {"op": "replace", "path": "members", "value": unknown})
    _same_size(unit_of, 1)
    broker.patched(path, {"op": "remove", "path": "members"})
    _same_size(unit_of, 0)


def _same_size(unit_of: Callable[[], UnitOfWork], expected: int) -> None:
    with unit_of() as uow:
        told = uow.conn.all(select(groups.c.size))[0][0]
        counted = uow.conn.all(select(func.count()).select_from(membership))[0][0]
    assert (told, counted) == (expected, expected)
