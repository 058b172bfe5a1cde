"""Handing a person over: whose words the platform sees; no right moves (rule 5)."""

import pytest
from sqlalchemy import select

from mo_access.domain.errors import Invalid, NotFound
from mo_access.domain.model import Actor
from mo_access.service import clients, ownership, people
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import audit_event
from mo_scim.mapping.derived import etag
from tests.access.test_people import INSZ, SCHOOL, client, draft, theme_group, uow

__all__ = ["uow"]


def shared(uow: UnitOfWork) -> str:
    """Register one person by a school, then by a board."""
    school, board = client(uow, "school", SCHOOL), client(uow, "board", SCHOOL)
    an = people.create(uow, school, draft("an", insz=INSZ)).id
    assert people.create(uow, board, draft("a.jansen", insz=INSZ)).id == an
    theme_group(uow, school, an)
    return an


def test_the_platform_sees_the_new_owners_words(uow: UnitOfWork) -> None:
    """Its ETag tells so, although both links are at their first version."""
    platform = client(uow, "platform")
    an = shared(uow)
    before = people.get(uow, platform, an)
    owned = ownership.hand_over(uow, an, "board", "the board does its own staff")
    after = people.get(uow, platform, an)
    assert (before.user_name, after.user_name) == ("an", "a.jansen")
    assert before.version == after.version
    assert etag(before) != etag(after)
    assert after.affiliations == before.affiliations
    assert after.groups == before.groups
    assert owned.before != owned.now


def test_each_client_keeps_its_own_record(uow: UnitOfWork) -> None:
    """Versions, words and rights of both are as they were, and the old owner may leave."""
    an = shared(uow)
    school, board = (clients_of(uow, name) for name in ("school", "board"))
    seen = [people.get(uow, who, an) for who in (school, board)]
    ownership.hand_over(uow, an, "board", "moved")
    assert [people.get(uow, who, an) for who in (school, board)] == seen
    people.delete(uow, school, an, lambda _: None)
    assert people.get(uow, client(uow, "platform"), an).user_name == "a.jansen"


def clients_of(uow: UnitOfWork, name: str) -> Actor:
    """Give the actor of a client by a new token of it."""
    token = clients.rotate(uow, name, overlap=0)[1]
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def test_the_new_owner_decides_on_a_missing_number(uow: UnitOfWork) -> None:
    """Ruling 2: only the owner of a person without a number sets it."""
    school, board = client(uow, "school", SCHOOL), client(uow, "board", SCHOOL)
    pair = (("https://op.example", "an"),)
    an = people.create(uow, school, draft("an", identities=pair)).id
    assert people.create(uow, board, draft("bea", identities=pair)).id == an
    ownership.hand_over(uow, an, "board", "moved")
    numbered = draft("bea", identities=pair, insz=INSZ)
    assert people.update(uow, board, an, lambda _: numbered).id == an


@pytest.mark.parametrize(
    ("user", "to", "reason", "error", "text"),
    [
        ("an", "school", "x", Invalid, "owns this person already"),
        ("an", "third", "x", Invalid, "has not registered this person"),
        ("an", "gone", "x", Invalid, "is revoked"),
        ("an", "nobody", "x", NotFound, "nobody"),
        ("an", "board", "  ", Invalid, "say a reason"),
        ("00000000-0000-0000-0000-000000000000", "board", "x", NotFound, "no person"),
    ],
)
def test_what_makes_no_sense_is_refused(
    uow: UnitOfWork, user: str, to: str, reason: str, error: type[Exception], text: str
) -> None:
    """And leaves the owner."""
    an = shared(uow)
    client(uow, "third", SCHOOL)
    client(uow, "gone", SCHOOL)
    clients.revoke(uow, "gone")
    with pytest.raises(error, match=text):
        ownership.hand_over(uow, an if user == "an" else user, to, reason)
    assert people.get(uow, client(uow, "platform"), an).user_name == "an"


def test_it_is_audited_with_its_reason(uow: UnitOfWork) -> None:
    """Who, about whom, from whom to whom, and why (rule 9)."""
    an = shared(uow)
    owned = ownership.hand_over(uow, an, "board", " moved ")
    rows = uow.conn.all(select(audit_event.c.body).where(audit_event.c.kind == "person.hand_over"))
    for told in (an, owned.before, owned.now, '"reason":"moved"'):
        assert str(told) in rows[0][0]
