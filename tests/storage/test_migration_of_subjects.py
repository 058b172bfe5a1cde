"""Going back from a release that keeps numbers as subjects by a name, and up again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from mo_access.service import claimed_sign_in
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import House
from tests.support.insz import made_up

ISSUER, HOUR = "https://broker.example", 3_600_000_000


def enter(house: House, subject: str) -> str:
    """Sign somebody in by claims; return the person."""
    with house.unit() as uow:
        said = SignIn("broker", ISSUER, subject, (), "token", uow.now + HOUR)
        claimed = Claimed("jit", Described(), ClaimedRights(HOUR, ()))
        done = claimed_sign_in.enter(uow, said, claimed)
        uow.commit()
    return done.person


def test_nothing_stays_that_a_provider_could_not_end(database: Database, tmp_path: Path) -> None:
    """The release before makes no names: what stands under one goes, all else stays."""
    house = House(database, tmp_path)
    other = enter(house, "person-1")
    enter(house, made_up(0))
    url = database.url
    database.close()
    migrating.downgrade(url, "0011")
    with database.connect() as conn:
        for table in ("session", "link_identity"):
            assert conn.all(text(f"SELECT subject FROM {table}")) == [("person-1",)]  # noqa: S608 - ours
    database.close()
    migrating.upgrade(url)
    assert migrating.differences(url) == ()
    assert enter(house, "person-1") == other
    assert enter(house, made_up(0)) == enter(house, made_up(0)) != other
    database.close()
