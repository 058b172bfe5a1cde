"""Migrations that touch data leave it as the release after them expects it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import func, select, text

from mo_access.domain.criteria import Column, Compare, Indexed, Op
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GroupDraft,
    IndexedValue,
    Institution,
    MemberChange,
    PersonDraft,
    Query,
    Role,
)
from mo_access.domain.text import fold
from mo_access.service import (
    activity,
    attention,
    blocks,
    clients,
    groups,
    health,
    people,
    recovery,
)
from mo_access.service.activity import Activity
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue, migrating, revision, totals
from mo_access.storage.bookkeeping import client_tally
from mo_access.storage.engine import Database
from mo_access.storage.schema import affiliation, group
from mo_access.storage.tally import HOUR
from mo_access.storage.totals import Kind
from tests.support.postgres import USER, PostgresServer

KINDS: Final[tuple[Kind, ...]] = ("person", "group")


def test_groups_of_before_are_counted(database: Database) -> None:
    """Going back and up again, each group knows how many members it has."""
    with _unit(database) as uow:
        actor = _client(uow)
        ids = [people.create(uow, actor, _person(n)).id for n in range(3)]
        for size in (0, 2, 3):
            named = GroupDraft(f"g{size}", None, {})
            groups.create(uow, actor, named, MemberChange("add", tuple(ids[:size])))
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0002")
    migrating.upgrade(database.url)
    with database.connect() as conn:
        rows = conn.all(select(group.c.display_name, group.c.size).order_by(group.c.pk))
        assert rows == [("g0", 0), ("g2", 2), ("g3", 3)]
        assert conn.all(select(func.count()).select_from(group)) == [(3,)]
    database.close()


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_migration_is_flushed_by_sqlite_itself(migrated_url: str) -> None:
    """Whatever SQLite was built to do: nobody flushes the log after it."""
    with migrating.connected(migrated_url) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def _titled(document: Document) -> tuple[IndexedValue, ...]:
    """Find a title and a long address that end as the userName does."""
    end = str(document["userName"])[1:]
    title, url = f"Één{end}", f"https://{'Abc/' * 200}{end}"
    return (
        IndexedValue("title", 0, "", title, fold(title)),
        IndexedValue("profileurl", 0, "", url, fold(url)),
    )


def test_lists_of_before_are_searched_and_counted(database: Database) -> None:
    """Going back and up again, each part is found and each total is right."""
    with _unit(database) as uow:
        actor = _client(uow)
        for n in range(20):
            people.create(uow, actor, replace(_person(n), index=_titled))
        groups.create(uow, actor, GroupDraft("De Eik", None, {}), MemberChange("add"))
        people.delete(uow, actor, people.find(uow, actor, Query()).items[3].id, lambda _: None)
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0003")
    migrating.upgrade(database.url)
    with _unit(database) as uow:
        for field, part, wanted in (
            (Indexed("title"), "één1", 11),
            (Indexed("profileurl", exact=True), "Abc/1", 11),
            (Column.USER_NAME, "p1", 11),
            (Column.USER_NAME, "p11", 1),
        ):
            query = Query(criteria=Compare(field, Op.CO, part))
            assert people.find(uow, actor, query).total == wanted
        eik = Query(criteria=Compare(Column.DISPLAY_NAME, Op.EW, "eik"))
        assert groups.find(uow, actor, eik).total == 1
        kept = {kind: totals.total(uow.conn, kind, actor.client_pk) for kind in KINDS}
        assert kept == {"person": 19, "group": 1}
    database.close()


@pytest.mark.parametrize("place", ["nowhere", "apart", "out of reach"])
def test_trigrams_are_had_where_the_role_may(
    postgres_server: PostgresServer, postgres_url: str, place: str
) -> None:
    """An upgrade goes on without the extension, and finds it in whatever schema it is."""
    name = postgres_url.rpartition("/")[2]
    role = f"role_{name}"
    steps = [f"CREATE ROLE {role} LOGIN", f"GRANT ALL ON SCHEMA public TO {role}"]
    if place != "nowhere":
        steps += ["CREATE SCHEMA apart", "CREATE EXTENSION pg_trgm SCHEMA apart"]
    if place == "apart":
        steps += [f"GRANT USAGE ON SCHEMA apart TO {role}"]
    _as_administrator(postgres_url, steps)
    url = postgres_url.replace(f"{USER}@", f"{role}@")
    migrating.upgrade(url)
    assert migrating.differences(url) == ()
    opened = Database(url)
    with opened.connect() as conn:
        found = conn.all(text("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ft%'"))
    assert len(found) == (2 if place == "apart" else 0)
    with _unit(opened) as uow:
        actor = _client(uow)
        people.create(uow, actor, replace(_person(7), user_name="An Peeters"))
        query = Query(criteria=Compare(Column.USER_NAME, Op.CO, "peet"))
        assert people.find(uow, actor, query).total == 1
    opened.close()
    migrating.downgrade(url, "0003")
    _as_administrator(postgres_url, [f"DROP OWNED BY {role}", f"DROP ROLE {role}"])


def _as_administrator(url: str, steps: list[str]) -> None:
    opened = Database(url)
    with opened.connect() as conn:
        for step in steps:
            conn.run(text(step))
    opened.close()


def test_deviations_of_before_are_counted_by_the_hour(database: Database) -> None:
    """Their names stood in the detail of what was taken; a refusal's sentence is none."""
    with _unit(database) as uow:
        actor = _client(uow)
        for at, status, detail in (
            (HOUR + 5, 201, "op_case text_booleans"),
            (HOUR + 7, 200, "op_case"),
            (3 * HOUR, 200, "op_case"),
            (HOUR, 400, "userName: is missing"),
            (HOUR, 200, None),
        ):
            told = Activity("PUT", "User", "id", status, detail)
            uow.now = at
            activity.record(uow, actor, told)
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0003")
    migrating.upgrade(database.url)
    with database.connect() as conn:
        columns = (client_tally.c[name] for name in ("hour", "kind", "name", "times", "last"))
        rows = conn.all(select(*columns).order_by(client_tally.c.hour, client_tally.c.name))
    assert rows == [
        (HOUR, "tolerated", "op_case", 2, HOUR + 7),
        (HOUR, "tolerated", "text_booleans", 1, HOUR + 5),
        (3 * HOUR, "tolerated", "op_case", 1, 3 * HOUR),
    ]
    database.close()


