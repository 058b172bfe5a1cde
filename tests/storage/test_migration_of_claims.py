"""Going back from a release in which sign-ins make people, and up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from mo_access.domain.errors import Refused
from mo_access.service import claimed_sign_in, sessions
from mo_access.service.claimed_rights import ClaimedRights, Given
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn, sign_in
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import SCHOOL, THEME, House

ISSUER, HOUR = "https://broker.example", 3_600_000_000
RIGHTS = ClaimedRights(HOUR, (Given(SCHOOL, "gebruiker", THEME),))


def enter(house: House, mode: str = "jit") -> tuple[str, str]:
    """Sign somebody in by claims; return the id of the session and of the person."""
    with house.unit() as uow:
        said = SignIn("broker", ISSUER, "person-1", (), "token", uow.now + HOUR)
        if mode == "scim":
            done = sign_in(uow, said)
        else:
            done = claimed_sign_in.enter(uow, said, Claimed(mode, Described({}), RIGHTS))
        uow.commit()
    return done.session_id, done.person


def test_going_back_ends_what_the_release_before_would_read_otherwise(
    database: Database, tmp_path: Path
) -> None:
    """Nobody stays in or comes in by it, nothing dangles, and afterwards it all begins anew."""
    house = House(database, tmp_path).seed()
    session, who = enter(house)
    assert house.reads(who)
    url = house.database.url
    house.database.close()
    migrating.downgrade(url, "0010")
    with house.database.connect() as conn:
        for table in ("session", "session_reach"):
            assert conn.all(text(f"SELECT count(*) FROM {table}")) == [(0,)]  # noqa: S608 - ours
        assert conn.all(text("SELECT count(*) FROM client WHERE revoked IS NULL")) == [(0,)]
        assert conn.all(text("SELECT active FROM link")) == [(0,)]
    house.database.close()
    migrating.upgrade(url)
    assert migrating.differences(url) == ()
    assert not house.reads(who)
    with house.unit() as uow:
        assert sessions.find(uow, session, HOUR) is None
    _, again = enter(house)
    assert again != who
    assert house.reads(again)
    house.database.close()


def test_one_who_was_made_is_unknown_in_mode_scim(database: Database, tmp_path: Path) -> None:
    """The core itself refuses: nothing that a sign-in made lets in where claims may not."""
    house = House(database, tmp_path).seed()
    enter(house, "hybrid")
    with pytest.raises(Refused) as refused:
        enter(house, "scim")
    assert refused.value.code == "unknown_person"
