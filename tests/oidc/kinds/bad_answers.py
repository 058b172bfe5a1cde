"""Defective documents, keys, answers and endpoints, and people who may not come in."""

import json
from typing import Any, Final
from urllib.parse import quote

from tests.oidc.broker import JSON, Answer, Script
from tests.oidc.kinds.good import EC, OTHER, mine
from tests.oidc.kinds.kind import Kind
from tests.support.jose import public

JWT: Final = {"Content-Type": "application/jwt"}
NONSENSE: Final[dict[str, Answer | Exception]] = {
    "HTML": (200, {"Content-Type": "text/html"}, "<html>"),
    "a list": (200, JSON, "[]"),
    "null": (200, JSON, "null"),
    "a text": (200, JSON, '"x"'),
    "nothing": (200, JSON, ""),
    "a member twice": (200, JSON, '{"a": 1, "a": 2}'),
    "NaN": (200, JSON, '{"a": NaN}'),
    "cut off": (200, JSON, '{"a": '),
    "too large": (200, JSON, json.dumps({"a": "x" * 300_000})),
    "404": (404, JSON, "{}"),
    "401": (401, JSON, "{}"),
    "429": (429, {}, ""),
    "500": (500, {}, "oops"),
    "503": (503, {}, ""),
    "a redirect": (302, {"Location": "https://evil.example/"}, ""),
    "a redirect that keeps the method": (307, {"Location": "https://evil.example/"}, ""),
    "no connection": OSError("down"),
}
_ENDPOINTS: Final = [
    Kind(f"{step}: {name}", {"answers": {step: answer}})
    for step in ("discovery", "jwks", "token")
    for name, answer in NONSENSE.items()
]
_ADDRESSES: Final[dict[str, Any]] = {
    "missing": ...,
    "javascript": "javascript:alert(1)",
    "data": "data:text/html,x",
    "relative": "/authorize",
    "without https": "http://broker.example/x",
    "ftp": "ftp://broker.example/x",
    "with a user": "https://a:b@broker.example/",
    "with a fragment": "https://broker.example/x#y",
    "a list": ["https://broker.example/x"],
    "a number": 5,
    "a space": "https://broker.example/ x",
}
_DOCUMENTS: Final = (
    [
        Kind(f"document: {name} {told}", {"document": {name: value}}, code=f"discovery_{name}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        for told, value in _ADDRESSES.items()
    ]
    + [
        Kind(f"document: issuer {told}", {"document": {"issuer": value}}, code="discovery_issuer")
        for told, value in {
            "missing": ...,
            "another": "https://evil.example",
            "null": None,
            "a list": ["https://broker.example"],
            "in capitals": "HTTPS://BROKER.EXAMPLE",
            "with a query": "https://broker.example?x",
        }.items()
    ]
    + [
        Kind(
            "document: issuer with a slash",
            {"document": lambda s: {"issuer": f"{s.issuer}/"}},
            code="discovery_issuer",
        ),
        Kind(
            "document: UserInfo is no address", {"document": {"userinfo_endpoint": "javascript:1"}}
        ),
        Kind(
            "document: end of session is no address",
            {"document": {"end_session_endpoint": "javascript:1"}},
        ),
    ]
)


def _short(script: Script) -> dict[str, Any]:
    """Return a key that looks like the provider's, of 1024 bits."""
    return mine(script, n=mine(script)["n"][:171])


_KEYS: Final = [
    Kind("keys: none", {"jwks": {"keys": []}}, code="signature"),
    Kind("keys: no list", {"jwks": {"keys": {}}}, code="keys_no_set"),
    Kind("keys: no member", {"jwks": {"x": []}}, code="keys_no_set"),
    Kind(
        "keys: for encryption only",
        {"jwks": lambda s: {"keys": [mine(s, use="enc")]}},
        code="signature",
    ),
    Kind(
        "keys: for signing only",
        {"jwks": lambda s: {"keys": [mine(s, use=None, key_ops=["sign"])]}},
        code="signature",
    ),
    Kind("keys: too short", {"jwks": lambda s: {"keys": [_short(s)]}}, code="signature"),
    Kind(
        "keys: of another algorithm",
        {"jwks": lambda s: {"keys": [mine(s, alg="PS256")]}},
        code="signature",
    ),
    Kind("keys: another's", {"jwks": {"keys": [public(OTHER)]}}, code="signature"),
    Kind("keys: another kind", {"jwks": {"keys": [public(EC, kid="k1")]}}, code="signature"),
    Kind(
        "keys: a secret",
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}},
        code="signature",
    ),
    Kind(
        "keys: an exponent that is none",
        {"jwks": lambda s: {"keys": [mine(s, e="AQ")]}},
        code="signature",
    ),
]
_TOKENS: Final = [
    Kind(f"token response: {name}", {"token": change}, code=code)
    for name, (change, code) in {
        "no access token": ({"access_token": ...}, "access_token_missing"),
        "access token null": ({"access_token": None}, "access_token_missing"),
        "access token empty": ({"access_token": ""}, "access_token_missing"),
        "access token a number": ({"access_token": 5}, "access_token_missing"),
        "no token type": ({"token_type": ...}, "token_type"),
        "token type DPoP": ({"token_type": "DPoP"}, "token_type"),
        "token type mac": ({"token_type": "mac"}, "token_type"),
        "token type a list": ({"token_type": ["Bearer"]}, "token_type"),
        "ID token null": ({"id_token": None}, "id_token_missing"),
        "ID token empty": ({"id_token": ""}, "id_token_missing"),
        "ID token a list": ({"id_token": ["a.b.c"]}, "id_token_missing"),
        "ID token an object": ({"id_token": {}}, "id_token_missing"),
        "an error in a good answer": ({"error": "invalid_grant"}, "code_refused"),
    }.items()
] + [
    Kind(
        f"token endpoint refuses: {error}",
        {"answers": {"token": (400, JSON, json.dumps({"error": error}))}},
        code=code,
    )
    for error, code in {
        "invalid_grant": "code_refused",
        "invalid_request": "code_refused",
        "invalid_client": "token_refused",
        "unauthorized_client": "token_refused",
        "unsupported_grant_type": "token_refused",
        "invalid_scope": "token_refused",
        "something else": "token_refused",
    }.items()
]
_ERRORS: Final = [
    Kind(
        f"answer: error {error}",
        {"answer": {"error": error, "code": None}},
        code=f"provider_{known}",
    )
    for error, known in {
        **{name: name for name in ("access_denied", "login_required", "interaction_required")},
        **{name: name for name in ("consent_required", "account_selection_required")},
        **{name: name for name in ("temporarily_unavailable", "server_error", "invalid_scope")},
        **{name: name for name in ("invalid_request", "unauthorized_client")},
        "unmet_authentication_requirements": "unmet_authentication_requirements",
        "made_up": "error",
        "<script>": "error",
        "": "error",
    }.items()
]
_ANSWERS: Final = [
    Kind(
        "answer: error beside a code",
        {"answer": {"error": "access_denied"}},
        code="provider_access_denied",
    ),
    Kind(
        "answer: another iss", {"answer": {"iss": "https://evil.example"}}, code="response_issuer"
    ),
    Kind("answer: an empty iss", {"answer": {"iss": ""}}, code="response_issuer"),
    Kind(
        "answer: no iss, though promised", {"answer": {"iss": None}}, code="response_issuer_missing"
    ),
    Kind(
        "answer: no iss, though promised, and an error",
        {"answer": {"iss": None, "error": "access_denied"}},
        code="response_issuer_missing",
    ),
    Kind(
        "answer: iss with a slash",
        {"answer": lambda s: {"iss": f"{s.issuer}/"}},
        code="response_issuer",
    ),
    Kind(
        "answer: another iss, though nothing was promised",
        {
            "document": {"authorization_response_iss_parameter_supported": ...},
            "answer": {"iss": "https://evil.example"},
        },
        code="response_issuer",
    ),
    Kind("answer: no state", {"answer": {"state": None}}, code="state_missing"),
    Kind("answer: an empty state", {"answer": {"state": ""}}, code="state_missing"),
    Kind("answer: an unknown state", {"answer": {"state": "s" * 43}}, code="state_unknown"),
    Kind("answer: no code", {"answer": {"code": None}}, code="code_missing"),
    Kind("answer: an empty code", {"answer": {"code": ""}}, code="code_missing"),
    Kind("answer: a code with a NUL", {"answer": {"code": "a\x00b"}}, code="code_missing"),
    Kind(
        "answer: as a form, a code that is too long",
        {"answer": {"code": "a" * 9000}},
        variant="form",
        code="parameter_too_long",
    ),
    Kind(
        "answer: a code of somebody else",
        {
            "answer": {"code": "code-x"},
            "answers": {"token": (400, JSON, '{"error": "invalid_grant"}')},
        },
        code="code_refused",
    ),
    Kind("answer: two codes", tail="&code=other", code="parameter_repeated"),
    Kind("answer: the same code twice", tail="&code=code-1", code="parameter_repeated"),
    Kind("answer: two states", tail="&state=other", code="parameter_repeated"),
    Kind(
        "answer: two iss", tail=f"&iss={quote('https://evil.example')}", code="parameter_repeated"
    ),
    Kind("answer: something unknown twice", tail="&x=1&x=1", code="parameter_repeated"),
    Kind(
        "answer: heaps of parameters",
        tail="".join(f"&p{n}=1" for n in range(60)),
        code="parameter_too_long",
    ),
    Kind(
        "answer: as a form, with an error",
        {"answer": {"error": "login_required", "code": None}},
        variant="form",
        code="provider_login_required",
    ),
    Kind(
        "answer: as a form, another iss",
        {"answer": {"iss": "https://evil.example"}},
        variant="form",
        code="response_issuer",
    ),
    Kind(
        "answer: as a form, no state",
        {"answer": {"state": None}},
        variant="form",
        code="state_missing",
    ),
]
BAD_ANSWERS: Final = [*_ENDPOINTS, *_DOCUMENTS, *_KEYS, *_TOKENS, *_ERRORS, *_ANSWERS]
