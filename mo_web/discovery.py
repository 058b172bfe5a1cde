"""The document in which an issuer says where its endpoints are (Discovery 1.0, RFC 8414).

Who uses it reads its own part; what is checked of every part stands here.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from mo_web.faults import ProviderTrouble, trouble
from mo_web.fetch import FetchError, is_fetchable, is_loopback_http
from mo_web.strict_json import JsonObject

Fetch = Callable[[str], JsonObject]

WELL_KNOWN = "/.well-known/openid-configuration"
METADATA_TTL, METADATA_STALE = 3600.0, 24 * 3600.0
_LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}\Z")
_LONGEST_HOST: Final = 253


def discovery_url(issuer: str) -> str:
    """Return where the document of `issuer` is (Discovery §4): its path is kept."""
    return issuer.removesuffix("/") + WELL_KNOWN


def fetched(fetch: Fetch, step: str, url: str) -> JsonObject:
    """Return what `fetch` gives; its failure is the provider's trouble at this step."""
    try:
        return fetch(url)
    except FetchError as error:
        raise trouble(step, error) from None


def check_issuer(document: JsonObject, issuer: str) -> None:
    """Raise `ProviderTrouble` unless this is the document of `issuer`, byte for byte (§4.3)."""
    if document.get("issuer") != issuer:
        raise ProviderTrouble("discovery_issuer")


def address(document: JsonObject, name: str, issuer: str) -> str:
    """Return an address that the document names; `ProviderTrouble` when it may not be used."""
    value = document.get(name)
    if not isinstance(value, str) or not is_allowed_address(value, issuer):
        raise ProviderTrouble(f"discovery_{name}")
    return value


def is_allowed_address(url: str, issuer: str) -> bool:
    """Say whether a provider with this issuer may name `url`: no http unless it is loopback."""
    if not url.isascii() or not url.isprintable() or " " in url or not is_fetchable(url):
        return False
    return _is_host(urlsplit(url).hostname or "") and (
        is_loopback_http(issuer) or not is_loopback_http(url)
    )


def _is_host(host: str) -> bool:
    """Tell whether this is a name of DNS (RFC 1034 §3.1) or an address.

    What is neither makes whoever puts it into a ``Location`` fail.
    """
    if ":" in host:
        return _is_address(host)
    labels = host.removesuffix(".").split(".")
    return len(host) <= _LONGEST_HOST and all(map(_LABEL.match, labels))


def _is_address(host: str) -> bool:
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False
