"""Sign-ins that make people, beside brokers that register them at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mo_access.domain.errors import AccessError
from mo_access.domain.keys import KeyRing
from mo_access.service import claimed_sign_in, clients, people
from mo_access.service.claimed_rights import ClaimedRights, Given
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from tests.oidc import host
from tests.oidc.site import draft

ISSUER, INSZ, HOUR = "https://broker.example", "85073003328", 3_600_000_000
KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
RIGHT = Given("900001", "gebruiker")


def unit(database: Database) -> UnitOfWork:
    """Return a unit of work of nobody in particular."""
    return UnitOfWork(database, keys=KEYS, request_id="test")


def enter(database: Database, subject: str, *given: Given, insz: str | None = INSZ) -> str:
    """Sign in by claims; return the person."""
    with unit(database) as uow:
        pairs = () if insz is None else ((insz, "insz"),)
        said = SignIn("broker", ISSUER, subject, pairs, "token", uow.now + HOUR)
        claimed = Claimed("jit", Described({}, None, insz), ClaimedRights(HOUR, given))
        done = claimed_sign_in.enter(uow, said, claimed)
        uow.commit()
    return done.person


def at_once(*acts: Callable[[], str]) -> list[str]:
    """Do these at the same moment; return what each gave, or the name of what it raised."""
    gate, found = threading.Barrier(len(acts)), list[str]()

    def run(act: Callable[[], str]) -> None:
        gate.wait(20)
        try:
            found.append(act())
        except AccessError as refused:
            found.append(type(refused).__name__)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.fixture
def seeded(database: Database) -> Database:
    """A database with two schools, once for each engine."""
    with unit(database) as uow:
        host.seed(uow)
        uow.commit()
    return database


@pytest.mark.parametrize("turn", range(4))
def test_one_number_is_one_person_whoever_is_first(seeded: Database, turn: int) -> None:
    """A broker that registers the number, and two subjects that sign in with it."""
    with unit(seeded) as uow:
        _, token = clients.create(uow, clients.NewClient("school", ("900001",)))
        uow.commit()

    def register() -> str:
        with unit(seeded) as uow:
            actor = clients.by_token(uow, token)
            assert actor is not None
            view = people.create(uow, actor, draft("8a4d", insz=INSZ))
            uow.commit()
        return view.id

    acts = [register, lambda: enter(seeded, "a", RIGHT), lambda: enter(seeded, "b", RIGHT)]
    found = at_once(*acts[turn % 3 :], *acts[: turn % 3])
    assert len(set(found)) == 1, found
    assert {enter(seeded, "a"), enter(seeded, "b")} == set(found)


@pytest.mark.parametrize("turn", range(4))
def test_of_two_sign_ins_the_later_ends_what_it_drops(seeded: Database, turn: int) -> None:
    """With a right and without: either both orders, or the one without came first."""
    enter(seeded, "a", insz=None)
    with_it = lambda: enter(seeded, "a", RIGHT, insz=None)  # noqa: E731 - one of two acts
    without = lambda: enter(seeded, "a", insz=None)  # noqa: E731 - as above
    found = at_once(*((with_it, without) if turn % 2 else (without, with_it)))
    assert len(set(found)) == 1
    with unit(seeded) as uow:
        from sqlalchemy import text  # noqa: PLC0415 - only this looks inside

        last_gave = uow.conn.all(text("select outcome, body from audit_event order by pk desc"))
        held = uow.conn.all(text("select count(*) from session_right"))[0][0]
    ended = any('"lost"' in str(body) for _, body in last_gave)
    assert held == (0 if ended else 1)
