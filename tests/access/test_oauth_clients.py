"""Which OAuth clients act as a client: told at registration, changed later, never a person."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from mo_access.domain import oauth_client
from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import PersonDraft
from mo_access.domain.oauth_client import named
from mo_access.service import client_change, clients, imports, people
from mo_access.service.client_change import ClientChange
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import audit_event, identity, person

Unit = Callable[..., UnitOfWork]
ISSUER = "https://kc.example/realms/school"
OTHER = "https://other.example"
ACCOUNT = "f0000000-0000-4000-8000-000000000001"
SECOND = "f0000000-0000-4000-8000-000000000002"
MISSING = object()


@pytest.fixture
def seeded(unit: Unit, tmp_path: Path) -> Unit:
    """Give a database with two schools."""
    path = tmp_path / "institutions.csv"
    path.write_text("number,name,kind\n900001,Een,school\n900002,Twee,school\n", encoding="utf-8")
    with unit() as uow:
        imports.institutions(uow, path)
        uow.commit()
    return unit


def create(unit: Unit, name: str, *oauth: tuple[str, str], issuers: tuple[str, ...] = ()) -> str:
    """Make a client of school 900001; return its token."""
    with unit() as uow:
        _, token = clients.create(uow, NewClient(name, ("900001",), oauth=oauth, issuers=issuers))
        uow.commit()
    return token


def change(unit: Unit, name: str, *oauth: tuple[str, str], no_oauth: bool = False) -> None:
    """Change what acts as a client."""
    with unit() as uow:
        client_change.change(uow, name, ClientChange(oauth=oauth, no_oauth=no_oauth))
        uow.commit()


def acting(unit: Unit, *names: str, issuer: str = ISSUER) -> str | None:
    """Return the name of the client that a token with these names acts as."""
    with unit() as uow:
        found = clients.by_oauth(uow, issuer, names)
    return None if found is None else found.name


def test_an_account_and_its_client_are_two_registrations(seeded: Unit) -> None:
    """Each acts as its own client; where a token is both, the account counts."""
    create(seeded, "account", (ISSUER, named("robot", ACCOUNT)))
    create(seeded, "plain", (ISSUER, "robot"))
    assert acting(seeded, named("robot", ACCOUNT)) == "account"
    assert acting(seeded, "robot") == "plain"
    assert acting(seeded, named("robot", ACCOUNT), "robot") == "account"
    assert acting(seeded, named("robot", SECOND), "robot") == "plain"
    assert acting(seeded, named("robot", SECOND)) is None
    assert acting(seeded, named("other", ACCOUNT)) is None
    assert acting(seeded, named("robot", ACCOUNT), issuer=OTHER) is None
    assert acting(seeded) is None


def test_the_list_tells_the_subject(seeded: Unit) -> None:
    """None where any token of the client that speaks of nobody is let in."""
    create(seeded, "account", (ISSUER, named("robot", ACCOUNT)), (OTHER, "robot"))
    with seeded() as uow:
        (listed,) = clients.listed(uow)
    assert set(listed.oauth) == {(ISSUER, "robot", ACCOUNT), (OTHER, "robot", None)}


def test_what_acts_as_a_client_is_changed(seeded: Unit) -> None:
    """The same client id is replaced, others stay, and ``no_oauth`` takes the rest away."""
    create(seeded, "school", (ISSUER, "robot"), (ISSUER, "robot-2"), (OTHER, "robot"))
    create(seeded, "neighbour", (ISSUER, named("robot", SECOND)))
    change(seeded, "school", (ISSUER, named("robot", ACCOUNT)))
    assert acting(seeded, "robot") is None
    assert acting(seeded, named("robot", ACCOUNT)) == "school"
    assert acting(seeded, "robot-2") == acting(seeded, "robot", issuer=OTHER) == "school"
    change(seeded, "school", (ISSUER, "robot-3"), no_oauth=True)
    assert acting(seeded, "robot-3") == "school"
    assert acting(seeded, "robot-2") is None
    assert acting(seeded, named("robot", ACCOUNT)) is None
    assert acting(seeded, named("robot", SECOND)) == "neighbour"
    change(seeded, "school", no_oauth=True)
    assert acting(seeded, "robot-3") is None


def test_a_registration_stands_in_the_trail(seeded: Unit) -> None:
    """Rule 9: what was let in, before and after; nothing where nothing changed."""
    create(seeded, "school", (ISSUER, "robot"))
    change(seeded, "school", (ISSUER, named("robot", ACCOUNT)))
    change(seeded, "school", (ISSUER, named("robot", ACCOUNT)))
    with seeded() as uow:
        asked = select(audit_event.c.kind, audit_event.c.body).order_by(audit_event.c.pk)
        told = [(kind, json.loads(body)["facts"]) for kind, body in uow.conn.all(asked)]
    facts = [told_of for kind, told_of in told if kind.startswith("client.")]
    plain = [{"client": "robot", "issuer": ISSUER}]
    account = [{**plain[0], "subject": ACCOUNT}]
    assert [one.get("oauth_before", MISSING) for one in facts] == [MISSING, plain, MISSING]
    assert [one.get("oauth", MISSING) for one in facts] == [plain, account, MISSING]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "client id"),
        ("a\tb", "client id"),
        (named("", ACCOUNT), "client id"),
        (named("robot", ""), "a subject is"),
        (named("robot", " "), "a subject is"),
        (named("robot", "a\nb"), "a subject is"),
        (named("robot", "a\0"), "a subject is"),
        (named("robot", "x" * 256), "255 characters"),
        (named("robot", "85073003328"), "a person's number"),
        (named("robot", "user 85.07.30-033.28"), "a person's number"),
    ],
)
def test_what_no_account_can_be_is_refused(seeded: Unit, name: str, text: str) -> None:
    """The sentence says what is wrong, and repeats no number."""
    with pytest.raises(Invalid, match=text) as refused:
        create(seeded, "school", (ISSUER, name))
    assert "850730" not in str(refused.value)
    with seeded() as uow:
        assert clients.listed(uow) == ()


def test_one_account_acts_as_one_client(seeded: Unit) -> None:
    """Neither a second client nor a change takes it over."""
    create(seeded, "first", (ISSUER, named("robot", ACCOUNT)))
    with pytest.raises(Conflict, match="acts as another"):
        create(seeded, "second", (ISSUER, named("robot", ACCOUNT)))
    create(seeded, "second", (ISSUER, "robot"))
    with pytest.raises(Conflict, match="acts as another"):
        change(seeded, "second", (ISSUER, named("robot", ACCOUNT)))
    assert acting(seeded, named("robot", ACCOUNT)) == "first"
    assert acting(seeded, "robot") == "second"


@pytest.mark.parametrize(
    "draft",
    [
        PersonDraft("jan", None, active=True, document={}, identities=((ISSUER, ACCOUNT),)),
        PersonDraft("jan", ACCOUNT, active=True, document={}),
        PersonDraft("jan", ACCOUNT.upper(), active=False, document={}),
        PersonDraft(ACCOUNT, None, active=True, document={}),
    ],
)
def test_the_subject_of_a_person_is_refused(seeded: Unit, draft: PersonDraft) -> None:
    """Whether a broker said so, or a name that sign-ins are found by is the same."""
    token = create(seeded, "broker", issuers=(ISSUER,))
    with seeded() as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        people.create(uow, actor, draft)
        uow.commit()
    for attempt in (
        lambda: create(seeded, "school", (ISSUER, named("robot", ACCOUNT))),
        lambda: change(seeded, "broker", (ISSUER, named("robot", ACCOUNT))),
    ):
        with pytest.raises(Invalid, match="is a person here"):
            attempt()
    assert acting(seeded, named("robot", ACCOUNT)) is None
    create(seeded, "school", (ISSUER, named("robot", SECOND)), (OTHER, named("robot", ACCOUNT)))


def test_who_signed_in_is_a_person(seeded: Unit) -> None:
    """Also when no link tells any more who it was."""
    with seeded() as uow:
        conn = uow.write()
        new = insert(person).values(id="p", active=1, created=1, modified=1)
        pk = conn.insert(new.returning(person.c.pk))
        told = {"issuer": ISSUER, "subject": ACCOUNT, "proof": "sub", "created": 1}
        conn.run(insert(identity).values(person_pk=pk, **told))
        uow.commit()
    with pytest.raises(Invalid, match="is a person here"):
        create(seeded, "school", (ISSUER, named("robot", ACCOUNT)))
    create(seeded, "school", (OTHER, named("robot", ACCOUNT)))


def test_a_name_is_taken_apart_as_it_was_made() -> None:
    """An id alone has no subject."""
    for told in (("robot", None), ("robot", ACCOUNT), ("robot", "robot")):
        assert oauth_client.parts(named(*told)) == told
