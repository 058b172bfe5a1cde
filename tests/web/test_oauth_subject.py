"""A client's own account at its issuer: only its subject, and nobody who signed in, provisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from mo_access.domain.model import PersonDraft
from mo_access.domain.oauth_client import named
from mo_access.service import clients, people, provider_people
from mo_access.service.clients import NewClient
from mo_access.service.provider_people import Described
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import identity, person
from mo_web.introspection import token_in
from mo_web.subjects import machine
from tests.web.conftest import ISSUER
from tests.web.issuer import Issuer
from tests.web.test_access_token import ON_ONE_ENGINE, refused_for, said, who

Make = Callable[[NewClient], str]
Unit = Callable[[], UnitOfWork]
ACCOUNT = "f0000000-0000-4000-8000-000000000001"
PERSON = "f0000000-0000-4000-8000-000000000002"
# What Keycloak 26.7 says of a service account with the client scopes that every client has.
STOCK: dict[str, Any] = {
    "azp": "robot",
    "sub": ACCOUNT,
    "typ": "Bearer",
    "acr": "1",
    "scope": "email profile",
    "email_verified": False,
    "preferred_username": "service-account-robot",
    "clientHost": "127.0.0.1",
    "clientAddress": "127.0.0.1",
    "realm_access": {"roles": ["offline_access", "uma_authorization"]},
}


@pytest.fixture
def pinned(make_client: Make, issuer: Issuer) -> None:
    """Let in the account of the issuer's client ``robot``."""
    name = named("robot", ACCOUNT)
    make_client(NewClient("broker", platform=True, oauth=((issuer.url, name),)))


@pytest.fixture
def plain(make_client: Make, issuer: Issuer) -> None:
    """Let in the issuer's client ``robot`` without an account, as another client of ours."""
    make_client(NewClient("plain", platform=True, oauth=((issuer.url, "robot"),)))


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"client_id": None},
        {"preferred_username": None, "email_verified": None},
        {"name": "Service account", "given_name": "Service", "family_name": "account"},
        {"email": "robot@school.example", "upn": "robot@school.example"},
        {"username": "service-account-robot"},
    ],
)
def test_the_account_of_a_client_acts_as_it(
    http: FlaskClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """Whatever its names: the subject is what the operator said."""
    answer = who(http, issuer.token(**{**STOCK, **claims}))
    assert answer.status_code == 200, answer.json
    assert (answer.json or {})["client"] == "broker"


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    "claims",
    [
        # somebody else of the same issuer, through the same client
        {"sub": PERSON, "preferred_username": "jan", "name": "Jan"},
        {"sub": PERSON},
        {"sub": "service-account-robot"},
        {"sub": ACCOUNT.upper()},
        {"sub": f"{ACCOUNT} "},
        {"sub": f" {ACCOUNT}"},
        {"sub": f"{ACCOUNT}\n"},
        {"sub": f"robot\n{ACCOUNT}"},
        {"sub": [ACCOUNT]},
        {"sub": {"id": ACCOUNT}},
        {"sub": ""},
        {"sub": " "},
        {"sub": 1},
        {"sub": True},
        {"sub": "x" * 300},
        # nobody: neither the client nor anyone is its subject
        {"sub": None},
        # the account itself, but somebody signed in as it or acts by it
        {"sid": "s-1"},
        {"sid": ""},
        {"Sid": "s-1"},
        {"session_state": "s-1"},
        {"auth_time": 1},
        {"auth_time": 0},
        {"amr": []},
        {"scp": "x"},
        {"act": {"sub": "admin"}},
        {"may_act": {"sub": "admin"}},
        # what only a person has
        {"rrn": "85073003328"},
        {"vo_id": "v"},
        {"birthdate": "1985-07-30"},
        {"gender": "m"},
        {"picture": "p"},
        {"phone_number": "1"},
        {"phone_number_verified": False},
        {"address": {}},
    ],
)
def test_any_other_token_of_the_same_client_is_a_persons(
    http: FlaskClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """The signature, the audience and the client are right: the subject decides."""
    answer = who(http, issuer.token(**{**STOCK, **claims}))
    assert refused_for(answer) == (401, "person")


@ON_ONE_ENGINE
@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"client_id": "other", "azp": "other"}, "(person)"),
        ({"client_id": "other"}, "(client)"),
        ({"client_id": f"robot\n{ACCOUNT}", "azp": None}, "(client)"),
        ({"aud": "https://other.example"}, "(audience)"),
        ({"typ": "ID"}, "(token_kind)"),
        # the client as its own subject, which this registration does not let in
        (dict.fromkeys(STOCK), ": it is unknown"),
        ({**dict.fromkeys(STOCK), "sub": "robot"}, ": it is unknown"),
    ],
)
def test_the_account_belongs_to_one_client_and_is_for_us(
    http: FlaskClient, issuer: Issuer, claims: dict[str, Any], code: str
) -> None:
    """Another client with the same subject is nobody, and every other check holds."""
    status, text = said(who(http, issuer.token(**{**STOCK, **claims})))
    assert (status, code in text) == (401, True), text


