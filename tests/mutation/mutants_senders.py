"""Checks of how we say who we are, and of tokens that are bound to us, that must not go missing.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_TESTS, _MODULES = "tests/oidc/test_sender.py", "tests/oidc/test_modules.py"
_RULES, _RULE_TESTS = "mo_access/provider_rules.py", "tests/access/test_provider_rules.py"
_MTLS = "tests/oidc/test_mutual_tls.py"
_FETCH, _PRIVATE = "mo_web/fetch.py", "tests/oidc/test_private_authority.py"
_CA, _CA_TESTS = "mo_access/authorities.py", "tests/access/test_authorities.py"
_TOKEN, _DPOP, _FLOW = "mo_oidc/token_endpoint.py", "mo_oidc/dpop.py", "mo_oidc/flow.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_TOKEN, 'wanted = "bearer" if key is None else "dpop"', 'wanted = "bearer"', _TESTS),
    (_TOKEN, "return (known or DpopKey.fresh())", "return DpopKey.fresh()", _TESTS),
    (_TOKEN, "session = bound(made, tls=config.tls)", "session = bound(made)", _MTLS),
    (_FETCH, "    session.cert = tls.certificate\n", "", _MTLS),
    (_FETCH, 'host["scheme"] == "https"', 'host["scheme"] == "http"', _PRIVATE),
    (_FETCH, "(requests.Session(), seconds, tls)", "(requests.Session(), seconds)", _PRIVATE),
    (_FETCH, "bound(requests.Session(), tls=tls)", "bound(requests.Session())", _PRIVATE),
    ("mo_web/tls.py", "    context.load_verify_locations(cafile=authorities)\n", "", _PRIVATE),
    ("mo_access/settings.py", "        authorities.check(self.ca_file)\n", "", _CA_TESTS),
    (
        _CA,
        '    if not found.cert_store_stats()["x509_ca"]:',
        "    if False:",
        _CA_TESTS,
    ),
    (_DPOP, '            claims["ath"] = _hash(access_token)\n', "            pass\n", _MODULES),
    (_DPOP, '            claims["nonce"] = nonce\n', "            pass\n", _TESTS),
    (_DPOP, "self.key.as_dict(private=False)", "self.key.as_dict(private=True)", _MODULES),
    (_DPOP, '_replace(query="", fragment="")', "_replace()", _TESTS),
    (_FLOW, "required=metadata.sends_iss or fapi2", "required=metadata.sends_iss", _MODULES),
    (
        _FLOW,
        "        query = pushed(provider, query)\n",
        "        pushed(provider, query)\n",
        _TESTS,
    ),
    ("mo_oidc/id_token.py", "(azp != ours or case.config.fapi2)", "azp != ours", _MODULES),
    (_TOKEN, "if not access_token.isascii() or", "if", _TESTS),
    ("mo_web/strict_json.py", "        _refuse_half_characters(text, value)\n", "", _TESTS),
    ("mo_web/client_auth.py", '"aud": self.issuer,', '"aud": [self.issuer],', _TESTS),
    (_FETCH, "                cert=cert,  #", "                cert=None,  #", _MTLS),
    ("mo_access/client_keys.py", "    if not key.is_private:", "    if False:", _RULE_TESTS),
    (
        "mo_access/client_keys.py",
        "self.key.as_dict(private=False)",
        "self.key.as_dict(private=True)",
        _RULE_TESTS,
    ),
    ("mo_oidc/client_jwks.py", "in (first, *first.others)", "in (first,)", _TESTS),
    (_RULES, "    if told.client_auth not in {KEY, TLS}:", "    if False:", _RULE_TESTS),
    (_RULES, "set(told.algorithms) - FAPI_ALGORITHMS", "set()", _RULE_TESTS),
)
