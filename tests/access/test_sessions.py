"""A session is read together with who may sign in, so a row that was left behind opens nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Update, delete, select, update

from mo_access.domain.model import Actor, PersonDraft
from mo_access.service import clients, people, sessions
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import client, link, person, session_reach
from tests.access.conftest import NOW

IDLE = 3_600_000_000
Units = Callable[..., UnitOfWork]


def opened(uow: UnitOfWork, *, alone: bool) -> str:
    """Register somebody and open a session, which may stand on the client's word ``alone``."""
    _, token = clients.create(uow, NewClient("platform", platform=True))
    actor = clients.by_token(uow, token)
    assert isinstance(actor, Actor)
    made = people.create(uow, actor, PersonDraft("an", None, active=True, document={}))
    found = uow.conn.one(select(person.c.pk).where(person.c.id == made.id))
    assert found is not None
    return sessions.open_session(
        uow,
        int(found[0]),
        reach=frozenset({actor.client_pk}) if alone else None,
        provider="op",
        issuer="https://op.example",
        subject="an",
        sid=None,
        acr=None,
        level=0,
        capacity=None,
        id_token="none",
        expires=NOW + 2 * IDLE,
    )


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    "changed",
    [
        update(person).values(active=0),
        update(person).values(blocked="by hand"),
        update(link).values(active=0),
        update(client).values(revoked=1),
    ],
    ids=["switched off", "blocked", "link suspended", "client revoked"],
)
def test_a_session_of_who_may_not_sign_in_is_none(
    unit: Units, changed: Update, *, alone: bool
) -> None:
    """Rule 7 on every node: the row of the session is still there, and counts for nothing."""
    with unit() as uow:
        session = opened(uow, alone=alone)
        assert sessions.find(uow, session, IDLE) is not None
        uow.write().run(changed, {})
        assert sessions.find(uow, session, IDLE) is None
        assert sessions.listed(uow, IDLE) == []


def test_a_session_stands_on_the_word_of_its_own_clients(unit: Units) -> None:
    """Another client's live link to the person does not hold it (ruling 3)."""
    with unit() as uow:
        session = opened(uow, alone=True)
        uow.write().run(delete(session_reach), {})
        assert sessions.find(uow, session, IDLE) is None


@pytest.mark.parametrize(("later", "lives"), [(IDLE - 1, True), (IDLE, False), (2 * IDLE, False)])
def test_a_session_ends_by_rest_and_by_age(unit: Units, later: int, *, lives: bool) -> None:
    """Unused for the idle time, or past its end: over."""
    with unit() as uow:
        session = opened(uow, alone=False)
        uow.commit()
    with unit(NOW + later) as uow:
        assert (sessions.find(uow, session, IDLE) is not None) is lives
