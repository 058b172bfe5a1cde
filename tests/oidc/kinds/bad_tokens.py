"""Defective ID tokens: every claim, header, key and signature that must not sign anybody in."""

import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, ISSUER, Script, half
from tests.oidc.kinds.good import EC, OTHER, mine, now
from tests.oidc.kinds.kind import Kind, claims, each, token
from tests.support.jose import b64, public, sign

P384 = ECKey.generate_key("P-384", parameters={"kid": "e1"})
TYPES: Final[dict[str, Any]] = {
    "null": None,
    "a number": 7,
    "true": True,
    "a list": ["x"],
    "an object": {"a": "b"},
    "empty": "",
}
TIMES: Final[dict[str, Any]] = {
    "text": "1700000000",
    "true": True,
    "a list": [1],
    "an object": {},
    "negative": -1,
    "beyond any clock": 1 << 60,
}


def _without(types: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in types.items() if name not in names}


_CLAIMS: Final = [
    # None leaves a claim out of the token.
    *each("iss", "iss", TYPES, "issuer"),
    *each("sub", "sub", TYPES, "subject"),
    *each("aud", "aud", TYPES, "audience"),
    *each("nonce", "nonce", TYPES, "nonce"),
    *each("azp", "azp", _without(TYPES, "null"), "authorized_party"),
    *each("at_hash", "at_hash", _without(TYPES, "null"), "access_token_hash"),
    *each("c_hash", "c_hash", _without(TYPES, "null"), "code_hash"),
    *each("acr", "acr", _without(TYPES, "null", "empty"), "acr"),
    *each("exp", "exp", {**TIMES, "missing": None, "over": 1}),
    *each("iat", "iat", {**TIMES, "missing": None, "long ago": 1}),
    *each("nbf", "nbf", {**TIMES, "to come": 1 << 40}),
    *each("session_expiry", "session_expiry", {**TIMES, "over": 1}),
    claims("iss: with a slash", "issuer", iss=f"{ISSUER}/"),
    claims("iss: another", "issuer", iss="https://evil.example"),
    claims("iss: another case", "issuer", iss=ISSUER.upper()),
    claims("iss: http", "issuer", iss=ISSUER.replace("https", "http") + "x"),
    claims("iss: ours in front", "issuer", iss=f"{ISSUER}.evil.example"),
    claims("iss: a list with ours", "issuer", iss=[ISSUER]),
    claims("sub: spaces", "subject", sub="   "),
    claims("sub: a line end", "subject", sub="person-1\n"),
    claims("sub: a NUL", "subject", sub="person-1\x00"),
    claims("sub: too long", "subject", sub="x" * 256),
    claims("aud: another", "audience", aud="other"),
    claims("aud: another, azp us", "audience", aud="other", azp=CLIENT_ID),
    claims("aud: others, azp us", "audience", aud=["a", "b"], azp=CLIENT_ID),
    claims("aud: an empty list", "audience", aud=[]),
    claims("aud: an empty list, azp us", "audience", aud=[], azp=CLIENT_ID),
    claims("aud: ours inside a text", "audience", aud=f"x {CLIENT_ID} y"),
    claims("aud: another case", "audience", aud=CLIENT_ID.upper()),
    claims("aud: us and a number", "audience", aud=[CLIENT_ID, 1]),
    claims("aud: us in a list in a list", "audience", aud=[[CLIENT_ID]]),
    claims("aud: us and a stranger", "audience_stranger", aud=[CLIENT_ID, "other"]),
    claims("aud: us and a stranger, azp the stranger", aud=[CLIENT_ID, "other"], azp="other"),
    claims("azp: another", "authorized_party", azp="other"),
    claims("exp: over beyond the leeway", "expired", exp=now(-90)),
    claims("iat: a day ago", "issued_long_ago", iat=now(-86_400)),
    claims("iat: to come", "issued_in_future", iat=now(300)),
    claims("nonce: of another sign-in", "nonce", nonce="n" * 43),
    claims("nonce: none, by the token's own word", "nonce", nonce=None, nonce_supported=False),
    claims("at_hash: of another token", "access_token_hash", at_hash=half("other")),
    claims("at_hash: the whole hash", "access_token_hash", at_hash="A" * 43),
    claims("at_hash: of another algorithm", "access_token_hash", at_hash=half("at-1", "sha512")),
    claims("c_hash: of another code", "code_hash", c_hash=half("code-x")),
]
_HEADERS: Final = [
    Kind(f"header: {name}", {"header": header}, code=code)
    for name, (header, code) in {
        "jwk": ({"jwk": public(OTHER)}, "header_member"),
        "jku": ({"jku": "https://evil.example/jwks"}, "header_member"),
        "x5u": ({"x5u": "https://evil.example/x"}, "header_member"),
        "crit unknown": ({"crit": ["exp"], "exp": 1}, "header_member"),
        "crit known": ({"crit": ["kid"]}, "header_member"),
        "crit empty": ({"crit": []}, "header_member"),
        "b64 false": ({"b64": False, "crit": ["b64"]}, "header_member"),
        "b64 false, not critical": ({"b64": False}, "header_member"),
        "b64 true": ({"b64": True}, "header_member"),
        "typ logout+jwt": ({"typ": "logout+jwt"}, "type"),
        "typ at+jwt": ({"typ": "at+jwt"}, "type"),
        "typ secevent+jwt": ({"typ": "secevent+jwt"}, "type"),
        "typ dpop+jwt": ({"typ": "dpop+jwt"}, "type"),
        "typ a number": ({"typ": 1}, "type"),
        "typ a list": ({"typ": ["JWT"]}, "type"),
        "kid a number": ({"kid": 1}, "kid"),
        "kid a list": ({"kid": ["k1"]}, "kid"),
        "kid unknown": ({"kid": "unknown"}, "signature"),
        "kid a path": ({"kid": "../../dev/null"}, "signature"),
        "kid a query": ({"kid": "k1' or '1'='1"}, "signature"),
        "too long": ({"x": "y" * 9000}, "signature"),
    }.items()
]


