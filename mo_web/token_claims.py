"""Claims that every kind of token has (RFC 7519 section 4.1), read strictly."""

from mo_web.faults import TokenRefused
from mo_web.strict_json import JsonObject

# In microseconds, leeway added, it still is an integer of 64 bits, which is what databases hold.
_END_OF_TIME = 1 << 43
_MICRO = 1_000_000


def audiences(claims: JsonObject) -> tuple[str, ...]:
    """Return `aud` as a tuple; `TokenRefused` unless it is a string or a list of strings."""
    value = claims.get("aud")
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise TokenRefused("audience")
    return tuple(listed)


def numeric_date(claims: JsonObject, name: str) -> float:
    """Return a NumericDate (RFC 7519 §2); `TokenRefused` when absent or no plausible number."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"{name}_missing" if name not in claims else f"{name}_type")
    if not 0 <= value < _END_OF_TIME:
        raise TokenRefused(f"{name}_type")
    return float(value)


def instant(claims: JsonObject, name: str) -> int:
    """Return a NumericDate in microseconds, as times are kept here; refused likewise."""
    return int(numeric_date(claims, name) * _MICRO)
