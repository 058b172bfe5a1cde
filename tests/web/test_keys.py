"""Keys one by one: what is never used, and which may have made a signature."""

import pytest
from joserfc.jwk import ECKey, RSAKey

from mo_web.keys import candidates, read_keys
from tests.support.jose import b64, public


@pytest.mark.filterwarnings("ignore")
def test_a_short_rsa_key_is_never_used() -> None:
    """A 1024-bit key in the set verifies nothing."""
    assert read_keys({"keys": [public(RSAKey.generate_key(1024))]}) == ()


def test_a_monstrous_rsa_key_is_never_used() -> None:
    """A modulus that would take seconds to verify with is left out."""
    assert read_keys({"keys": [{"kty": "RSA", "n": b64(b"\xff" * 2048), "e": "AQAB"}]}) == ()


def test_candidates_by_kid_type_and_algorithm(rsa_key: RSAKey, other_rsa_key: RSAKey) -> None:
    """A shared kid is told apart by type; without a kid every fitting key is tried."""
    ec_key = ECKey.generate_key("P-256")
    keys = read_keys(
        {
            "keys": [
                public(ec_key, kid="k1"),
                public(rsa_key),
                public(other_rsa_key, alg="PS256"),
                public(other_rsa_key, kid=None),
            ]
        }
    )
    assert candidates(keys, "k1", "RS256") == (keys[1], keys[3])
    assert candidates(keys, None, "RS256") == (keys[1], keys[3])
    assert candidates(keys, "k2", "PS256") == (keys[2], keys[3])
    assert candidates(keys, "k1", "ES256") == (keys[0],)
    assert candidates(keys, "k1", "ES384") == ()
