"""How a refresh token is given back, and what comes of every answer (RFC 7009)."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from mo_access.client_keys import ClientKey
from mo_access.settings import Settings
from mo_oidc.door import giving_back
from mo_oidc.metadata import read_metadata
from mo_web.fetch import FetchError, FetchFault
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, ISSUER, Answer, Script, form_of
from tests.oidc.fapi_broker import verified
from tests.oidc.revocation_kit import by_operator, outcomes, signed_in, taking_back
from tests.oidc.test_measures import lines
from tests.oidc.world import World

OVER = "update session set seen = 1"


@pytest.fixture
def lone(
    settings: Settings, script: Script, sqlite_template: Path, tmp_path: Path
) -> Iterator[World]:
    """The same on one engine, for what no database takes part in."""
    shutil.copy(sqlite_template, tmp_path / "mo.sqlite")
    with taking_back(settings, script, settings.database_url) as made:
        yield made


def test_the_request(lone: World) -> None:
    """A form with the token and what it is, as who we are at the token endpoint (§2.1)."""
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    request = lone.script.requests[-1]
    assert (request.method, request.url) == ("POST", f"{ISSUER}/revoke")
    assert form_of(request) == {"token": "rt-1", "token_type_hint": "refresh_token"}
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("transport", ["http"], indirect=True)
def test_over_real_http(make_world: Callable[[dict[str, object]], World]) -> None:
    """The same before a provider on a port of its own."""
    world = make_world({"oidc_refresh": True})
    world.register()
    world.script.refresh = {}
    world.script.document["revocation_endpoint"] = f"{world.script.issuer}/revoke"
    signed_in(world).get("/oidc/logout")
    assert outcomes(world) == {"ok": 1.0}
    assert world.script.revoked == ["rt-1"]


def test_another_way_to_say_who_we_are(lone: World) -> None:
    """What the document says of this endpoint counts before what it says of the other."""
    lone.script.document["revocation_endpoint_auth_methods_supported"] = ["client_secret_post"]
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    request = lone.script.requests[-1]
    assert "Authorization" not in request.headers
    told = form_of(request)
    assert (told["client_id"], told["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)


def test_an_assertion_is_for_the_issuer(lone: World) -> None:
    """With `private_key_jwt` the audience is the issuer here too, never the endpoint."""
    key = ECKey.generate_key("P-256")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    signed_in(lone).get("/oidc/logout")
    way = {"client_auth": "private_key_jwt", "client_key": ClientKey(key, "ES256")}
    provider.config = replace(provider.config, **way)
    outcomes(lone)
    claims = verified(form_of(lone.script.requests[-1])["client_assertion"], key, ("ES256",))
    assert (claims["aud"], claims["iss"]) == (ISSUER, CLIENT_ID)


def test_with_a_certificate_at_its_own_address() -> None:
    """The alias for clients with a certificate is taken, by them alone (RFC 8705 §5)."""
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint")
    document: dict[str, Any] = {name: f"{ISSUER}/{name}" for name in names}
    alias = "https://mtls.broker.example/revoke"
    document |= {"issuer": ISSUER, "mtls_endpoint_aliases": {"revocation_endpoint": alias}}
    told = [read_metadata(document, ISSUER, certificate=has) for has in (True, False)]
    wanted = [alias, document["revocation_endpoint"]]
    assert [metadata.revocation_endpoint for metadata in told] == wanted


@pytest.mark.parametrize("address", [None, "", 7, "http://broker.example/revoke", "ftp://x", "é"])
def test_no_endpoint_or_an_odd_one(lone: World, address: object) -> None:
    """Signing in goes on as ever; nothing is sent anywhere."""
    lone.script.document["revocation_endpoint"] = address
    agent = signed_in(lone)
    assert agent.get("/oidc/logout").status == 302
    assert outcomes(lone) == {"no_endpoint": 1.0}
    assert "revocation" not in lone.script.calls


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((204, {}, ""), "ok"),
        ((200, {}, "not json"), "ok"),
        ((400, {}, '{"error": "unsupported_token_type"}'), "revocation_refused"),
        ((401, {}, '{"error": "invalid_client"}'), "revocation_refused"),
        ((403, {}, "<html>rt-1</html>"), "revocation_refused"),
        ((404, {}, ""), "revocation_refused"),
    ],
)
def test_every_answer_has_a_code(lone: World, answer: Answer, code: str) -> None:
    """What the provider decided is final, whatever it answers."""
    lone.script.answers["revocation"] = answer
    signed_in(lone).get("/oidc/logout")
    assert outcomes(lone) == {code: 1.0}
    assert lone.script.calls.count("revocation") == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((503, {"Retry-After": "3600"}, ""), "revocation_status"),
        ((500, {}, ""), "revocation_status"),
        ((429, {}, ""), "revocation_status"),
        ((302, {"Location": "https://evil.example"}, ""), "revocation_redirect"),
        ((200, {}, "x" * 300_000), "revocation_too_large"),
        (requests.ConnectTimeout(), "revocation_timeout"),
        (requests.ConnectionError(), "revocation_unreachable"),
    ],
)
def test_trouble_is_tried_again_and_stops_nobody(
    lone: World, answer: Answer | Exception, code: str, listen: Callable[[], io.StringIO]
) -> None:
    """A slow, huge, absent or failing provider: signed out at once, the token goes back later."""
    log = listen()
    lone.script.answers["revocation"] = answer
    agent = signed_in(lone)
    assert agent.get("/oidc/logout").status == 302
    giving = giving_back(lone.site.app)
    assert giving.step()
    assert not giving.step()
    (line,) = lines(log.getvalue(), "token_revocation_postponed")
    assert (line["code"], line["provider"], bool(line["request_id"])) == (code, "broker", True)
    assert lone.script.calls.count("revocation") == 1


def test_the_document_may_be_away_too(lone: World) -> None:
    """A provider that cannot be found any more is trouble like another."""
    signed_in(lone).get("/oidc/logout")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    lone.site.app.extensions["mo_oidc"].all = (
        type(provider)(provider.config, _unreachable, lambda: 0.0),
    )
    assert outcomes(lone) == {}
    assert "revocation" not in lone.script.calls


def _unreachable(_url: str) -> dict[str, object]:
    raise FetchError(FetchFault.UNREACHABLE)


def test_never_to_another_provider(lone: World) -> None:
    """A name that means another issuer by now is not sent what the first one gave."""
    signed_in(lone).get("/oidc/logout")
    (provider,) = lone.site.app.extensions["mo_oidc"].all
    provider.config = replace(provider.config, issuer="https://other.example")
    assert outcomes(lone) == {"provider_unknown": 1.0}
    assert "revocation" not in lone.script.calls


def test_a_token_without_its_key(lone: World) -> None:
    """A key that is gone: a code, and nothing is sent."""
    signed_in(lone)
    lone.site.execute("update session set refresh_sealed = id_token_sealed")
    lone.agent()
    by_operator(lone, lone.agents[0])
    assert outcomes(lone) == {"seal_broken": 1.0}


def test_nothing_secret_is_logged(lone: World, listen: Callable[[], io.StringIO]) -> None:
    """One line with the code, the provider and the request that ended the session."""
    log = listen()
    signed_in(lone).get("/oidc/logout")
    outcomes(lone)
    (line,) = lines(log.getvalue(), "token_revocation")
    (ended,) = lines(log.getvalue(), "logout")
    assert (line["code"], line["provider"]) == ("ok", "broker")
    assert line["request_id"] == ended["request_id"]
    assert "rt-" not in log.getvalue()
    assert "rt-" not in json.dumps(lone.site.events("session.end"))
