"""The fixtures of the doors, for tests that attack them."""

from tests.oidc.conftest import (  # noqa: F401 - pytest finds fixtures by their names
    clock,
    ec_key,
    ed_key,
    make_site,
    mocked,
    other_rsa_key,
    provider,
    rsa_key,
    script,
    settings,
    site,
)
