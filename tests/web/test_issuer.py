"""An issuer speaks for itself only."""

import time

import pytest

from mo_web.access_token import AccessTokens, Rules
from mo_web.faults import ProviderTrouble, TokenRefused
from mo_web.fetch import get_json
from mo_web.issuer import Issuers
from tests.web.issuer import AUDIENCE, Issuer


def test_a_token_of_another_issuer_with_the_same_keys_is_refused(issuer: Issuer) -> None:
    """Issuers that share their keys, as tenants of one service do, do not speak for each other."""
    rules = Rules((AUDIENCE,), ("RS256",), 30)
    tokens = AccessTokens(Issuers(get_json, time.monotonic, plain_http=True), rules)
    assert tokens.verify(issuer.token(), issuer.url).claims["sub"] == "robot"
    with pytest.raises(TokenRefused, match="issuer"):
        tokens.verify(issuer.token(iss="https://other.example"), issuer.url)


@pytest.mark.parametrize("url", ["http://broker.example", "ftp://broker.example", "nonsense"])
def test_an_issuer_without_a_safe_address_is_never_asked(url: str) -> None:
    """https, or http on loopback."""
    with pytest.raises(ProviderTrouble, match="discovery_forbidden_url"):
        Issuers(get_json, time.monotonic, plain_http=True).keys_of(url)


def test_http_on_loopback_is_for_services_on_loopback_only(issuer: Issuer) -> None:
    """A service with an https address asks nobody over http."""
    with pytest.raises(ProviderTrouble, match="discovery_forbidden_url"):
        Issuers(get_json, time.monotonic, plain_http=False).keys_of(issuer.url)
    assert issuer.calls == []