def forged(header: object, signature: str = "AA") -> Callable[[Script], str]:
    """Return a maker of a token with this header and a signature that is none."""

    def make(script: Script) -> str:
        head = b64(json.dumps(header).encode())
        return f"{head}.{b64(json.dumps(script.good_claims()).encode())}.{signature}"

    return make


def hmac_with(secret: Callable[[Script], bytes], alg: str = "HS256") -> Callable[[Script], str]:
    """Return a maker of a token that is signed symmetrically."""

    def make(script: Script) -> str:
        head = b64(json.dumps({"alg": alg, "kid": "k1"}).encode())
        signing = f"{head}.{b64(json.dumps(script.good_claims()).encode())}"
        mac = hmac.digest(secret(script), signing.encode(), f"sha{alg[-3:]}")
        return f"{signing}.{b64(mac)}"

    return make


def _pem(script: Script) -> bytes:
    key = script.key
    return key.as_pem(private=False) if isinstance(key, RSAKey) else b""


def edited(change: Callable[[list[str]], str]) -> Callable[[Script], str]:
    """Return a maker of a sound token whose segments are then changed."""
    return lambda script: change(script.plain_id_token().split("."))


def payload(change: Callable[[str], str | bytes]) -> Callable[[Script], str]:
    """Return a maker of a token that is soundly signed over an unsound text."""

    def make(script: Script) -> str:
        body = change(json.dumps(script.good_claims()))
        raw = body.encode() if isinstance(body, str) else body
        return _signed(raw, script)

    return make


def _signed(raw: bytes, script: Script) -> str:
    signing = f"{b64(json.dumps({'alg': 'RS256', 'kid': 'k1'}).encode())}.{b64(raw)}"
    made = jws.JWSRegistry.algorithms["RS256"].sign(signing.encode(), script.key)
    return f"{signing}.{b64(made)}"


def _relabelled(script: Script) -> str:
    signed = sign(script.good_claims(), P384, "ES384").split(".")
    return ".".join((b64(b'{"alg":"ES256","kid":"e1"}'), *signed[1:]))


