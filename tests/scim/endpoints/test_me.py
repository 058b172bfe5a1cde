"""``/Me``: a person's token reads that person's record, and opens nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import RSAKey
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from mo_access.domain.keys import KeyRing
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_access.storage.schema import audit_event, person
from mo_scim.blueprint import door
from mo_scim.resources import USER_EXTENSION
from mo_web.app import create_app
from tests.scim.conftest import ON_ONE_ENGINE, Broker, parsed
from tests.web.issuer import Issuer, Server

AUDIENCE = "http://localhost/scim/v2"
INSZ = "85073003328"
KEYS = KeyRing({"k1": bytes(range(32))}, "k1")


@dataclass
class Place:
    """The service, the provider that people sign in with, and what is beside the service."""

    app: Flask
    issuer: Issuer
    unit: Callable[[], UnitOfWork]

    def client(self, new: NewClient) -> Broker:
        """Make a broker."""
        with self.unit() as uow:
            _, token = create(uow, new)
            uow.commit()
        return Broker(self.app.test_client(), token)

    def holder(self, *, opaque: bool = False, **claims: Any) -> Broker:  # noqa: ANN401 - a test may say anything
        """Return somebody with a person's token, as a JWT or as an opaque one."""
        told = {"client_id": "mo", "sub": "p-1", "name": "An", "aud": AUDIENCE, **claims}
        if not opaque:
            return Broker(self.app.test_client(), self.issuer.token(**told))
        said = {**self.issuer.claims(**told), "active": True, "username": "an"}
        self.issuer.introspected = said
        return Broker(self.app.test_client(), "opaque-token")

    def events(self, kind: str) -> list[tuple[str, str]]:
        """Return (outcome, body) of every event of this kind."""
        columns = audit_event.c.outcome, audit_event.c.body
        with self.unit() as uow:
            found = uow.conn.all(select(*columns).where(audit_event.c.kind == kind))
        return [(str(outcome), str(body)) for outcome, body in found]


@pytest.fixture(scope="module")
def signing_key() -> RSAKey:
    """Give the provider's key."""
    return RSAKey.generate_key(2048, parameters={"kid": "k1"})


@pytest.fixture
def place(
    app: Flask,
    database: Database,
    unit_of: Callable[[], UnitOfWork],
    tmp_path: Path,
    signing_key: RSAKey,
) -> Iterator[Place]:
    """Give the service with a provider whose people may sign in."""
    with Server(signing_key) as issuer:
        settings = Settings(
            var=tmp_path,
            database_url=database.url,
            secret_key="a-secret-key-of-the-tests-0123456789",
            base_url="http://localhost",
            oidc_issuer=issuer.url,
            oidc_client_id="mo",
            oidc_client_secret="provider-secret",
            oidc_link="vo_id:externalId sub:userName rrn:insz",
        )
        yield Place(create_app(settings, database, KEYS, [door()]), issuer, unit_of)


@pytest.fixture
def platform(place: Place) -> Broker:
    """Give a platform client, whose word counts everywhere."""
    return place.client(
        NewClient("platform", platform=True, scopes=("scim:read", "scim:write", "insz:read"))
    )


def user(name: str, external: str, *numbers: str, **told: Any) -> dict[str, Any]:  # noqa: ANN401 - a test may say anything
    """Return a User with a role at these institutions."""
    return {
        "userName": name,
        "externalId": external,
        "name": {"givenName": "An", "familyName": "Peeters"},
        "emails": [{"value": f"{name}@school.example", "type": "work"}],
        USER_EXTENSION: {
            "affiliations": [{"value": n, "role": "gebruiker"} for n in numbers],
            **told,
        },
    }


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, parsed(answer)["detail"].partition(":")[0]


