"""``/Me`` for somebody whom only a sign-in made: the own record, while the mode lets them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from mo_access.domain.model import Document
from mo_access.service import blocks, claimed_sign_in, people
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.claimed_sign_in import Claimed
from mo_access.service.clients import NewClient, by_token
from mo_access.service.provider_people import Described
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from mo_scim.blueprint import door
from mo_web.app import create_app
from tests.scim.conftest import parsed
from tests.scim.endpoints.test_me import INSZ, KEYS, Place, refusal, signing_key
from tests.web.issuer import Issuer, Server

__all__ = ["signing_key"]
HOUR = 3_600_000_000
NAME: Document = {"name": {"givenName": "An", "familyName": "Peeters"}}
Make = Callable[[str], Place]


@pytest.fixture
def make(
    database: Database, unit_of: Callable[[], UnitOfWork], tmp_path: Path, signing_key: RSAKey
) -> Iterator[Make]:
    """Give a maker of the service whose provider has this mode."""
    with Server(signing_key) as issuer:
        yield lambda mode: _place(mode, issuer, database, unit_of, tmp_path)


def _place(
    mode: str, issuer: Issuer, database: Database, unit: Callable[[], UnitOfWork], var: Path
) -> Place:
    settings = Settings(
        var=var,
        database_url=database.url,
        secret_key="a-secret-key-of-the-tests-0123456789",
        base_url="http://localhost",
        oidc_issuer=issuer.url,
        oidc_client_id="mo",
        oidc_client_secret="provider-secret",
        oidc_link="vo_id:externalId rrn:insz",
        oidc_mode=mode,
    )
    return Place(create_app(settings, database, KEYS, [door()]), issuer, unit)


def entered(place: Place, subject: str = "p-1", insz: str | None = INSZ) -> str:
    """Let somebody sign in by claims; return the person."""
    pairs = () if insz is None else ((insz, "insz"),)
    with place.unit() as uow:
        said = SignIn("broker", place.issuer.url, subject, pairs, "token", uow.now + HOUR)
        claimed = Claimed("jit", Described(NAME, "an", insz, pairs), ClaimedRights(HOUR, ()))
        who = claimed_sign_in.enter(uow, said, claimed).person
        uow.commit()
    return who


def shown(place: Place, **claims: Any) -> dict[str, Any]:  # noqa: ANN401 - a test may say anything
    """Return what the holder of a token reads."""
    return parsed(place.holder(**claims).send("GET", "/Me"))


def why_not(place: Place, **claims: Any) -> tuple[int, str]:  # noqa: ANN401 - as above
    """Return the status and the code of a refusal."""
    return refusal(place.holder(**claims).send("GET", "/Me"))


@pytest.mark.parametrize("mode", ["jit", "hybrid"])
def test_whom_a_sign_in_made_reads_what_it_wrote(make: Make, mode: str) -> None:
    """Names and what they are called, never the number; another subject is nobody."""
    place = make(mode)
    who = entered(place)
    body = shown(place)
    assert (body["id"], body["userName"], body["externalId"]) == (who, "an", "p-1")
    assert body["name"] == NAME["name"]
    assert INSZ not in str(body)
    assert why_not(place, sub="p-2") == (403, "unknown_person")


def test_a_token_makes_nobody(make: Make) -> None:
    """Reading is no sign-in."""
    place = make("jit")
    assert why_not(place) == (403, "unknown_person")
    with place.unit() as uow:
        assert uow.conn.all(select(func.count()).select_from(person)) == [(0,)]


def test_in_mode_scim_they_are_unknown(make: Make) -> None:
    """As at a sign-in: nothing that claims made lets in where claims may not."""
    entered(make("jit"))
    assert why_not(make("scim")) == (403, "unknown_person")


@pytest.mark.parametrize("how", ["blocked", "off"])
def test_who_may_not_sign_in_may_not_read(make: Make, how: str) -> None:
    """Under a block, or switched off by the platform."""
    place = make("jit")
    who = entered(place)
    platform = place.client(NewClient("platform", platform=True))
    if how == "off":
        platform.patched(f"/Users/{who}", {"op": "replace", "path": "active", "value": False})
    else:
        with place.unit() as uow:
            blocks.block_person(uow, who, "Onderzoek")
            uow.commit()
    assert why_not(place) == (403, "inactive")


def test_a_blocked_record_that_is_gone_is_not_theirs(make: Make) -> None:
    """Who is called as a human under a block, whom the records no longer tell, reads nothing."""
    place = make("jit")
    entered(place, insz=None)
    broker = place.client(NewClient("p", platform=True, issuers=(place.issuer.url,)))
    made = broker.made("/Users", {"userName": "x", "externalId": "e-1"})["id"]
    with place.unit() as uow:
        blocks.block_person(uow, made, "Onderzoek")
        actor = by_token(uow, broker.token)
        assert actor is not None
        people.delete(uow, actor, made, lambda _view: None)
        uow.commit()
    assert why_not(place, vo_id="e-1") == (403, "inactive")
    assert shown(place)["userName"] == "an"


def test_a_registration_comes_first(make: Make) -> None:
    """Whom a client that the provider trusts registered apart is who it is, as at a sign-in."""
    place = make("jit")
    entered(place, insz=None)
    broker = place.client(NewClient("p", platform=True, issuers=(place.issuer.url,)))
    made = broker.made("/Users", {"userName": "x", "externalId": "e-1"})["id"]
    assert shown(place, vo_id="e-1")["id"] == made


def test_a_number_as_subject(make: Make) -> None:
    """It leads to whom it made, and is not told."""
    place = make("jit")
    who = entered(place, INSZ, insz=None)
    body = shown(place, sub=INSZ)
    assert body["id"] == who
    assert INSZ not in str(body)
