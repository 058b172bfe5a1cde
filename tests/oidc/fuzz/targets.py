"""What is fuzzed: each target plays one input and raises when a promise is broken.

Nothing but our own refusals; nothing accepted that the oracle calls defective; nothing refused that
it calls good. An input is JSON, so that the corpus can be read.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import RSAKey

from mo_oidc import flow, id_token
from mo_oidc.config import ProviderConfig
from mo_oidc.id_token import Expectations
from mo_oidc.logout_token import verify_logout
from mo_oidc.metadata import Metadata, read_metadata
from mo_web.discovery import is_allowed_address
from mo_web.faults import Fault
from mo_web.keys import VerificationKey, read_keys
from mo_web.strict_json import NotStrictJsonError, parse_object
from tests.oidc.fuzz import oracle
from tests.support.jose import b64, public

ISSUER, CLIENT, NONCE, STATE = "https://broker.example", "mo-rp", "n-1", "s-1"
KEY: Final = RSAKey.generate_key(2048, parameters={"kid": "k1"})
CONFIG: Final = ProviderConfig("broker", ISSUER, CLIENT)
NOW: Final = int(time.time())
Input = Any


class Keys:
    """The provider's one key."""

    def __init__(self) -> None:
        """Read it as it is published."""
        self._held = read_keys({"keys": [public(KEY)]})

    def keys(self) -> tuple[VerificationKey, ...]:
        """Return it."""
        return self._held

    def refetch(self) -> tuple[VerificationKey, ...]:
        """Return it again."""
        return self._held


KEYS: Final = Keys()


def accepted(judge: Callable[[], object]) -> bool:
    """Say whether something was accepted; only our own refusals count as a no."""
    try:
        judge()
    except Fault:
        return False
    return True


def agree(judged: bool, wanted: bool, told: object) -> None:
    """Raise when the judgement is not the oracle's."""
    if judged != wanted:
        raise AssertionError(f"accepted: {judged}, the oracle: {wanted}: {told!r}")


def _token(told: Input) -> tuple[str, dict[str, Any], dict[str, Any], bool]:
    """Return (token, header, claims, is the signature sound) of an input."""
    header = {"alg": "RS256", "kid": "k1", **told.get("header", {})}
    header = {name: value for name, value in header.items() if value != "<none>"}
    claims = {name: value for name, value in told["claims"].items() if value != "<none>"}
    head, payload = (b64(json.dumps(part).encode()) for part in (header, claims))
    signed = sign_over(head, payload)
    cut = told.get("signature")
    return f"{head}.{payload}.{cut if cut is not None else signed}", header, claims, cut is None


def sign_over(head: str, payload: str) -> str:
    """Return the signature of the key over two segments as they are."""
    return b64(jws.JWSRegistry.algorithms["RS256"].sign(f"{head}.{payload}".encode(), KEY))


def times_of(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims whose moments, told from now, are told from the epoch."""
    return {
        name: value["from_now"] + NOW if isinstance(value, dict) and "from_now" in value else value
        for name, value in claims.items()
    }


GOOD_ID: Final = {
    "iss": ISSUER,
    "sub": "person-1",
    "aud": CLIENT,
    "exp": {"from_now": 300},
    "iat": {"from_now": 0},
    "nonce": NONCE,
}
GOOD_LOGOUT: Final = {
    "iss": ISSUER,
    "sub": "person-1",
    "aud": CLIENT,
    "exp": {"from_now": 120},
    "iat": {"from_now": 0},
    "jti": "j-1",
    "events": {oracle.EVENT: {}},
}


def play_id_token(told: Input) -> None:
    """An ID token whose claims, header or signature are not what they should be."""
    claims = times_of({**GOOD_ID, **told.get("claims", {})})
    token, header, said, signed = _token({**told, "claims": claims})
    expected = Expectations(NONCE, NOW, "at-1")
    judged = accepted(lambda: id_token.verify(token, CONFIG, KEYS, expected))
    sound = oracle.header(header, {"jwt", "jose", "id_token+jwt"})
    agree(judged, signed and sound and oracle.id_token(said, ISSUER, CLIENT, NONCE, NOW), told)


def play_logout_token(told: Input) -> None:
    """The same for a logout token."""
    claims = times_of({**GOOD_LOGOUT, **told.get("claims", {})})
    token, header, said, signed = _token({**told, "claims": claims})
    judged = accepted(lambda: verify_logout(token, CONFIG, KEYS, NOW))
    sound = oracle.header(header, {"jwt", "jose", "logout+jwt"})
    agree(judged, signed and sound and oracle.logout_token(said, ISSUER, CLIENT, NOW), told)


def play_text(told: Input) -> None:
    """Any text where a token should be: never accepted, and nothing but our refusal."""
    text = told["text"]
    expected = Expectations(NONCE, NOW)
    assert not accepted(lambda: id_token.verify(text, CONFIG, KEYS, expected))
    assert not accepted(lambda: verify_logout(text, CONFIG, KEYS, NOW))


METADATA: Final = Metadata(ISSUER, ISSUER, ISSUER, ISSUER, None, None, (), sends_iss=True)


def play_answer(told: Input) -> None:
    """The parameters that a browser brings back."""
    pairs = [(str(name), str(value)) for name, value in told["pairs"]]

    def judge() -> None:
        answer = flow.read_answer(pairs)
        if flow.state_of(answer) != STATE:
            raise Fault("state_unknown")
        flow._code(answer, METADATA)

    agree(accepted(judge), oracle.answer(pairs, ISSUER, STATE), told)


def play_keys(told: Input) -> None:
    """A set of keys: each usable one is strong and public, the rest is passed over."""
    document = _document(told)
    if document is None or not accepted(lambda: read_keys(document)):
        return
    for key in read_keys(document):
        assert key.kty in {"RSA", "EC", "OKP"}
        assert not key.key.is_private
        if isinstance(key.key, RSAKey):
            assert 2048 <= key.key.raw_value.key_size <= 8192


def play_document(told: Input) -> None:
    """A discovery document: what is used of it is of our issuer and may be asked."""
    document = _document(told)
    if document is None or not accepted(lambda: read_metadata(document, ISSUER)):
        return
    read = read_metadata(document, ISSUER)
    assert document.get("issuer") == read.issuer == ISSUER
    for address in (read.authorization_endpoint, read.token_endpoint, read.jwks_uri):
        assert address.startswith("https://")
        assert is_allowed_address(address, ISSUER)
    for optional in (read.userinfo_endpoint, read.end_session_endpoint):
        assert optional is None or optional.startswith("https://")


def _document(told: Input) -> Mapping[str, object] | None:
    """Return what strict JSON reads; None for what it refuses."""
    try:
        return parse_object(told["text"] if "text" in told else json.dumps(told["document"]))
    except NotStrictJsonError:
        return None


TARGETS: Final[Mapping[str, Callable[[Input], None]]] = {
    "id_token": play_id_token,
    "logout_token": play_logout_token,
    "text": play_text,
    "answer": play_answer,
    "keys": play_keys,
    "document": play_document,
}
