"""The types of settings that are more than a text or a number, and the provider they make up."""

import json
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from mo_access import provider_rules
from mo_access.domain.errors import Invalid
from mo_access.domain.levels import DEFAULT_LEVELS
from mo_access.domain.numbers import institution_number

ResponseMode: TypeAlias = Literal["query", "form_post"]
UserinfoBy: TypeAlias = Literal["header", "body"]
Hint: TypeAlias = Annotated[str, Field(max_length=100, pattern=r"^[!-~]*$")]
RevocationWhen: TypeAlias = Literal["each", "last", "off"]
ClientAuth: TypeAlias = Annotated[
    Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]
    | None,
    BeforeValidator(lambda value: value or None),
]
KeyAlgorithm: TypeAlias = Annotated[
    Literal["PS256", "ES256", "RS256"] | None, BeforeValidator(lambda value: value or None)
]

# "EdDSA" does not say which curve; RFC 9864 replaces it by the curve's own name.
ALGORITHMS: Final = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
    }
)
DEFAULT_LINK: Final = (("vo_id", "externalId"), ("rrn", "insz"))


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _lines(value: object) -> object:
    return tuple(value.splitlines()) if isinstance(value, str) else value


def _pairs(value: object) -> object:
    """Read ``claim:attribute claim:attribute``; a claim name may itself hold colons."""
    words = _words(value)
    if not isinstance(words, tuple | list):
        return words
    if loose := [w for w in words if isinstance(w, str) and ":" not in w]:
        raise ValueError(f"{loose[0]!r} must be claim:attribute")
    return tuple(tuple(w.rsplit(":", 1)) if isinstance(w, str) else w for w in words)


def _table(value: object) -> object:
    """Read ``key=value key=value``; a key may hold colons and equals signs."""
    if not isinstance(value, str):
        return value
    if loose := [word for word in value.split() if "=" not in word]:
        raise ValueError(f"{loose[0]!r} must be key=value")
    return dict(word.rsplit("=", 1) for word in value.split())


def decoded(value: object) -> object:
    """Read JSON where a variable holds it; anything else is passed on."""
    return json.loads(value) if isinstance(value, str) else value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Mode: TypeAlias = Literal["scim", "jit", "hybrid"]


def _accepted(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("at least one algorithm is needed")
    if unknown := set(value) - ALGORITHMS:
        raise ValueError(f"{', '.join(sorted(unknown))} is not accepted")
    return value


def _numbered(value: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(map(institution_number, value)))
    except Invalid as fault:
        raise ValueError(fault.message) from None


Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_words)]
Algorithms: TypeAlias = Annotated[
    tuple[str, ...], BeforeValidator(_words), AfterValidator(_accepted)
]
Institutions: TypeAlias = Annotated[
    tuple[str, ...], BeforeValidator(_words), AfterValidator(_numbered)
]
Lines: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_lines)]
Pairs: TypeAlias = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)]
Levels: TypeAlias = Annotated[Mapping[str, int], BeforeValidator(_table)]
Names: TypeAlias = Annotated[Mapping[str, str], BeforeValidator(_table)]
Optional: TypeAlias = Annotated[str | None, BeforeValidator(_empty_is_none)]
Port: TypeAlias = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | None, BeforeValidator(_empty_is_none)
]


class Provider(BaseModel):
    """One OpenID provider whose sign-ins and access tokens are believed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    label: str = ""
    issuer: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    link: Pairs = DEFAULT_LINK
    mode: Mode = "scim"
    """Whether claims only sign in, or make people and give rights (``jit``, ``hybrid``)."""
    institutions: Institutions = ()
    """Of which institutions its claims may speak in those modes, with what follows from them."""
    beheerders: bool = True
    """Whether its claims may make somebody beheerder; else that role counts as gebruiker."""
    algorithms: Algorithms = ("RS256",)
    scopes: Words = ("openid",)
    introspection: bool = True
    """Whether opaque access tokens are asked about at this provider, with our credentials."""
    acr_values: Words = ()
    """Levels that every sign-in asks for; one of them must then be met."""
    acr_levels: Levels = Field(default_factory=lambda: dict(DEFAULT_LEVELS))
    """What each ``acr`` of this provider is worth; what is not in it is worth nothing."""
    cap_hint: Hint = ""
    """The target group that ACM/IDM is told beforehand with each sign-in (``login_hint``)."""
    response_mode: ResponseMode = "query"
    own_callback: bool = False
    """Whether its answers come to ``/oidc/callback/NAME``, where no other provider's are taken."""
    userinfo: bool = False
    """Whether UserInfo is always asked; else only when no linked claim is in the ID token."""
    userinfo_by: UserinfoBy = "header"
    """How UserInfo gets the access token (RFC 6750): in the header, or in the body of a form."""
    userinfo_required: bool = True
    """Whether a UserInfo that is down or answers nonsense stops the sign-in."""
    refresh: bool = False
    """Whether a session is renewed with the refresh token, and ends when that is refused."""
    revocation: RevocationWhen = "last"
    """Whether a refresh token goes back when its session ends (RFC 7009): each, that of the last
    session that somebody has there, or none (``off``)."""
    client_auth: ClientAuth = None
    """How we say who we are; where it is not told, a secret as the provider takes it."""
    client_key_file: Optional = None
    client_key_algorithm: KeyAlgorithm = None
    client_certificate_file: Optional = None
    """The certificate of our side of TLS (RFC 8705), and its key where that is another file."""
    client_certificate_key_file: Optional = None
    par: bool = False
    """Whether the sign-in is pushed behind the browser's back (RFC 9126)."""
    dpop: bool = False
    """Whether tokens are bound to a key of the session (RFC 9449)."""
    fapi2: bool = False
    """Whether the FAPI 2.0 Security Profile is held to, by both sides."""

    @property
    def binds_by_dpop(self) -> bool:
        """Whether tokens are bound by DPoP: as told, and under FAPI 2.0 without a certificate."""
        return self.dpop or (self.fapi2 and self.client_certificate_file is None)

    @property
    def certificate(self) -> tuple[str, str] | None:
        """The files of the certificate and of its key."""
        if self.client_certificate_file is None:
            return None
        own = self.client_certificate_key_file
        return self.client_certificate_file, own or self.client_certificate_file

    @property
    def shown(self) -> str:
        """What people read on the button: the label, else the host that they will come to."""
        return self.label or urlsplit(self.issuer).hostname or self.name

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes: must hold openid")
        provider_rules.check(self)
        return self
