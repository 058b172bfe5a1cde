"""The provider's document (OpenID Connect Discovery 1.0 §3), read once and held to our rules."""

from dataclasses import dataclass

from mo_web import client_auth
from mo_web.discovery import address, check_issuer, is_allowed_address
from mo_web.strict_json import JsonObject

_REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = (
    "userinfo_endpoint",
    "end_session_endpoint",
    "pushed_authorization_request_endpoint",
)
# Many say it for the token endpoint only (RFC 7009 §2.1: what holds there holds here).
_REVOCATION_METHODS = (
    "revocation_endpoint_auth_methods_supported",
    "token_endpoint_auth_methods_supported",
)


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
    par_endpoint: str | None = None
    requires_par: bool = False
    revocation_endpoint: str | None = None
    revocation_auth_methods: tuple[str, ...] = ()
    acr_values: frozenset[str] = frozenset()
    """The levels that the provider says it knows; nothing where it says nothing."""

    def known(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return which of these levels to ask the provider for: those it knows, else all.

        Each of them is enough for us. To some one that they do not know is the least of all: they
        then ask nothing of the person (Keycloak takes the lowest of what is asked).
        """
        return tuple(value for value in asked if value in self.acr_values) or asked


def read_metadata(document: JsonObject, issuer: str, *, certificate: bool = False) -> Metadata:
    """Return the checked document; `ProviderTrouble` when it is not that of `issuer`.

    The issuer must equal the configured one byte for byte (Discovery §4.3); addresses must be
    https, plain http only on loopback and only for an issuer that is there itself. With a
    `certificate` of ours the addresses are those that take one (RFC 8705 §5).
    """
    check_issuer(document, issuer)
    document = client_auth.with_aliases(document, certificate=certificate)
    authorization, token, jwks = (address(document, name, issuer) for name in _REQUIRED)
    userinfo, end_session, par = (
        address(document, name, issuer) if document.get(name) else None for name in _OPTIONAL
    )
    return Metadata(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=jwks,
        userinfo_endpoint=userinfo,
        end_session_endpoint=end_session,
        par_endpoint=par,
        requires_par=document.get("require_pushed_authorization_requests") is True,
        token_auth_methods=client_auth.offered(document, "token_endpoint_auth_methods_supported"),
        acr_values=_texts(document.get("acr_values_supported")),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
        revocation_endpoint=_revocation(document, issuer),
        revocation_auth_methods=client_auth.offered(document, *_REVOCATION_METHODS),
    )


def _revocation(document: JsonObject, issuer: str) -> str | None:
    """Return where tokens are given back (RFC 8414 §2); no sign-in fails for an odd address."""
    value = document.get("revocation_endpoint")
    return value if isinstance(value, str) and is_allowed_address(value, issuer) else None


def _texts(value: object) -> frozenset[str]:
    """Return the texts of a list; what is no list of the document holds none."""
    items = value if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str))
