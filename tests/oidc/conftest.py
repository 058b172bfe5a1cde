"""Fixtures of the sign-in tests: keys, a scripted provider, and our view of it."""

from collections.abc import Iterator

import pytest
import responses
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mo_oidc.provider import Provider
from mo_web.fetch import get_json
from tests.oidc.broker import Clock, Script, config


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """The provider's usual signing key."""
    return RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})


@pytest.fixture(scope="session")
def other_rsa_key() -> RSAKey:
    """A key that the provider did not publish, or publishes later."""
    return RSAKey.generate_key(2048, parameters={"kid": "k2", "use": "sig"})


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    """A P-256 key."""
    return ECKey.generate_key("P-256", parameters={"kid": "e1"})


@pytest.fixture(scope="session")
def ed_key() -> OKPKey:
    """An Ed25519 key."""
    return OKPKey.generate_key("Ed25519", parameters={"kid": "o1"})


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    """Stand in for the network: only scripted addresses answer."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def script(rsa_key: RSAKey, mocked: responses.RequestsMock) -> Script:
    """An ordinary provider, ready to be led astray."""
    return Script(rsa_key, mocked)


@pytest.fixture
def clock() -> Clock:
    """The clock of the provider's caches."""
    return Clock()


@pytest.fixture
def provider(script: Script, clock: Clock) -> Provider:
    """The scripted provider as our side knows it."""
    return Provider(config(), get_json, clock)
