"""Good sign-ins: what a sound provider may do, and what must therefore be accepted."""

from typing import Any, Final

from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.oidc.broker import CLIENT_ID, JSON, Script, half
from tests.oidc.kinds.kind import Kind, Moment, claims, token
from tests.support.jose import public, sign

ACR: Final = "urn:be:vlaanderen:authmech:"
ITSME, EID, PASSWORD = f"{ACR}itsme", f"{ACR}eid", f"{ACR}password"
OTHER = RSAKey.generate_key(2048, parameters={"kid": "k1"})
BIG = RSAKey.generate_key(4096, parameters={"kid": "big"})
EC = ECKey.generate_key("P-256", parameters={"kid": "e1"})
ED = OKPKey.generate_key("Ed25519", parameters={"kid": "o1"})


def now(seconds: float = 0) -> Moment:
    """Return a moment so far from when the kind is played."""
    return Moment(seconds)


def keys(*members: Any) -> dict[str, Any]:  # noqa: ANN401 - a set holds anything
    """Return a change of the published keys."""
    return {"jwks": {"keys": list(members)}}


def mine(script: Script, **changed: object) -> dict[str, Any]:
    """Return the provider's own public key, changed."""
    return public(script.key, **changed)


CLAIMS: Final = [
    Kind("an ordinary sign-in"),
    claims("aud: a list of one", aud=[CLIENT_ID]),
    claims("aud: a list with azp", aud=[CLIENT_ID, "other"], azp=CLIENT_ID),
    claims("aud: us twice", aud=[CLIENT_ID, CLIENT_ID]),
    claims("azp: us", azp=CLIENT_ID),
    claims("exp: a fraction", exp=now(300) + 0.5),
    claims("exp: far away", exp=now(86_400)),
    claims("exp: just over, within the leeway", exp=now(-30)),
    claims("iat: a fraction", iat=now() - 0.25),
    claims("iat: a clock ahead, within the leeway", iat=now(40)),
    claims("iat: some minutes ago", iat=now(-600)),
    claims("nbf: now", nbf=now()),
    claims("nbf: long ago", nbf=1),
    claims("nbf: a clock ahead, within the leeway", nbf=now(40)),
    claims("sub: 255 characters", sub="x" * 255),
    claims("sub: one character", sub="0"),
    claims("sub: a space inside", sub="an peeters"),
    claims("sub: letters of any script", sub="Ünïcødé-名前"),
    claims("sub: with separators", sub="auth0|a:b/c@d"),
    claims("at_hash: fits", at_hash=half("at-1")),
    claims("c_hash: fits", c_hash=half("code-1")),
    claims("s_hash: of another profile", s_hash="AAAA"),
    claims("acr: unknown", acr="urn:mace:incommon:iap:silver"),
    claims("acr: 0", acr="0"),
    claims("acr: empty", acr=""),
    claims("amr: a list", amr=["pwd", "otp"]),
    claims("auth_time: a fraction, unasked", auth_time=now() - 0.5),
    claims("auth_time: text, unasked", auth_time="yesterday"),
    claims("sid: a text", sid="s-1"),
    claims("sid: too long to keep", sid="s" * 5000),
    claims("jti: a text", jti="t-1"),
    claims("claims of the profile", name="An", email="a@b.example", email_verified="true"),
    claims("claims deep and odd", odd={"deep": [[[{"a": None}]]], "n": 1e10, "": ""}),
    claims("many claims", **{f"c{number}": "x" * 100 for number in range(300)}),
    claims("roles: a text", mijnonderwijs_rol_3d="MijnOnderwijsPortaalGebruiker:900001"),
    claims("roles: numbers and objects", mijnonderwijs_rol_3d=[1, {}, None, "x"]),
    claims("capacity: a list", vo_orgcode=["900001", "900002"]),
    claims("capacity: a number", vo_orgcode=900001),
    claims("target group: lower case", vo_doelgroepcode="ov"),
    claims("target group: a list", vo_doelgroepcode=["EA", "OV"]),
    claims("names of claims in capitals", VO_DOELGROEPCODE="OV"),
    claims("session_expiry: later", session_expiry=now(600)),
    claims("session_expiry: a fraction", session_expiry=now(600) + 0.5),
    claims("a link that is a number, beside a good one", rrn=12345),
    claims("a link that is no INSZ, beside a good one", rrn="not a number"),
    claims("nonce_supported: true", nonce_supported=True),
    claims("claims elsewhere", _claim_names={"x": "y"}, _claim_sources={"y": {"JWT": "a.b.c"}}),
]
HEADERS: Final = [
    Kind(f"header: {name}", {"header": header})
    for name, header in {
        "no typ": {"typ": None},
        "typ JWT": {"typ": "JWT"},
        "typ jwt": {"typ": "jwt"},
        "typ application/jwt": {"typ": "application/jwt"},
        "typ id_token+jwt": {"typ": "id_token+jwt"},
        "no kid": {"kid": None},
        "empty kid": {"kid": ""},
        "thumbprints": {"x5t": "abc", "x5t#S256": "def"},
        "a chain of certificates": {"x5c": ["A" * 1500]},
        "an unknown member": {"org.example": {"a": [1]}},
        "cty": {"cty": "JSON"},
    }.items()
]
KEYS: Final = [
    Kind(
        "keys: no kid anywhere",
        {"jwks": lambda s: {"keys": [mine(s, kid=None)]}, "header": {"kid": None}},
    ),
    Kind("keys: a kid in the header only", {"jwks": lambda s: {"keys": [mine(s, kid=None)]}}),
    Kind(
        "keys: decoys that share the kid",
        {"jwks": lambda s: {"keys": [public(OTHER), public(EC, kid="k1"), mine(s)]}},
    ),
    Kind(
        "keys: several without kid",
        {
            "jwks": lambda s: {"keys": [public(OTHER, kid=None), mine(s, kid=None)]},
            "header": {"kid": None},
        },
    ),
    Kind(
        "keys: an encryption key of the same kid",
        {"jwks": lambda s: {"keys": [public(OTHER, use="enc"), mine(s)]}},
    ),
    Kind("keys: neither use nor alg", {"jwks": lambda s: {"keys": [mine(s, use=None, alg=None)]}}),
    Kind(
        "keys: alg and key_ops",
        {"jwks": lambda s: {"keys": [mine(s, alg="RS256", key_ops=["verify"])]}},
    ),
    Kind(
        "keys: unknown kinds beside it",
        {"jwks": lambda s: {"keys": [{"kty": "AKP", "alg": "ML-DSA-44"}, {"kty": "x"}, mine(s)]}},
    ),
    Kind(
        "keys: broken ones beside it",
        {
            "jwks": lambda s: {
                "keys": [
                    None,
                    5,
                    {"kty": "RSA", "n": "!"},
                    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
                    mine(s),
                ]
            }
        },
    ),
    Kind(
        "keys: a secret one beside it",
        {"jwks": lambda s: {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}, mine(s)]}},
    ),
    Kind(
        "keys: certificates in the set",
        {"jwks": lambda s: {"keys": [mine(s, x5c=["AAAA"], x5t="B")], "extra": 1}},
    ),
    Kind(
        "keys: many",
        {"jwks": lambda s: {"keys": [public(OTHER, kid=f"o{n}") for n in range(40)] + [mine(s)]}},
    ),
    token("keys: 4096 bits", lambda s: sign(s.good_claims(), BIG), **keys(public(BIG))),
]
ALGORITHMS: Final = [
    Kind("PS256", {"alg": "PS256"}, variant="PS256"),
    Kind(
        "RS512 with at_hash",
        {"alg": "RS512", "claims": {"at_hash": half("at-1", "sha512")}},
        variant="RS512",
    ),
    Kind("ES256", keys(public(EC)), lambda s: sign(s.good_claims(), EC, "ES256"), variant="ES256"),
    Kind(
        "Ed25519 with at_hash",
        {**keys(public(ED)), "claims": {"at_hash": half("at-1", "sha512")}},
        lambda s: sign(s.good_claims(), ED, "Ed25519"),
        variant="Ed25519",
    ),
]
RESPONSES: Final = [
    Kind(f"token response: {name}", {"token": change})
    for name, change in {
        "bearer": {"token_type": "bearer"},
        "BEARER": {"token_type": "BEARER"},
        "no expires_in": {"expires_in": ...},
        "expires_in as text": {"expires_in": "300"},
        "expires_in 0": {"expires_in": 0},
        "expires_in null": {"expires_in": None},
        "expires_in nonsense": {"expires_in": "soon"},
        "expires_in a list": {"expires_in": [300]},
        "expires_at nonsense": {"expires_at": "x"},
        "a refresh token": {"refresh_token": "rt"},
        "another scope": {"scope": "openid email"},
        "unknown members": {"session_state": "x", "not_before_policy": 0},
    }.items()
]
DOCUMENTS: Final = [
    Kind(f"document: {name}", {"document": change})
    for name, change in {
        "no UserInfo": {"userinfo_endpoint": ...},
        "no end of session": {"end_session_endpoint": ...},
        "null where optional": {"userinfo_endpoint": None},
        "no list of algorithms": {"id_token_signing_alg_values_supported": ...},
        "the form only": {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
        "odd methods": {"token_endpoint_auth_methods_supported": [1, None, "tls_client_auth"]},
        "unknown members": {"x": {"y": [1]}, "device_authorization_endpoint": "http://x/"},
        "claims and scopes": {"claims_supported": "sub", "scopes_supported": ["openid"]},
    }.items()
] + [
    Kind(
        "document: promises no iss and sends none",
        {
            "document": {"authorization_response_iss_parameter_supported": ...},
            "answer": {"iss": None},
        },
    ),
    Kind(
        "document: promises no iss and sends it",
        {"document": {"authorization_response_iss_parameter_supported": False}},
    ),
    Kind(
        "document: the authorization endpoint has a query",
        {"document": lambda s: {"authorization_endpoint": f"{s.issuer}/authorize?tenant=1"}},
    ),
]
ANSWERS: Final = [
    Kind(
        "answer: parameters of others",
        {"answer": {"session_state": "a.b", "scope": "openid", "x": ""}},
    ),
    Kind("answer: client_info of Entra", tail="&client_info=%7B%22a%22%3A1%7D"),
    Kind("answer: an ID token that nobody asked for", {"answer": {"id_token": "a.b.c"}}),
    Kind("answer: a fragment", tail="#access_token=x"),
    Kind("answer: as a form", variant="form"),
    Kind(
        "answer: as a form, with others' parameters",
        {"answer": {"session_state": "a"}},
        variant="form",
    ),
]
_SAID: Final[dict[str, dict[str, Any]]] = {
    "plain": {"userinfo": {"sub": "person-1"}},
    "more claims": {"userinfo": {"sub": "person-1", "name": "An", "groups": [1]}},
    "signed": {
        "answers": lambda s: {
            "userinfo": (
                200,
                {"Content-Type": "application/jwt"},
                sign({"sub": "person-1", "iss": s.issuer, "aud": CLIENT_ID}, s.key),
            )
        }
    },
    "signed, without iss and aud": {
        "answers": lambda s: {
            "userinfo": (
                200,
                {"Content-Type": "application/jwt;charset=utf-8"},
                sign({"sub": "person-1"}, s.key),
            )
        }
    },
    "an unusual type": {
        "answers": {"userinfo": (200, {"Content-Type": "text/json"}, '{"sub": "person-1"}')}
    },
    "a charset": {
        "answers": {
            "userinfo": (
                200,
                {"Content-Type": "application/json; charset=UTF-8"},
                '{"sub": "person-1"}',
            )
        }
    },
}
USERINFO: Final = [
    *(Kind(f"UserInfo: {name}", told, variant="userinfo") for name, told in _SAID.items()),
    Kind(
        "UserInfo: has the link",
        {"claims": {"vo_id": None}, "userinfo": {"sub": "person-1", "vo_id": "8a4d"}},
    ),
    Kind(
        "UserInfo: down, and not required",
        {"answers": {"userinfo": (500, {}, "")}},
        variant="optional userinfo",
    ),
    Kind(
        "UserInfo: no JSON, and not required",
        {"answers": {"userinfo": (200, JSON, "<html>")}},
        variant="optional userinfo",
    ),
]
ASKED: Final = [
    Kind("asked: acr, met exactly", {"claims": {"acr": ITSME}}, query=f"?acr_values={ITSME}"),
    Kind("asked: acr, met by more", {"claims": {"acr": EID}}, query=f"?acr_values={ITSME}"),
    Kind(
        "asked: one of several acr",
        {"claims": {"acr": PASSWORD}},
        query=f"?acr_values={ITSME}+{PASSWORD}",
    ),
    Kind(
        "asked: an acr of the provider's own",
        {"claims": {"acr": "loa-3"}},
        query="?acr_values=loa-3",
    ),
    Kind(
        "asked: max_age, signed in just now", {"claims": {"auth_time": now()}}, query="?max_age=0"
    ),
    Kind("asked: max_age, a fraction", {"claims": {"auth_time": now() - 9.5}}, query="?max_age=60"),
    Kind("asked: max_age, within it", {"claims": {"auth_time": now(-3000)}}, query="?max_age=3600"),
    Kind("asked: prompt and hint", query="?prompt=login&login_hint=an%40school.example"),
    Kind("asked: prompt none", query="?prompt=none"),
    Kind("asked: by the configuration, met", {"claims": {"acr": EID}}, variant="level"),
    Kind(
        "asked: by the configuration, less by the link, met",
        {"claims": {"acr": ITSME}},
        query=f"?acr_values={PASSWORD}",
        variant="level",
    ),
    Kind("asked: a hint in base64 JSON", query="?login_hint=eyJjYXBfaGludCI6IjkwMDAwMSJ9"),
    Kind("asked: unknown wishes", query="?ui_locales=nl&x=1"),
]
GOOD: Final = [
    *CLAIMS,
    *HEADERS,
    *KEYS,
    *ALGORITHMS,
    *RESPONSES,
    *DOCUMENTS,
    *ANSWERS,
    *USERINFO,
    *ASKED,
]