_ALGORITHMS: Final = [
    *(
        token(f"alg {alg!r}", forged({"alg": alg, "kid": "k1"}), "algorithm")
        for alg in (
            "none",
            "None",
            "NONE",
            "nOnE",
            "rs256",
            "RS256 ",
            "RS1",
            "HS256",
            "A128KW",
            "dir",
            "",
        )
    ),
    *(
        token(f"alg {alg!r}", forged({"alg": alg}), "algorithm")
        for alg in (None, 5, ["RS256"], {"a": 1}, True)
    ),
    token("no alg", forged({"kid": "k1"}), "algorithm"),
    token("alg none, no signature", forged({"alg": "none"}, ""), "token_form"),
    *(
        token(
            f"{alg} with the public key (PEM)",
            hmac_with(_pem, alg),
            "algorithm",
        )
        for alg in ("HS256", "HS384", "HS512")
    ),
    token(
        "HS256 with the public key (JWK)",
        hmac_with(lambda s: json.dumps(mine(s)).encode()),
        "algorithm",
    ),
    token("HS256 with our secret", hmac_with(lambda _: CLIENT_SECRET.encode()), "algorithm"),
    token("HS256 with an empty key", hmac_with(lambda _: b""), "algorithm"),
    token(
        "HS256 with a key that is published",
        lambda s: sign(s.good_claims(), OctKey.import_key("x" * 40, {"kid": "k1"}), "HS256"),
        "algorithm",
    ),
    token("PS256, not agreed", lambda s: sign(s.good_claims(), s.key, "PS256"), "algorithm"),
    token(
        "ES256, not agreed",
        lambda s: sign(s.good_claims(), EC, "ES256"),
        "algorithm",
        jwks=lambda s: {"keys": [mine(s), public(EC)]},
    ),
]
_SIGNATURES: Final = [
    token("a key that is not published", lambda s: sign(s.good_claims(), OTHER), "signature"),
    token("no signature", edited(lambda p: f"{p[0]}.{p[1]}."), "token_form"),
    token("a short signature", edited(lambda p: f"{p[0]}.{p[1]}.{p[2][:-8]}"), "signature"),
    token("a long signature", edited(lambda p: f"{p[0]}.{p[1]}.{p[2]}AAAA"), "signature"),
    token("zeroes", edited(lambda p: f"{p[0]}.{p[1]}.{'A' * 342}"), "signature"),
    token(
        "of another payload",
        lambda s: ".".join(
            (
                *s.plain_id_token().split(".")[:1],
                b64(json.dumps({**s.good_claims(), "x": 1}).encode()),
                s.plain_id_token().split(".")[2],
            )
        ),
        "signature",
    ),
    token(
        "another header",
        lambda s: ".".join(
            (b64(b'{"alg":"RS256","kid":"k1","x":1}'), *s.plain_id_token().split(".")[1:])
        ),
        "signature",
    ),
    token("padding", edited(lambda p: f"{p[0]}.{p[1]}.{p[2]}=="), "token_form"),
    token("a space", edited(lambda p: f"{p[0]}. {p[1]}.{p[2]}"), "token_form"),
    token("a line end", edited(lambda p: f"{p[0]}.{p[1]}.{p[2]}\n"), "token_form"),
    token("two segments", edited(lambda p: f"{p[0]}.{p[1]}"), "token_form"),
    token("four segments", edited(lambda p: f"{p[0]}.{p[1]}.{p[2]}.{p[2]}"), "token_form"),
    token(
        "five segments, as if encrypted", edited(lambda p: ".".join([*p, "a", "b"])), "token_form"
    ),
    token(
        "the JSON form",
        edited(lambda p: json.dumps({"protected": p[0], "payload": p[1], "signature": p[2]})),
        "token_form",
    ),
    token("a token in a token", lambda s: sign(s.plain_id_token(), s.key), "payload_json"),
    token("letters that are no ASCII", edited(lambda p: f"{p[0]}é.{p[1]}.{p[2]}"), "token_form"),
    token("too long", edited(lambda p: f"{p[0]}.{'A' * 200_000}.{p[2]}"), "token_form"),
    token(
        "a header with a member twice",
        lambda s: ".".join(
            (b64(b'{"alg":"none","alg":"RS256","kid":"k1"}'), *s.plain_id_token().split(".")[1:])
        ),
        "header_json",
    ),
    token(
        "a header that is a list",
        lambda s: ".".join((b64(b'["RS256"]'), *s.plain_id_token().split(".")[1:])),
        "header_json",
    ),
    token("ES256 of another curve", _relabelled, "algorithm"),
]


_ES256: Final = [
    Kind(
        "ES256: a signature of zeroes",
        {"jwks": {"keys": [public(EC)]}},
        lambda s: ".".join((*sign(s.good_claims(), EC, "ES256").split(".")[:2], "A" * 86)),
        variant="ES256",
        code="signature",
    ),
    Kind(
        "ES256: a key of another curve",
        {"jwks": {"keys": [public(P384)]}},
        _relabelled,
        variant="ES256",
        code="signature",
    ),
    Kind("ES256: agreed, RS256 sent", variant="ES256", code="algorithm"),
    Kind("PS256: agreed, RS256 sent", variant="PS256", code="algorithm"),
    Kind("Ed25519: agreed, RS256 sent", variant="Ed25519", code="algorithm"),
]
_PAYLOADS: Final = [
    token(f"payload: {name}", payload(change), code)
    for name, (change, code) in {
        "a list": (lambda body: f"[{body}]", "payload_json"),
        "a text": (lambda _: '"x"', "payload_json"),
        "null": (lambda _: "null", "payload_json"),
        "a number": (lambda _: "5", "payload_json"),
        "an empty object": (lambda _: "{}", "issuer"),
        "a member twice": (lambda body: body[:-1] + ', "sub": "person-2"}', "payload_json"),
        "a member twice, deep": (
            lambda body: body[:-1] + ', "x": {"a": 1, "a": 2}}',
            "payload_json",
        ),
        "NaN": (lambda body: body[:-1] + ', "x": NaN}', "payload_json"),
        "Infinity": (
            lambda body: body.replace('"exp": ', '"exp": Infinity, "y": '),
            "payload_json",
        ),
        "a number out of range": (lambda body: body[:-1] + ', "x": 1e999}', "payload_json"),
        "cut off": (lambda body: body[:-5], "payload_json"),
        "something behind it": (lambda body: body + "x", "payload_json"),
        "nested without end": (lambda _: "[" * 40_000, "payload_json"),
        "no UTF-8": (lambda body: body.encode() + b"\xff", "payload_json"),
        "UTF-16": (lambda body: body.encode("utf-16"), "payload_json"),
        "a byte order mark": (lambda body: "\ufeff" + body, "payload_json"),
        "Python's own": (lambda _: "{'sub': 'person-1'}", "payload_json"),
    }.items()
]
BAD_TOKENS: Final = [*_CLAIMS, *_HEADERS, *_ALGORITHMS, *_SIGNATURES, *_ES256, *_PAYLOADS]
