"""Migration 0006 fills what a person's history and the review read, from the trail of before."""

from __future__ import annotations

from sqlalchemy import select, text

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Event, PersonDraft
from mo_access.service import audit, clients, history, people
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import migrating
from mo_access.storage.bookkeeping import last_sign_in
from mo_access.storage.engine import Database


def test_the_trail_of_before_is_found_by_person(database: Database) -> None:
    """Going back and up again: the same history, sealed as it was; the last sign-in is known."""
    keys = KeyRing({"k": bytes(32)}, "k")
    with UnitOfWork(database, keys=keys, request_id="t") as uow:
        _, token = clients.create(uow, NewClient("platform", platform=True))
        actor = clients.by_token(uow, token)
        assert actor is not None
        names = ("an", "els")
        drafts = [PersonDraft(name, None, active=True, document={}) for name in names]
        ids = [people.create(uow, actor, draft).id for draft in drafts]
        for at, outcome in ((7_000, "ok"), (9_000, "ok"), (11_000, "refused")):
            uow.now = at
            uow.record(Event("sign_in", outcome, person=ids[0]))
        audit.seal_due(uow, "t")
        before = list(history.of(uow, ids[0]))
        uow.commit()
    database.close()
    migrating.downgrade(database.url, "0005")
    migrating.upgrade(database.url)
    assert migrating.differences(database.url) == ()
    with UnitOfWork(database, keys=keys, request_id="t") as uow:
        assert list(history.of(uow, ids[0])) == before != []
        assert audit.verify(uow).sound
        assert uow.conn.all(select(last_sign_in.c.at)) == [(9_000,)]
        rows = uow.conn.all(text("SELECT count(*) FROM audit_event WHERE person IS NULL"))
        assert rows == [(1,)], "that of the client"
    database.close()
