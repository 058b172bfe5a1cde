"""Who sends, and that nobody else can: client assertions, DPoP and pushed requests, one by one."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from mo_access.client_keys import ClientKey
from mo_oidc import dpop, token_endpoint
from mo_oidc.dpop import DpopKey
from mo_oidc.provider import Provider
from mo_web.client_auth import Credentials
from mo_web.faults import ProviderTrouble
from mo_web.fetch import get_json
from tests.oidc.broker import CLIENT_ID, ISSUER, JSON, Answer, Clock, Script, config, form_of
from tests.oidc.fapi_broker import unb64, verified
from tests.oidc.modules.fapi import SETTINGS, guarded
from tests.oidc.site import Site
from tests.oidc.way import asked, begin, fault, sign_in
from tests.oidc.world import World


@pytest.fixture
def bound(script: Script, clock: Clock) -> Provider:
    """A provider whose tokens are bound by DPoP, with a secret as ever."""
    script.token["token_type"] = "DPoP"
    return Provider(config(dpop=True), get_json, clock)


@pytest.fixture
def pushing(script: Script, clock: Clock) -> Provider:
    """A provider that takes pushed requests."""
    script.document["pushed_authorization_request_endpoint"] = f"{ISSUER}/par"
    return Provider(config(par=True), get_json, clock)


def asking(nonce: str | None, status: int = 400) -> Answer:
    """Return an answer that asks for a nonce."""
    given = {} if nonce is None else {"DPoP-Nonce": nonce}
    return status, {**JSON, **given}, json.dumps({"error": "use_dpop_nonce"})


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified."""
    claims: dict[str, Any] = json.loads(unb64(token.split(".")[1]))
    return claims


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048), ECKey.generate_key("P-256")])
def test_an_assertion_is_for_the_issuer_alone(key: RSAKey | ECKey) -> None:
    """`aud` is the issuer as one text (rfc7523bis), a minute long, with a new `jti` each time."""
    algorithm = "PS256" if isinstance(key, RSAKey) else "ES256"
    credentials = Credentials(
        ISSUER, CLIENT_ID, way="private_key_jwt", key=ClientKey(key, algorithm)
    )
    forms = [credentials.shown("private_key_jwt").form for _ in range(2)]
    told = [verified(form["client_assertion"], key, (algorithm,)) for form in forms]
    assert {claims["aud"] for claims in told} == {ISSUER}
    assert {(c["iss"], c["sub"], c["exp"] - c["iat"]) for c in told} == {(CLIENT_ID, CLIENT_ID, 60)}
    assert told[0]["jti"] != told[1]["jti"]
    assert forms[0]["client_assertion"] not in repr(credentials.shown("private_key_jwt"))


@pytest.mark.parametrize("status", [400, 401])
def test_a_nonce_is_met_once(bound: Provider, script: Script, status: int) -> None:
    """A provider that asks for ever is asked twice, and the second proof holds its nonce."""
    script.answers["token"] = asking("n-1", status)
    assert fault(bound, script) == ("token_dpop_nonce", 502)
    proofs = [claims_of(str(r.headers["DPoP"])) for r in script.requests if r.headers.get("DPoP")]
    assert [claims.get("nonce") for claims in proofs] == [None, "n-1"]
    assert proofs[0]["jti"] != proofs[1]["jti"]


@pytest.mark.parametrize("nonce", [None, "", "a b", 'a"b', "é", "x" * 513])
def test_a_nonce_that_is_none(bound: Provider, script: Script, nonce: str | None) -> None:
    """What asks for a nonce and gives none that may be used is not asked again."""
    script.answers["token"] = asking(nonce)
    assert fault(bound, script) == ("token_dpop_nonce", 502)
    assert script.calls.count("token") == 1


def test_the_last_nonce_is_used_next_time(bound: Provider, script: Script) -> None:
    """A nonce that comes with a good answer spares the next sign-in a request."""
    script.answers["token"] = asking("n-7")
    fault(bound, script)
    del script.answers["token"]
    script.calls.clear()
    sign_in(bound, script)
    assert script.calls.count("token") == 1
    proof = [str(r.headers["DPoP"]) for r in script.requests if r.headers.get("DPoP")][-1]
    assert claims_of(proof)["nonce"] == "n-7"


@pytest.mark.parametrize("kind", ["Bearer", "", None, 1, "dpop bearer"])
def test_a_token_that_is_not_bound_is_refused(
    bound: Provider, script: Script, kind: object
) -> None:
    """A bearer token where a bound one was asked is a downgrade."""
    script.token["token_type"] = kind
    assert fault(bound, script) == ("token_type", 502)


def test_a_bound_token_that_nobody_asked_for(provider: Provider, script: Script) -> None:
    """Without the key nothing can be done with it."""
    script.token["token_type"] = "DPoP"
    assert fault(provider, script) == ("token_type", 502)