def test_the_revision_is_told_as_the_tool_tells_it(database: Database) -> None:
    """A worker names both without alembic; an older schema is told apart."""
    assert revision.newest() == migrating.head()
    assert revision.current(database) == migrating.current(database.url) == migrating.head()
    assert health.schema_is_current(database)
    database.close()
    migrating.downgrade(database.url, "0001")
    assert revision.current(database) == "0001"
    assert not health.schema_is_current(database)
    database.close()
    migrating.upgrade(database.url)


def test_an_empty_database_is_at_no_revision(database_url: str) -> None:
    """Both engines say so without an error."""
    empty = Database(database_url)
    assert revision.current(empty) is None
    assert not health.schema_is_current(empty)
    empty.close()


def _unit(database: Database) -> UnitOfWork:
    return UnitOfWork(database, keys=KeyRing({"k": bytes(32)}, "k"), request_id="t")


def _client(uow: UnitOfWork) -> Actor:
    _, token = clients.create(uow, NewClient("platform", platform=True))
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def _person(n: int) -> PersonDraft:
    return PersonDraft(f"p{n}", None, active=True, document={"userName": f"p{n}"})


def test_blocks_by_hand_become_blocks_that_hold(database: Database) -> None:
    """What was blocked in the database before is listed, keeps its reason and can be lifted."""
    with _unit(database) as uow:
        catalogue.add_institutions(uow.write(), [Institution("900001", "De Eik")])
        actor = _client(uow)
        numbered = replace(_person(0), insz="85073003328")
        claim = AffiliationClaim(Form.AFFILIATIONS, "900001", Role.GEBRUIKER)
        an = people.create(uow, actor, replace(numbered, affiliations=(claim,))).id
        people.create(uow, actor, replace(_person(1), affiliations=(claim,)))
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0008")
    with database.connect() as conn:
        for table in ("person", "affiliation", "institution"):
            conn.run(text(f"UPDATE {table} SET blocked = 'by hand' WHERE pk = 1"))  # noqa: S608 - fixed names
    database.close()
    migrating.upgrade(database.url)
    assert migrating.differences(database.url) == ()
    with _unit(database) as uow:
        found = [(b.kind, b.person, b.institution, b.reason) for b in blocks.listed(uow)]
        assert found == [
            ("institution", None, "900001", "by hand"),
            ("person", an, None, "by hand"),
            ("affiliation", an, "900001", "by hand"),
        ]
        people.delete(uow, actor, an, lambda _: None)
        again = people.create(uow, actor, replace(numbered, affiliations=(claim,))).id
        blocks.unblock_institution(uow, "900001", "a")
        blocks.unblock_person(uow, again, "b")
        blocks.unblock_affiliation(uow, again, "900001", "c")
        assert blocks.listed(uow) == ()
    database.close()


def test_what_the_release_before_would_misread_does_not_stay(database: Database) -> None:
    """Going back, retained and recovered roles end; what a client said stays."""
    with _unit(database) as uow:
        actor = _client(uow)
        catalogue.add_institutions(uow.write(), [Institution("900001", "De Eik")])
        said = AffiliationClaim(Form.AFFILIATIONS, "900001", Role.BEHEERDER)
        an = people.create(uow, actor, replace(_person(1), affiliations=(said,)))
        recovery.recover(uow, "900001", an.id, "weg")
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0006")
    migrating.upgrade(database.url)
    assert migrating.differences(database.url) == ()
    with database.connect() as conn:
        rows = conn.all(select(affiliation.c.form, affiliation.c.outside))
    assert rows == [("affiliations", 0)]
    with _unit(database) as uow:
        assert attention.sweep(uow) == 1
        uow.commit()
        assert attention.found(uow) == ()
    database.close()