@pytest.mark.parametrize("opaque", [False, True])
def test_a_person_reads_the_own_record(place: Place, platform: Broker, opaque: bool) -> None:
    """The User with its address, as the platform sees it, by either kind of token."""
    made = platform.made("/Users", user("p-1", "e-1", "900001", "900002"))
    platform.made("/Users", user("p-2", "e-2", "900001"))
    answer = place.holder(opaque=opaque).send("GET", "/Me")
    body = parsed(answer)
    assert (answer.status_code, body["id"], body["userName"]) == (200, made["id"], "p-1")
    assert [a["value"] for a in body[USER_EXTENSION]["affiliations"]] == ["900001", "900002"]
    where = f"{AUDIENCE}/Users/{made['id']}"
    assert answer.headers["Location"] == answer.headers["Content-Location"] == where
    assert body["meta"]["location"] == where
    assert answer.headers["ETag"] == body["meta"]["version"]
    assert answer.content_type == "application/scim+json"


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Users"),
        ("GET", "/Users/OWN"),
        ("PUT", "/Users/OWN"),
        ("PATCH", "/Users/OWN"),
        ("DELETE", "/Users/OWN"),
        ("POST", "/Users"),
        ("GET", "/Groups"),
        ("POST", "/Users/.search"),
        ("GET", "/Institutions"),
        ("GET", "/ServiceProviderConfig"),
        ("POST", "/Bulk"),
    ],
)
@ON_ONE_ENGINE
def test_a_persons_token_opens_nothing_else(
    place: Place, platform: Broker, opaque: bool, method: str, path: str
) -> None:
    """The same token that reads ``/Me`` is nobody everywhere else, the own User included."""
    place.client(NewClient("robot", platform=True, oauth=((place.issuer.url, "mo"),)))
    made = platform.made("/Users", user("p-1", "e-1", "900001"))
    holder = place.holder(opaque=opaque)
    assert holder.send("GET", "/Me").status_code == 200
    answer = holder.send(method, path.replace("OWN", made["id"]), user("p-1", "e-1"))
    assert answer.status_code == 401
    assert platform.send("GET", f"/Users/{made['id']}").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_person_writes_nothing(place: Place, platform: Broker, method: str) -> None:
    """403 that says whom to ask; the record stays as it was."""
    made = platform.made("/Users", user("p-1", "e-1", "900001"))
    operations = [{"op": "replace", "path": "active", "value": False}]
    answer = place.holder().send(method, "/Me", {"Operations": operations})
    assert answer.status_code == 403
    assert "broker" in parsed(answer)["detail"]
    assert parsed(platform.send("GET", f"/Users/{made['id']}")) == made


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_client_is_no_person(place: Place, platform: Broker, method: str) -> None:
    """A client's token of any kind is told that it has no own record: 501."""
    place.client(NewClient("robot", platform=True, oauth=((place.issuer.url, "robot"),)))
    assert platform.send(method, "/Me", {}).status_code == 501
    robot = Broker(place.app.test_client(), place.issuer.token(aud=AUDIENCE))
    assert robot.send(method, "/Me", {}).status_code == 501
    place.issuer.introspected = {"active": True, "client_id": "robot"}
    opaque = Broker(place.app.test_client(), "opaque-token")
    assert opaque.send(method, "/Me", {}).status_code == 501


@ON_ONE_ENGINE
def test_the_number_is_never_shown(place: Place, platform: Broker) -> None:
    """Not by default, not when it is asked for, and nothing is written about reading it."""
    platform.made("/Users", user("p-1", "e-1", "900001", insz=INSZ, birthDate="1985-07-30"))
    holder = place.holder(rrn=INSZ)
    for query in ("", f"?attributes={USER_EXTENSION}:insz", f"?attributes={USER_EXTENSION}"):
        answer = holder.send("GET", f"/Me{query}")
        assert answer.status_code == 200
        assert INSZ not in answer.get_data(as_text=True)
    asked = parsed(holder.send("GET", f"/Me?attributes={USER_EXTENSION}:birthDate"))
    assert asked[USER_EXTENSION] == {"birthDate": "1985-07-30"}
    assert place.events("person.insz.read") == []


@ON_ONE_ENGINE
def test_attributes_can_be_chosen(place: Place, platform: Broker) -> None:
    """``attributes`` and ``excludedAttributes`` work as everywhere."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    holder = place.holder()
    few = parsed(holder.send("GET", "/Me?attributes=userName,emails.value"))
    assert set(few) == {"schemas", "id", "userName", "emails"}
    assert few["emails"] == [{"value": "p-1@school.example"}]
    without = parsed(holder.send("GET", "/Me?excludedAttributes=emails"))
    assert "emails" not in without
    assert without["userName"] == "p-1"
    assert holder.send("GET", "/Me?attributes=a&excludedAttributes=b").status_code == 400


def test_what_has_not_changed_is_304(place: Place, platform: Broker) -> None:
    """The entity tag of an answer spares the next one."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    holder = place.holder()
    tag = holder.send("GET", "/Me").headers["ETag"]
    assert holder.send("GET", "/Me", If_None_Match=tag).status_code == 304


def test_whom_only_a_school_vouches_for_sees_what_the_school_sees(place: Place) -> None:
    """Ruling 3: a school's word opens nothing that others wrote about the person."""
    first = place.client(NewClient("first", ("900001",), issuers=(place.issuer.url,)))
    other = place.client(NewClient("other", ("900002",)))
    other.made("/Users", user("private", "x", "900002", insz=INSZ))
    made = first.made("/Users", user("p-1", "e-1", "900001", insz=INSZ))
    body = parsed(place.holder().send("GET", "/Me"))
    assert (body["id"], body["userName"]) == (made["id"], "p-1")
    assert [a["value"] for a in body[USER_EXTENSION]["affiliations"]] == ["900001"]
    everything = parsed(place.holder(rrn=INSZ).send("GET", "/Me"))
    shown = [a["value"] for a in everything[USER_EXTENSION]["affiliations"]]
    assert sorted(shown) == ["900001", "900002"]


