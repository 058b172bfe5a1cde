"""When somebody last signed in: written at a sign-in only, and gone with the person."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Refused
from mo_access.domain.model import Actor, PersonDraft
from mo_access.service import clients, history, people, sessions, sign_in
from mo_access.service.clients import NewClient
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import review as stored
from mo_access.storage.bookkeeping import last_sign_in
from mo_access.storage.engine import Connection
from tests.access.conftest import NOW
from tests.support.statements import asked

Unit = Callable[..., UnitOfWork]
HOUR = 3_600_000_000
JAN = PersonDraft("jan", None, active=True, document={"userName": "jan"})


@pytest.fixture
def platform(unit: Unit) -> Actor:
    """Give a platform client, which every provider trusts."""
    with unit() as uow:
        _, token = clients.create(uow, NewClient("platform", platform=True))
        actor = clients.by_token(uow, token)
        uow.commit()
    assert actor is not None
    return actor


def signed_in(unit: Unit, at: int) -> str:
    """Sign Jan in and return the session's id."""
    said = SignIn("op", "https://op", "s", (("jan", "userName"),), "none", at + 9 * HOUR)
    with unit(at) as uow:
        session_id = sign_in.sign_in(uow, said).session_id
        uow.commit()
    return session_id


def kept(unit: Unit) -> list[int]:
    """Return what is stored."""
    with unit() as uow:
        return [row[0] for row in uow.conn.all(select(last_sign_in.c.at))]


def test_the_last_sign_in_is_kept_and_only_that(
    unit: Unit, platform: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is used writes nothing of it: a read stays a read."""
    with unit() as uow:
        people.create(uow, platform, JAN)
        uow.commit()
    assert kept(unit) == []
    signed_in(unit, NOW)
    session_id = signed_in(unit, NOW + HOUR)
    assert kept(unit) == [NOW + HOUR]
    with unit(NOW + HOUR + 1) as uow, asked(monkeypatch) as statements:
        assert sessions.find(uow, session_id, HOUR) is not None
    assert not any("last_sign_in" in statement for statement in statements)


def test_a_refused_sign_in_is_told_of_the_person_and_kept_nowhere_else(
    unit: Unit, platform: Actor
) -> None:
    """Somebody who is switched off and tries: the trail knows whom, the refusal shows no id."""
    with unit() as uow:
        person = people.create(uow, platform, JAN).id
        people.update(uow, platform, person, lambda _: PersonDraft("jan", None, False, {}))
        uow.commit()
    with pytest.raises(Refused) as refusal:
        signed_in(unit, NOW)
    assert (refusal.value.code, refusal.value.person) == ("inactive", person)
    assert person not in refusal.value.message
    with unit(NOW) as uow:
        sign_in.record_refusal(uow, "op", refusal.value.code, refusal.value.person)
        uow.commit()
        first = next(history.of(uow, person))
    assert (first.kind, first.outcome, first.facts["code"]) == ("sign_in", "refused", "inactive")
    assert kept(unit) == []


def test_a_tombstone_keeps_no_sign_in(unit: Unit, platform: Actor) -> None:
    """The last link gone, only the pseudonym in the trail remains."""
    with unit() as uow:
        person = people.create(uow, platform, JAN).id
        uow.commit()
    signed_in(unit, NOW)
    with unit() as uow:
        people.delete(uow, platform, person, lambda _: None)
        uow.commit()
    assert kept(unit) == []


def test_who_signs_in_while_a_list_is_read_stands_on_it_once() -> None:
    """A list of several institutions takes a statement for each; the sign-in is new to the last."""

    class Between:
        """Answers each statement a moment later."""

        moments = iter((None, 5))

        def all(self, *_: object) -> list[tuple[int, str, int | None]]:
            return [(1, "an", next(self.moments))]

    listed = stored.page(cast("Connection", Between()), frozenset({"900000", "900001"}), 0, 9, 0)
    assert [one.id for one in listed] == ["an"]
