"""A generated database against one that the brokers filled through the SCIM door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_access.service import audit
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_demo.nation import bodies, filling
from mo_demo.nation.filling import Broker
from mo_demo.nation.plan import Nation
from mo_scim.blueprint import door
from mo_web.app import create_app
from tests.nation import dumping
from tests.nation.conftest import SMALL, Unit, keys, unit_on
from tests.support.postgres import PostgresServer


@pytest.fixture
def other(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a second empty database of the same engine."""
    if database.dialect_name == "sqlite":
        yield from _opened(f"sqlite:///{tmp_path / 'other.sqlite'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield from _opened(server.url(name))
    server.drop_database(name)


def _opened(url: str) -> Iterator[Database]:
    migrating.upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


class Door:
    """The SCIM door on a database, with the ids of the people by their number."""

    def __init__(self, database: Database, folder: Path) -> None:
        settings = Settings(
            var=folder,
            database_url=database.url,
            secret_key="a-secret-key-of-the-tests-0123456789",
            base_url="http://localhost",
            scim_requests_per_second=1_000_000,
        )
        self.http = create_app(settings, database, keys(), [door()]).test_client()
        self.people: list[str] = []

    def government(self, broker: Broker, nation: Nation) -> None:
        """Send everybody and every group, as the government's broker."""
        sent = (bodies.user(nation, n) for n in range(nation.people))
        self.people = [self._made(broker, "/Users", body) for body in sent]
        for name, members in filling.groups_of(nation):
            self._group(broker, name, members)

    def board(self, broker: Broker, nation: Nation, board: int) -> None:
        """Send the people of its own schools, as a board's broker."""
        found = [*filling.groups_of_board(nation, board)]
        for n in (n for _, staff in found for n in staff):
            assert self._made(broker, "/Users", bodies.local(nation, n)) == self.people[n]
        for name, members in found:
            self._group(broker, name, members)

    def _group(self, broker: Broker, name: str, members: tuple[int, ...]) -> None:
        self._made(broker, "/Groups", bodies.group(name, [self.people[n] for n in members]))

    def _made(self, broker: Broker, path: str, body: dict[str, object]) -> str:
        bearer = {"Authorization": f"Bearer {broker.token}"}
        sent = json.dumps(body)
        kind = "application/scim+json"
        answer = self.http.post(f"/scim/v2{path}", data=sent, headers=bearer, content_type=kind)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.get_json(force=True)["id"])


def through_the_door(database: Database, nation: Nation, folder: Path) -> Unit:
    """Fill a database request by request, and seal its audit trail."""
    unit = unit_on(database)
    with unit() as uow:
        brokers = filling.found(uow, nation)
        uow.commit()
    sender = Door(database, folder)
    sender.government(brokers[0], nation)
    for board, broker in enumerate(brokers[1:]):
        sender.board(broker, nation, board)
    with unit() as uow:
        while audit.seal_due(uow, "test").events:
            uow.commit()
    return unit


@pytest.mark.timeout(180)
def test_a_generated_database_is_what_the_door_would_have_left(
    unit: Unit, database: Database, other: Database, tmp_path: Path
) -> None:
    """Row by row in every table but those that record requests; no number is another."""
    filling.fill(unit, SMALL)
    sent = through_the_door(other, SMALL, tmp_path)
    made, wanted = dumping.dump(unit), dumping.dump(sent)
    assert [name for name in wanted if made[name] != wanted[name]] == []
    assert dumping.numbers(unit) == dumping.numbers(sent)
    kinds = ("link", "affiliation", "direct_grant", "membership", "audit_subject", "list_total")
    assert all(made[name] for name in (*kinds, "link_value", "beheerder_watch", "audit_checkpoint"))
    assert migrating.differences(database.url) == migrating.differences(other.url) == ()