def test_who_may_not_sign_in_may_not_read(place: Place, platform: Broker) -> None:
    """Unknown, switched off, blocked, two people for one token: 403 with the sign-in's code."""
    holder = place.holder()
    assert refusal(holder.send("GET", "/Me")) == (403, "unknown_person")
    made = platform.made("/Users", user("p-1", "e-1", "900001"))
    platform.made("/Users", user("p-2", "e-2", "900001"))
    assert holder.send("GET", "/Me").status_code == 200
    both = place.holder(vo_id="e-2")
    assert refusal(both.send("GET", "/Me")) == (403, "identity_conflict")
    off, on = ({"op": "replace", "path": "active", "value": v} for v in (False, True))
    platform.patched(f"/Users/{made['id']}", off)
    assert refusal(holder.send("GET", "/Me")) == (403, "inactive")
    platform.patched(f"/Users/{made['id']}", on)
    block = update(person).values(blocked="by hand").where(person.c.id == made["id"])
    with place.unit() as uow:
        uow.write().run(block)
        uow.commit()
    assert refusal(holder.send("GET", "/Me")) == (403, "inactive")
    kept = place.events("person.read_self")
    assert [outcome for outcome, _ in kept] == ["refused"] * 4
    assert all("p-1" not in str(body) for _, body in kept)


@ON_ONE_ENGINE
def test_a_clients_word_counts_only_where_the_provider_is_trusted(place: Place) -> None:
    """A link of a client that is not bound to the issuer leads to nobody."""
    stranger = place.client(NewClient("stranger", ("900001",)))
    stranger.made("/Users", user("p-1", "e-1", "900001"))
    assert refusal(place.holder().send("GET", "/Me")) == (403, "unknown_person")


@ON_ONE_ENGINE
def test_another_capacity_is_refused(place: Place, platform: Broker) -> None:
    """A target group that cannot sign in cannot read either."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    answer = place.holder(vo_doelgroepcode="EA").send("GET", "/Me")
    assert refusal(answer) == (403, "target_group")


@pytest.mark.usefixtures("platform")
@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("opaque", "claims"),
    [
        (False, {"aud": "https://other.example"}),
        (False, {"aud": "mo"}),
        (False, {"nonce": "n"}),
        (False, {"typ": "ID"}),
        (False, {"exp": 1}),
        (False, {"sub": None}),
        (False, {"sub": " "}),
        (False, {"sub": "x" * 256}),
        (True, {"aud": None, "client_id": "other"}),
        (True, {"aud": ["https://other.example"], "client_id": "other"}),
        (True, {"sub": None}),
        (True, {"exp": 1}),
        (True, {"token_type": "refresh_token"}),
    ],
)
def test_a_token_that_was_not_made_for_us_is_401(
    place: Place, platform: Broker, opaque: bool, claims: dict[str, Any]
) -> None:
    """Another application cannot read with the token that a person gave to it."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    assert place.holder(opaque=opaque, **claims).send("GET", "/Me").status_code == 401


@ON_ONE_ENGINE
def test_an_opaque_token_made_for_our_audience_is_ours(place: Place, platform: Broker) -> None:
    """Whichever application got it: it says that it is for us."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    holder = place.holder(opaque=True, client_id="other", aud=["x", AUDIENCE])
    assert holder.send("GET", "/Me").status_code == 200


@ON_ONE_ENGINE
def test_an_issuer_of_clients_only_says_nothing_of_people(
    place: Place, platform: Broker, signing_key: RSAKey
) -> None:
    """People are known by the providers that they sign in with, and by no other issuer."""
    platform.made("/Users", user("p-1", "e-1", "900001"))
    with Server(signing_key) as other:
        place.client(NewClient("robot", platform=True, oauth=((other.url, "robot"),)))
        claims = {"aud": AUDIENCE, "client_id": "robot", "sub": "p-1"}
        token = other.token(**claims)
        assert Broker(place.app.test_client(), token).send("GET", "/Me").status_code == 401
        machine = other.token(**{**claims, "sub": "robot"})
        assert Broker(place.app.test_client(), machine).send("GET", "/Users").status_code == 200


@ON_ONE_ENGINE
@pytest.mark.parametrize("header", [None, "Basic eDp5", "Bearer mos_x"])
def test_nobody_is_401(place: Place, header: str | None) -> None:
    """Without a credential there is no own record."""
    headers = {} if header is None else {"Authorization": header}
    answer = place.app.test_client().get("/scim/v2/Me", headers=headers)
    assert answer.status_code == 401