def test_each_sign_in_has_its_own_key(bound: Provider, script: Script) -> None:
    """Two sessions are never told to be the same browser by their key."""
    script.refresh = {}
    held = [sign_in(bound, script).refresh_token for _ in range(2)]
    opened = [dpop.opened(value or "") for value in held]
    assert [token for token, _ in opened] == ["rt-1", "rt-2"]
    thumbprints = {key.key.thumbprint() for _, key in opened if key is not None}
    assert len(thumbprints) == 2


def test_what_is_kept_is_opened_again() -> None:
    """With its key, without one, and what only looks like it."""
    key = DpopKey.fresh()
    token, found = dpop.opened(dpop.kept("rt", key))
    assert (token, found and found.key.thumbprint()) == ("rt", key.key.thumbprint())
    assert dpop.opened(dpop.kept("rt", None)) == ("rt", None)
    for odd in ("\x01dpop ", "\x01dpop []", '\x01dpop ["a", {}]', '\x01dpop ["a", 1]'):
        assert dpop.opened(odd) == (odd, None)
    assert str(key.key.as_dict(private=True)["d"]) not in repr(key)


def test_a_proof_leaves_out_the_query() -> None:
    """`htu` is the address without query and fragment (RFC 9449 §4.2)."""
    proof = DpopKey.fresh().proof("GET", "https://op.example:8443/u?x=1#f")
    assert claims_of(proof)["htu"] == "https://op.example:8443/u"
    assert abs(claims_of(proof)["iat"] - time.time()) < 5


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        ((200, JSON, "{}"), "par_request_uri", 502),
        ((201, JSON, '{"request_uri": ""}'), "par_request_uri", 502),
        ((201, JSON, '{"request_uri": 1}'), "par_request_uri", 502),
        ((201, JSON, json.dumps({"request_uri": "u" * 2049})), "par_request_uri", 502),
        ((201, JSON, json.dumps({"request_uri": "a\nb"})), "par_request_uri", 502),
        ((400, JSON, '{"error": "invalid_request"}'), "par_refused", 502),
        ((401, JSON, '{"error": "invalid_client"}'), "par_refused", 502),
        ((201, JSON, '{"error": "x", "request_uri": "u"}'), "par_refused", 502),
        ((404, {}, "<html>"), "par_not_json", 502),
        ((201, JSON, "[]"), "par_not_json", 502),
        ((500, JSON, "{}"), "par_status", 502),
        ((429, JSON, "{}"), "par_status", 503),
        ((307, {"Location": f"{ISSUER}/x"}, ""), "par_redirect", 502),
        (ConnectionError(), "par_unreachable", 503),
    ],
)
def test_a_pushed_request_in_trouble(
    pushing: Provider, script: Script, answer: Answer | Exception, code: str, status: int
) -> None:
    """Told by its code; the browser is sent nowhere."""
    script.answers["par"] = answer
    with pytest.raises(ProviderTrouble) as stopped:
        begin(pushing)
    assert (stopped.value.code, stopped.value.status) == (code, status)


def test_a_provider_without_the_endpoint(script: Script, clock: Clock) -> None:
    """Asked for in the settings, and not offered: the request is not sent in the open instead."""
    assert script.document
    with pytest.raises(ProviderTrouble) as stopped:
        begin(Provider(config(par=True), get_json, clock))
    assert stopped.value.code == "discovery_pushed_authorization_request_endpoint"


@pytest.mark.usefixtures("pushing")
def test_a_provider_that_demands_it_gets_it(provider: Provider, script: Script) -> None:
    """Told or not in the settings; the secret goes in the header, as at the token endpoint."""
    script.document["require_pushed_authorization_requests"] = True
    assert sign_in(provider, script).next_url == "/"
    at = script.calls.index("par")
    assert str(script.requests[at].headers["Authorization"]).startswith("Basic ")
    assert "client_secret" not in form_of(script.requests[at])
    assert form_of(script.requests[at])["code_challenge_method"] == "S256"


@pytest.fixture
def transport() -> str:
    """In this process."""
    return "process"


def test_a_nonce_at_renewal(make_world: Callable[[dict[str, object]], World]) -> None:
    """A refresh is answered by a nonce as well; the key is still that of the session."""
    world = make_world({**SETTINGS, "oidc_refresh": True})
    world.register()
    guard = guarded(world)
    world.script.refresh = {}
    agent = world.agent()
    assert agent.sign_in().status == 302
    began = guard.jkt
    world.let_time_pass()
    assert agent.signed_in
    assert (guard.jkt, guard.faults, world.script.good_refresh) == (began, [], "rt-2")


