"""Providers whose certificate is of an authority of one's own (`ca_file`), in real TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from joserfc.jwk import RSAKey

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc import pushed, revocation, token_endpoint
from mo_oidc.errors import FlowRefused
from mo_oidc.id_token import VerifiedClaims
from mo_oidc.provider import Provider
from mo_oidc.providers import made
from mo_web import app
from mo_web.errors import TryLater
from mo_web.faults import Fault, TokenRefused
from mo_web.fetch import FetchError, FetchFault, bound, get_json
from mo_web.introspection import Introspector
from mo_web.tls import Tls
from mo_web.turnstile import Turnstile
from tests.support.certificates import Certified, certified
from tests.support.jose import sign
from tests.support.tls_peer import Peer, served

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def authority(tmp_path: Path) -> Certified:
    """The authority of one's own."""
    return certified(tmp_path, "authority", "authority.example")


@pytest.fixture
def stranger(tmp_path: Path) -> Certified:
    """Another authority, of the same name."""
    return certified(tmp_path, "stranger", "authority.example")


@pytest.fixture
def peer(tmp_path: Path, authority: Certified) -> Iterator[Peer]:
    """A provider with a certificate of the authority."""
    with served(certified(tmp_path, "peer", "peer.example", authority)) as running:
        running.documents[DISCOVERY] = {
            "issuer": running.url,
            "authorization_endpoint": f"{running.url}/authorize",
            "token_endpoint": f"{running.url}/token",
            "userinfo_endpoint": f"{running.url}/userinfo",
            "jwks_uri": f"{running.url}/keys",
            "pushed_authorization_request_endpoint": f"{running.url}/par",
            "introspection_endpoint": f"{running.url}/introspect",
            "revocation_endpoint": f"{running.url}/revoke",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        yield running


@pytest.fixture
def told(peer: Peer, settings: Settings) -> Callable[[str | None], Settings]:
    """Give a maker of settings with that provider, which believe an authority or none."""
    usual = settings.model_dump(exclude_unset=True)
    return lambda ca_file: Settings(**{**usual, "oidc_issuer": peer.url, "ca_file": ca_file})


def test_the_authority_of_the_setting_is_believed(peer: Peer, authority: Certified) -> None:
    """Nobody else's signature opens the way, and it is not opened without the setting."""
    assert get_json(peer.url + DISCOVERY, tls=Tls(authorities=authority.file))["issuer"]
    with pytest.raises(FetchError) as refused:
        get_json(peer.url + DISCOVERY)
    assert refused.value.fault is FetchFault.UNREACHABLE
    assert peer.asked == [DISCOVERY]


def test_another_authority_is_not_believed(peer: Peer, stranger: Certified) -> None:
    """It has the same name, and not the key."""
    with pytest.raises(FetchError) as refused:
        get_json(peer.url + DISCOVERY, tls=Tls(authorities=stranger.file))
    assert (refused.value.fault, peer.asked) == (FetchFault.UNREACHABLE, [])


def test_a_certificate_of_the_authority_for_another_name_is_refused(
    peer: Peer, authority: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is checked as with public authorities."""
    monkeypatch.setattr("mo_web.lookup.ask_system", _this_machine)
    other = peer.url.replace("127.0.0.1", "elsewhere.example")
    with pytest.raises(FetchError) as refused:
        get_json(other + DISCOVERY, tls=Tls(authorities=authority.file))
    assert (refused.value.fault, peer.asked) == (FetchFault.UNREACHABLE, [])


def _this_machine(*_: object) -> list[object]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


def test_the_public_authorities_are_still_believed(
    tmp_path: Path, peer: Peer, authority: Certified, stranger: Certified
) -> None:
    """The setting adds: here another authority stands in for the public ones."""
    with (
        served(certified(tmp_path, "public", "public.example", stranger)) as public,
        bound(requests.Session(), tls=Tls(authorities=authority.file)) as session,
    ):
        session.verify = stranger.file
        assert session.get(public.url + "/").json() == {}
        assert session.get(peer.url + "/").json() == {}


def test_a_file_that_breaks_stops_requests_and_nothing_else(
    peer: Peer, authority: Certified
) -> None:
    """It is read for each connection: one that is gone is as a provider that is down."""
    Path(authority.file).write_text("", encoding="utf-8")
    with pytest.raises(FetchError) as refused:
        get_json(peer.url + DISCOVERY, tls=Tls(authorities=authority.file))
    assert (refused.value.fault, peer.asked) == (FetchFault.UNREACHABLE, [])


def _discovery(provider: Provider) -> object:
    return provider.metadata()


def _keys(provider: Provider) -> object:
    return provider.keys()


def _par(provider: Provider) -> object:
    return pushed.pushed(provider, {})


def _token(provider: Provider) -> object:
    return token_endpoint.exchange(provider, "code", "verifier", "https://mo.example")


def _renewal(provider: Provider) -> object:
    return token_endpoint.renew(provider, "refresh-token")


def _userinfo(provider: Provider) -> object:
    return token_endpoint.with_userinfo(provider, VerifiedClaims({"sub": "an"}), "access-token")


def _revocation(provider: Provider) -> object:
    return revocation.revoke(provider, f"{provider.config.issuer}/revoke", "refresh-token")


STEPS: dict[str, tuple[Callable[[Provider], object], dict[str, object]]] = {
    DISCOVERY: (_discovery, {}),
    "/keys": (_keys, {}),
    "/par": (_par, {}),
    "/token": (_token, {}),
    "/token again": (_renewal, {}),
    "/userinfo": (_userinfo, {}),
    "/userinfo in a form": (_userinfo, {"oidc_userinfo_by": "body"}),
    "/revoke": (_revocation, {}),
}


@pytest.mark.parametrize("step", STEPS)
def test_every_request_of_a_sign_in_believes_it(
    told: Callable[[str | None], Settings], peer: Peer, authority: Certified, step: str
) -> None:
    """With the setting each arrives, whatever the answer is then worth; without it none does."""
    ask, habits = STEPS[step]
    for ca_file, arrives in ((None, False), (authority.file, True)):
        chosen = told(ca_file)
        chosen = Settings(**{**chosen.model_dump(exclude_unset=True), **habits})
        (provider,) = made(chosen).all
        with suppress(Fault, TokenRefused, FlowRefused):
            ask(provider)
        assert (step.split(maxsplit=1)[0] in peer.asked) is arrives


def test_asking_about_an_opaque_token_believes_it(
    told: Callable[[str | None], Settings], peer: Peer, authority: Certified
) -> None:
    """Both the document and the question itself (RFC 7662)."""
    with pytest.raises(TryLater):
        Introspector(told(None).providers, 0).token("opaque")
    with pytest.raises(TokenRefused):
        Introspector(told(None).providers, 0, ca_file=authority.file).token("opaque")
    assert peer.asked == [DISCOVERY, "/introspect"]


@pytest.mark.parametrize("believed", [True, False])
def test_an_application_asks_its_brokers_with_it(
    told: Callable[[str | None], Settings],
    peer: Peer,
    authority: Certified,
    rsa_key: RSAKey,
    *,
    believed: bool,
) -> None:
    """Opaque tokens are asked about, and the keys of JWT access tokens are fetched."""
    chosen, keys = told(authority.file if believed else None), KeyRing({"k1": bytes(32)}, "k1")
    parts = app._parts(chosen, Database(chosen.database_url), keys)
    with pytest.raises(TokenRefused if believed else TryLater):
        parts.introspector.token("opaque")
    token = sign({"iss": peer.url}, rsa_key, typ="at+jwt")
    with pytest.raises(Fault):
        app._access_tokens(chosen, Turnstile()).verify(token, peer.url)
    expected = [DISCOVERY, "/introspect", DISCOVERY, "/keys"]
    assert peer.asked == (expected if believed else [])
