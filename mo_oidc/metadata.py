"""The provider's document (OpenID Connect Discovery 1.0 §3), read once and held to our rules."""

from dataclasses import dataclass

from mo_oidc.errors import ProviderTrouble
from mo_web.fetch import is_fetchable, is_loopback_http
from mo_web.strict_json import JsonObject

WELL_KNOWN = "/.well-known/openid-configuration"
_REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of the provider's document is used, every address checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    token_auth_methods: tuple[str, ...]
    sends_iss: bool


def discovery_url(issuer: str) -> str:
    """Return where the document of `issuer` is (Discovery §4): its path is kept."""
    return issuer.removesuffix("/") + WELL_KNOWN


def read_metadata(document: JsonObject, issuer: str) -> Metadata:
    """Return the checked document; `ProviderTrouble` when it is not that of `issuer`.

    The issuer must equal the configured one byte for byte (Discovery §4.3); addresses must be
    https, plain http only on loopback and only for an issuer that is there itself.
    """
    if document.get("issuer") != issuer:
        raise ProviderTrouble("discovery_issuer")
    authorization, token, jwks = (_address(document, name, issuer) for name in _REQUIRED)
    userinfo, end_session = (
        _address(document, name, issuer) if document.get(name) else None for name in _OPTIONAL
    )
    return Metadata(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=jwks,
        userinfo_endpoint=userinfo,
        end_session_endpoint=end_session,
        token_auth_methods=_names(document, "token_endpoint_auth_methods_supported"),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(document: JsonObject, name: str, issuer: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not is_allowed_address(value, issuer):
        raise ProviderTrouble(f"discovery_{name}")
    return value


def is_allowed_address(url: str, issuer: str) -> bool:
    """Say whether a provider with this issuer may name `url`: no http unless it is loopback."""
    if not url.isascii() or not url.isprintable() or " " in url or not is_fetchable(url):
        return False
    return is_loopback_http(issuer) or not is_loopback_http(url)


def _names(document: JsonObject, member: str) -> tuple[str, ...]:
    value = document.get(member)
    if not isinstance(value, list):
        return ("client_secret_basic",)
    return tuple(item for item in value if isinstance(item, str))