def test_another_key_at_renewal_ends_the_session(
    make_world: Callable[[dict[str, object]], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider above would notice: this is what the test before it relies on."""
    world = make_world({**SETTINGS, "oidc_refresh": True})
    world.register()
    guard = guarded(world)
    guard.nonces = False
    world.script.refresh = {}
    agent = world.agent()
    assert agent.sign_in().status == 302
    monkeypatch.setattr(token_endpoint, "_key", lambda *_: DpopKey.fresh())
    world.let_time_pass()
    agent.me()
    assert any("key" in told for told in guard.faults)


def test_nothing_secret_is_told(
    make_world: Callable[[dict[str, object]], World], listen: Callable[[], io.StringIO]
) -> None:
    """Neither key, nor assertion, nor proof stands in the log or in the clear in the database."""
    world = make_world({**SETTINGS, "oidc_refresh": True})
    world.register()
    guarded(world)
    world.script.refresh = {}
    written = listen()
    assert world.agent().sign_in().status == 302
    sent = [form_of(r).get("client_assertion", "") for r in world.script.requests]
    proofs = [str(r.headers.get("DPoP", "")) for r in world.script.requests]
    secrets = [value for value in sent + proofs if value]
    assert len(secrets) > 3
    assert not [value for value in secrets if value in written.getvalue()]
    [[sealed]] = world.site.rows("select refresh_sealed from session")
    assert b"dpop" not in sealed
    assert b'"d"' not in sealed


def test_our_keys_are_published(
    make_world: Callable[[dict[str, object]], World], site: Site
) -> None:
    """Public members only, once for each key; a service with a secret alone publishes none."""
    [key] = json.loads(make_world(dict(SETTINGS)).agent().get("/oidc/jwks").text)["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert key["alg"] == "PS256"
    assert site.browser().get("/oidc/jwks").get_json() == {"keys": []}


def test_the_next_key_is_published_before_it_signs(
    make_world: Callable[[dict[str, object]], World], tmp_path: Path
) -> None:
    """So that a provider that keeps our keys knows it when its turn comes."""
    now, then = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [k.as_dict(private=True) for k in (now, then)]}))
    world = make_world({**SETTINGS, "oidc_client_key_file": str(file)})
    page = world.agent().get("/oidc/jwks")
    told = json.loads(page.text)["keys"]
    assert page.headers["Cache-Control"] == "no-store"
    assert [key["kid"] for key in told] == [now.thumbprint(), then.thumbprint()]
    assert not [key for key in told if {"d", "p", "q"} & set(key)]


@pytest.mark.parametrize("token", ["€", "é", "a\x00", "a\nb"])
@pytest.mark.parametrize("binds", [True, False])
def test_an_access_token_that_no_header_holds(
    script: Script, clock: Clock, token: str, binds: bool
) -> None:
    """UserInfo is not asked, and nothing breaks."""
    script.token = {"access_token": token, "token_type": "DPoP" if binds else "Bearer"}
    provider = Provider(config(dpop=binds, userinfo=True), get_json, clock)
    assert fault(provider, script) == ("access_token_form", 502)
    assert "userinfo" not in script.calls


@pytest.mark.parametrize("binds", [True, False])
def test_a_refresh_token_of_odd_signs(
    make_world: Callable[[dict[str, object]], World], binds: bool
) -> None:
    """It is as if there were none: the sign-in is good, and nothing breaks."""
    world = make_world({"oidc_refresh": True, "oidc_dpop": binds})
    world.register()
    kind = "DPoP" if binds else "Bearer"
    world.script.token |= {"token_type": kind, "refresh_token": "\x01dpop é"}
    assert world.agent().sign_in().status == 302
    assert world.site.rows("select refresh_sealed from session") == [(None,)]


@pytest.mark.parametrize("name", ["sid", "acr", "vo_id", "vo_orgcode", "sub"])
def test_half_a_character_in_a_claim(site: Site, name: str) -> None:
    """A lone surrogate, which no database holds, refuses the token; a whole pair does not."""
    site.person(site.client())
    site.script.claims = {name: "a\ud800"}
    refused = site.browser().sign_in()
    assert (refused.status_code, "payload_json" in refused.text) == (400, True)
    site.script.claims = {"sid": "\U0001f600"}
    assert site.browser().sign_in().status_code == 302


def test_half_a_character_in_a_token_response(provider: Provider, script: Script) -> None:
    """It is no JSON that one may send."""
    script.token["access_token"] = "\ud800"
    assert fault(provider, script) == ("token_not_json", 502)


def test_the_browser_carries_a_reference_only(pushing: Provider, script: Script) -> None:
    """Neither state nor nonce nor wishes stand in the address (RFC 9126 §4)."""
    started = begin(pushing)
    [uri] = script.pushed
    assert asked(started) == {"client_id": CLIENT_ID, "request_uri": uri}
    assert script.pushed[uri]["state"] == started.state
