"""What a provider said of the end of sign-ins on their way: remembered, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Refused
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import PersonDraft
from mo_access.service import claimed_sign_in, clients, logouts, people, sessions, sign_in
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.clients import NewClient
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from mo_access.storage.schema import one_time
from tests.access.conftest import NOW
from tests.support.insz import made_up
from tests.support.kept import kept

ISSUER, SECOND = "https://broker.example", 1_000_000
HOUR, PENDING = 3_600 * SECOND, 600 * SECOND
LINKS = (("8a4d", "externalId"),)
NUMBER = made_up(0)
SAID = SignIn(
    *("broker", ISSUER, "an", LINKS, "token", NOW + HOUR),
    sid="s-1",
    issued=NOW - SECOND,
    began=NOW - 5 * SECOND,
)
Units = Callable[..., UnitOfWork]


def refused(unit: Units, said: SignIn, at: int = NOW) -> bool:
    """Tell whether a sign-in would be refused then; nothing of it is kept."""
    with unit(at) as uow:
        try:
            logouts.refuse(uow, said)
        except Refused as refusal:
            return refusal.code == "signed_out_meanwhile"
    return False


def remember(uow: UnitOfWork, sid: str | None, subject: str | None, **told: int) -> None:
    """Take in a logout token as the door does."""
    logouts.take_turns(uow, ISSUER, sid, subject)
    sessions.end_by_provider(uow, ISSUER, sid=sid, subject=subject)
    when = {"issued": SAID.issued, "until": uow.now + PENDING, **told}
    logouts.remember(uow, ISSUER, sid=sid, subject=subject, **when)


def remembered(unit: Units, sid: str | None, subject: str | None, **told: int) -> None:
    """Take one in for good."""
    with unit() as uow:
        remember(uow, sid, subject, **told)
        uow.commit()


def test_it_is_forgotten_when_no_sign_in_can_be_on_its_way(unit: Units) -> None:
    """As long as a sign-in may take, and not longer."""
    remembered(unit, "s-1", "an")
    assert refused(unit, SAID, NOW + PENDING - 1)
    assert not refused(unit, SAID, NOW + PENDING)


def test_a_later_sign_in_is_another(unit: Units) -> None:
    """What began after the token came is judged by nothing but itself."""
    remembered(unit, "s-1", None)
    remembered(unit, None, "an")
    assert refused(unit, replace(SAID, began=NOW))
    assert not refused(unit, replace(SAID, began=NOW + 1))


def test_who_came_back_in_the_meantime_is_let_in(unit: Units) -> None:
    """A subject that the provider vouched for after the end; a name of a session never again."""
    remembered(unit, None, "an")
    assert refused(unit, SAID)
    assert not refused(unit, replace(SAID, issued=SAID.issued + 1))
    remembered(unit, "s-1", None)
    assert refused(unit, replace(SAID, issued=SAID.issued + 1))


def test_the_later_of_two_counts(unit: Units) -> None:
    """A token of before that comes after does not take its place."""
    remembered(unit, None, "an")
    remembered(unit, None, "an", issued=SAID.issued - 60 * SECOND)
    assert refused(unit, SAID)


def test_names_are_of_their_issuer(unit: Units) -> None:
    """Another one says nothing of them."""
    remembered(unit, "s-1", None)
    remembered(unit, None, "an")
    assert not refused(unit, replace(SAID, issuer="https://other.example"))


def test_a_number_as_subject_is_kept_nowhere(unit: Units, database: Database) -> None:
    """Neither in clear nor as a plain hash: what it stands under takes the key."""
    remembered(unit, None, NUMBER)
    assert refused(unit, replace(SAID, subject=NUMBER))
    assert NUMBER not in kept(database)
    with unit() as uow:
        (row,) = uow.conn.all(select(one_time.c.value_hash, one_time.c.owner), {})
        assert bytes(row[0]) == uow.keys.index(f"signed out\nsubject\n{ISSUER}\n{NUMBER}")
        assert row[1] is None


def test_it_is_found_while_the_keys_are_replaced(unit: Units, database: Database) -> None:
    """A node that has the next key already finds what another one kept under this one."""
    remembered(unit, None, NUMBER)
    ring = KeyRing({"k1": bytes(range(32)), "k2": bytes(range(32, 64))}, "k2")
    first, second = (k.held.indexes for k in (KeyRing({"k2": bytes(range(32, 64))}, "k2"), ring))
    object.__setattr__(ring.held, "indexes", (first[0], second[-1]))
    with UnitOfWork(database, keys=ring, request_id="", now=lambda: NOW) as uow:
        assert uow.keys.rotating
        with pytest.raises(Refused):
            logouts.refuse(uow, replace(SAID, subject=NUMBER))


def plainly(uow: UnitOfWork) -> None:
    """Sign in whom a client registered."""
    sign_in.sign_in(uow, SAID)


def by_claims(uow: UnitOfWork) -> None:
    """Sign in where claims make people."""
    claimed_sign_in.enter(uow, SAID, Claimed("jit", Described(), ClaimedRights(HOUR, ())))


@pytest.mark.parametrize("enter", [plainly, by_claims])
@pytest.mark.parametrize(("sid", "subject"), [("s-1", None), (None, "an"), ("s-1", "an")])
@pytest.mark.parametrize("first", ["sign-in", "logout"])
def test_a_sign_in_and_a_logout_take_turns(
    unit: Units,
    enter: Callable[[UnitOfWork], None],
    sid: str | None,
    subject: str | None,
    first: str,
) -> None:
    """Each waits for the other's end: whichever is first, no session is left."""
    _register(unit)
    begun, told = threading.Event(), list[str]()

    def work(name: str, act: Callable[[UnitOfWork], None]) -> None:
        if name != first:
            begun.wait(10)
        with unit() as uow:
            try:
                act(uow)
                # Time for the other one to come to where it must wait.
                begun.set()
                threading.Event().wait(0.2)
                uow.commit()
                told.append(name)
            except Refused as refusal:
                told.append(refusal.code)

    acts = {"sign-in": enter, "logout": lambda uow: remember(uow, sid, subject)}
    threads = [threading.Thread(target=work, args=both) for both in acts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert set(told) == {"logout", "sign-in" if first == "sign-in" else "signed_out_meanwhile"}
    with unit() as uow:
        assert sessions.listed(uow, HOUR) == []


def _register(unit: Units) -> None:
    with unit() as uow:
        _, token = clients.create(uow, NewClient("school", platform=True, issuers=(ISSUER,)))
        actor = clients.by_token(uow, token)
        assert actor is not None
        people.create(uow, actor, PersonDraft("an", "8a4d", active=True, document={}))
        uow.commit()