@pytest.mark.usefixtures("plain")
def test_without_a_subject_nothing_changes(http: FlaskClient, issuer: Issuer) -> None:
    """A client that was registered by its id alone has no account: its stock token is refused."""
    assert refused_for(who(http, issuer.token(**STOCK))) == (401, "person")
    assert who(http, issuer.token()).json == {"client": "plain", "address": "127.0.0.1"}


@pytest.mark.usefixtures("plain", "pinned")
def test_the_account_goes_before_the_client(http: FlaskClient, issuer: Issuer) -> None:
    """Two clients of ours: the account acts as one, the client as its own subject as the other."""
    assert (who(http, issuer.token(**STOCK)).json or {})["client"] == "broker"
    assert (who(http, issuer.token()).json or {})["client"] == "plain"
    entra = {"sub": ACCOUNT, "oid": ACCOUNT, "idtyp": "app"}
    assert (who(http, issuer.token(**entra)).json or {})["client"] == "broker"


@pytest.mark.usefixtures("pinned")
def test_a_revoked_client_is_nobody_by_its_account_too(
    http: FlaskClient, issuer: Issuer, unit_of: Unit
) -> None:
    """The verified token is kept for seconds; whose it is, is asked on each request."""
    token = issuer.token(**STOCK)
    assert who(http, token).status_code == 200
    with unit_of() as uow:
        clients.revoke(uow, "broker")
        uow.commit()
    assert who(http, token).status_code == 401


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("made", [False, True])
def test_who_has_signed_in_is_a_person_whatever_was_registered(
    http: FlaskClient, issuer: Issuer, unit_of: Unit, made: bool
) -> None:
    """A subject that was believed to be a machine's is somebody's from the first sign-in on."""
    token = issuer.token(**STOCK)
    sign_in(unit_of, "https://other.example", made=made)
    assert who(http, token).status_code == 200
    sign_in(unit_of, issuer.url, made=made)
    assert refused_for(who(http, token)) == (401, "person")


@pytest.mark.usefixtures("pinned")
def test_what_a_broker_says_of_the_account_ends_no_machine(
    http: FlaskClient, issuer: Issuer, unit_of: Unit, make_client: Make
) -> None:
    """One school's client cannot take away what the operator gave to another."""
    liar = make_client(NewClient("liar", platform=True, issuers=(issuer.url,)))
    with unit_of() as uow:
        actor = clients.by_token(uow, liar)
        assert actor is not None
        told = ((issuer.url, ACCOUNT),)
        draft = PersonDraft("jan", ACCOUNT, active=True, document={}, identities=told)
        people.create(uow, actor, draft)
        uow.commit()
    assert who(http, issuer.token(**STOCK)).status_code == 200


def sign_in(unit_of: Unit, issuer: str, *, made: bool) -> None:
    """Remember that somebody signed in with the subject of the account, or was ``made`` by that."""
    with unit_of() as uow:
        conn = uow.write()
        if made:
            whom = Described(user_name="jan")
            provider_people.found_or_made(uow, "op", (issuer, ACCOUNT), whom, [])
        else:
            new = insert(person).values(id=issuer, active=1, created=1, modified=1)
            pk = conn.insert(new.returning(person.c.pk))
            told = {"issuer": issuer, "subject": ACCOUNT, "proof": "sub", "created": 1}
            conn.run(insert(identity).values(person_pk=pk, **told))
        uow.commit()


@pytest.mark.parametrize("told", [{}, {"username": "service-account-mo"}, {"sub": "mo"}])
def test_an_opaque_token_may_be_the_accounts_too(told: dict[str, object]) -> None:
    """What introspection says of it is judged by the same rules (RFC 7662)."""
    active = {"active": True, "client_id": "mo", "iss": ISSUER, "exp": 4e9, "sub": ACCOUNT}
    token = token_in({**active, **told}, ISSUER, 1_795_500_000.0)
    subject = str(told.get("sub", ACCOUNT))
    plain = ("mo",) if subject == "mo" else ()
    assert machine(token).names == (named("mo", subject), *plain)
