"""What hypothesis makes of tokens, answers, keys and documents: near the good, and far from it."""

from typing import Any

from hypothesis import strategies as st

from tests.oidc.fuzz.targets import CLIENT, GOOD_ID, GOOD_LOGOUT, ISSUER, KEY, NONCE, STATE
from tests.support.jose import public

_texts = st.text(max_size=12) | st.sampled_from(
    [
        "",
        " ",
        CLIENT,
        ISSUER,
        NONCE,
        STATE,
        "person-1",
        "RS256",
        "none",
        "k1",
        "\x00",
        "\ufeff",
        "é",
    ]
)
_numbers = st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False, allow_infinity=False)
_leaves = st.none() | st.booleans() | _numbers | _texts
anything = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3)
)
_edges = st.sampled_from([-3661, -3660, -61, -60, -59, 0, 59, 60, 61])
_moments = st.fixed_dictionaries({"from_now": _edges | st.integers(-200_000, 200_000)})
_odd = anything | _moments | st.just("<none>")
_near: dict[str, st.SearchStrategy[Any]] = {
    "iss": st.sampled_from([ISSUER, f"{ISSUER}/", ISSUER.upper(), [ISSUER]]),
    "aud": st.sampled_from([CLIENT, [CLIENT], [CLIENT, "x"], [], ["x"], "x"])
    | st.lists(_texts, max_size=3),
    "azp": st.sampled_from([CLIENT, "x", ""]),
    "nonce": st.sampled_from([NONCE, "n", [NONCE]]),
    "sub": st.text(max_size=260),
    "sid": st.text(max_size=260),
    "jti": st.text(max_size=260),
    "exp": _moments,
    "iat": _moments,
    "nbf": _moments,
    "acr": _texts,
    "events": st.sampled_from([{}, {"x": {}}, [], None]),
}


def _claims(names: list[str]) -> st.SearchStrategy[dict[str, object]]:
    each = {name: _near.get(name, anything) | _odd for name in names}
    return st.fixed_dictionaries({}, optional=each)


_headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "cty", "x"]),
    st.sampled_from(
        ["RS256", "none", "HS256", "k1", "JWT", "logout+jwt", "at+jwt", "<none>", [], 1, None]
    )
    | anything,
    max_size=2,
)
_signatures = st.none() | st.text("AZaz09-_", max_size=350)


def _token(names: list[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {"claims": _claims(names)}, optional={"header": _headers, "signature": _signatures}
    )


_extra = ["azp", "nbf", "acr", "sid", "nonce"]
id_tokens = _token([*GOOD_ID, *_extra])
logout_tokens = _token([*GOOD_LOGOUT, *_extra])
_segment = st.text("AZaz09-_=. \n", max_size=30) | st.binary(max_size=30).map(lambda b: b.hex())
texts = st.fixed_dictionaries(
    {"text": anything | st.text() | st.lists(_segment, min_size=1, max_size=6).map(".".join)}
)
_names = st.sampled_from(["code", "state", "iss", "error", "x", "id_token"]) | st.text(max_size=3)
_values = st.sampled_from([STATE, ISSUER, "c", "", "access_denied"]) | st.text(max_size=20)
_pairs = st.lists(st.tuples(_names, _values).map(list), max_size=6)
_base = [["code", "c"], ["state", STATE], ["iss", ISSUER]]
answers = st.fixed_dictionaries(
    {"pairs": _pairs | _pairs.map(lambda more: [*_base, *more]) | st.permutations(_base)}
)
_good_key = public(KEY)
_members = st.dictionaries(
    st.sampled_from(["kty", "n", "e", "crv", "x", "y", "kid", "use", "alg", "key_ops", "d", "k"]),
    st.sampled_from(["RSA", "EC", "OKP", "oct", "AQAB", "P-256", "Ed25519", "sig", "enc", "AA"])
    | anything,
    max_size=6,
)
_keys = _members | _members.map(lambda odd: {**_good_key, **odd}) | anything
key_sets = st.fixed_dictionaries(
    {"document": st.fixed_dictionaries({"keys": st.lists(_keys, max_size=4)}) | anything}
) | st.fixed_dictionaries({"text": st.text()})
_addresses = st.sampled_from(
    [
        f"{ISSUER}/x",
        "http://127.0.0.1/",
        "javascript:alert(1)",
        "//x",
        "https://a@b/",
        "https://x:99999/",
    ]
) | st.text(max_size=30).map(lambda rest: f"https://{rest}")
_good_document = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/a",
    "token_endpoint": f"{ISSUER}/t",
    "jwks_uri": f"{ISSUER}/j",
}
_OPTIONAL = (
    "userinfo_endpoint",
    "end_session_endpoint",
    "token_endpoint_auth_methods_supported",
)
_document = st.dictionaries(
    st.sampled_from(
        [
            *_good_document,
            "userinfo_endpoint",
            "end_session_endpoint",
            "token_endpoint_auth_methods_supported",
        ]
    ),
    _addresses | anything,
    max_size=4,
)
documents = st.fixed_dictionaries(
    {"document": _document | _document.map(lambda odd: {**_good_document, **odd}) | anything}
) | st.fixed_dictionaries({"text": st.text()})
STRATEGIES = {
    "id_token": id_tokens,
    "logout_token": logout_tokens,
    "text": texts,
    "answer": answers,
    "keys": key_sets,
    "document": documents,
}
