"""The provider's keys (RFC 7517), taken one by one: a bad neighbour spoils nothing."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, import_key

from mo_web.faults import ProviderTrouble
from mo_web.strict_json import JsonObject

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
_MAX_KEYS = 100
_PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
_ANY_OKP = ("Ed25519", "Ed448")
# Algorithm -> key type and curves (RFC 7518 §3.1, RFC 8037, RFC 8812, RFC 9864). What is not
# here cannot be configured: `none` and everything symmetric.
ALGORITHMS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{f"{family}{size}": ("RSA", ()) for family in ("RS", "PS") for size in (256, 384, 512)},
        "ES256": ("EC", ("P-256",)),
        "ES384": ("EC", ("P-384",)),
        "ES512": ("EC", ("P-521",)),
        "ES256K": ("EC", ("secp256k1",)),
        "EdDSA": ("OKP", _ANY_OKP),
        "Ed25519": ("OKP", ("Ed25519",)),
        "Ed448": ("OKP", ("Ed448",)),
    }
)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key of the provider that may verify signatures."""

    key: Key
    kty: str
    curve: str | None
    kid: str | None
    alg: str | None


def read_keys(document: JsonObject) -> tuple[VerificationKey, ...]:
    """Return the usable keys of a JWK set; `ProviderTrouble` when it is no JWK set at all."""
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ProviderTrouble("keys_no_set")
    read = (read_key(entry) for entry in entries if isinstance(entry, dict))
    # What is not usable takes nobody's place; the size of the document bounds how many there are.
    return tuple(islice((key for key in read if key is not None), _MAX_KEYS))


def read_key(entry: JsonObject) -> VerificationKey | None:
    """Return one key, or None when it is unknown, broken, weak or not for signatures."""
    if not _is_for_verifying(entry):
        return None
    members = {name: entry[name] for name in _PUBLIC_MEMBERS if name in entry}
    if not all(isinstance(value, str) for value in members.values()) or not _is_strong(members):
        return None
    try:
        key = import_key({name: str(value) for name, value in members.items()})
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, OverflowError):
        return None
    return _described(key, entry)


def _is_for_verifying(entry: JsonObject) -> bool:
    operations = entry.get("key_ops")
    return entry.get("use") in (None, "sig") and (
        not isinstance(operations, list) or "verify" in operations
    )


def _is_strong(members: JsonObject) -> bool:
    """Judge an RSA key by its modulus before it is built: too short or too long to compute."""
    if members.get("kty") != "RSA":
        return True
    try:
        modulus = urlsafe_b64decode(str(members.get("n", "")) + "==")
    except ValueError:
        return False
    return MIN_RSA_BITS <= int.from_bytes(modulus, "big").bit_length() <= MAX_RSA_BITS


def _described(key: Key, entry: JsonObject) -> VerificationKey:
    curve = key.curve_name if isinstance(key, ECKey | OKPKey) else None
    return VerificationKey(key, key.key_type, curve, _text(entry, "kid"), _text(entry, "alg"))


def _text(entry: JsonObject, name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) else None


def candidates(
    keys: Sequence[VerificationKey], kid: str | None, alg: str
) -> tuple[VerificationKey, ...]:
    """Return the keys that may have made a signature: right type, and the kid where both say one.

    A kid may be shared by several keys, or be absent on either side (RFC 7517 §4.5).
    """
    return tuple(key for key in keys if _fits(key, alg) and (not kid or key.kid in (None, kid)))


def _fits(key: VerificationKey, alg: str) -> bool:
    kty, curves = ALGORITHMS[alg]
    if key.kty != kty or (curves and key.curve not in curves):
        return False
    return key.alg in (None, alg) or {key.alg, alg} <= {"EdDSA", key.curve}
