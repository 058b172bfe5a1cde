"""How we say who we are to a provider (RFC 6749 section 2.3.1), alike at each of its endpoints."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote_plus

from mo_web.strict_json import JsonObject

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*\Z")


def offered(document: JsonObject, *members: str) -> tuple[str, ...]:
    """Return what the first of these members says that the provider takes; Basic without any."""
    said = next((document[name] for name in members if isinstance(document.get(name), list)), None)
    if not isinstance(said, list):
        return (BASIC,)
    return tuple(item for item in said if isinstance(item, str))


def method(client_id: str, secret: str, taken: Collection[str]) -> str:
    """Return how we authenticate where the provider takes these methods.

    Basic is the default of the standard. Providers disagree on whether a secret with special
    characters is encoded in it, so such a secret goes into the form where that is taken.
    """
    if not secret:
        return "none"
    plain = _UNRESERVED.match(client_id + secret)
    return POST if POST in taken and (BASIC not in taken or not plain) else BASIC


def encoded(client_id: str, secret: str) -> tuple[str, str]:
    """Return both as HTTP Basic carries them: form-encoded first."""
    return quote_plus(client_id), quote_plus(secret)
