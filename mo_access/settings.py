"""Every setting, typed and documented; the only reader of the environment (design section 4).

A setting comes from ``MO_<NAME>``, else from the file that ``MO_<NAME>_FILE`` names, else from
the TOML file that ``MO_CONFIG`` names, else from its default. In the TOML file tables are
joined: ``[oidc] issuer`` is ``MO_OIDC_ISSUER``. List settings are separated by spaces.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mo_access import authorities
from mo_access.domain.keys import KeyRing
from mo_access.domain.levels import DEFAULT_LEVELS
from mo_access.domain.terms import LastBeheerder, Terms
from mo_access.key_files import KEYS_NAME, KeyFileError, key_ring, secret_key
from mo_access.mapping_file import EMPTY, MappingFault, MappingFile, comparable, read
from mo_access.mapping_patterns import places
from mo_access.settings_defaults import HELP_EN, HELP_NL, NOTICE_EN, NOTICE_NL
from mo_access.settings_sources import FileSource, SourceError, TomlSource
from mo_access.settings_types import (
    DEFAULT_LINK,
    Algorithms,
    ClientAuth,
    Hint,
    Institutions,
    KeyAlgorithm,
    Levels,
    Lines,
    Mode,
    Names,
    Optional,
    Pairs,
    Port,
    Provider,
    ResponseMode,
    RevocationWhen,
    UserinfoBy,
    Words,
    decoded,
)

__all__ = ["ConfigError", "Provider", "Settings", "is_loopback", "keys", "load"]

SHORTEST_SECRET: Final = 32
SECRETS: Final = frozenset({"secret_key", "oidc_client_secret", "oidc_providers"})


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` holds one readable line for each fault."""

    def __init__(self, *problems: str) -> None:
        """Keep the lines; none of them holds a secret."""
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """Every setting of the service; ``MO_`` and the name in capitals is its variable."""

    model_config = SettingsConfigDict(
        env_prefix="MO_", frozen=True, extra="forbid", enable_decoding=False
    )

    var: Path = Path("var")
    """Where data lives that is made here: SQLite file, keys, documents."""
    database_url: str = ""
    """``sqlite:///path`` or ``postgresql://…``; empty: ``mo.sqlite`` in ``var``."""
    auto_migrate: bool = False
    """Whether ``serve`` upgrades a PostgreSQL schema by itself (SQLite always is)."""
    base_url: str = "http://127.0.0.1:8000"
    """The address that people and brokers use; https unless on loopback."""
    secret_key: SecretStr = SecretStr("")
    """Any text of 32 characters or more; made in ``var`` on first start."""
    keys_file: Path | None = None
    """The file of the INSZ and audit keys; ``keys.json`` in ``var`` when not set."""
    ca_file: Optional = None
    """PEM file of authorities that outgoing connections believe besides the public ones."""
    metrics_port: Port = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """How many proxies stand before us, whose forwarding headers are believed."""

    oidc_name: str = "default"
    oidc_label: str = ""
    oidc_issuer: Optional = None
    oidc_client_id: Optional = None
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_link: Pairs = DEFAULT_LINK
    oidc_mode: Mode = "scim"
    """``scim``: claims sign in and narrow; ``jit``: they make people and give rights, which end
    with them; ``hybrid``: both, each ended by its own source."""
    oidc_institutions: Institutions = ()
    """Of which institutions the claims of a provider in ``jit`` or ``hybrid`` may speak; all."""
    oidc_beheerders: bool = True
    """Whether claims may make somebody beheerder; else that role counts as gebruiker."""
    oidc_algorithms: Words = ("RS256",)
    oidc_scopes: Words = ("openid",)
    oidc_introspection: bool = True
    oidc_acr_values: Words = ()
    oidc_cap_hint: Hint = ""
    oidc_response_mode: ResponseMode = "query"
    oidc_own_callback: bool = False
    oidc_userinfo: bool = False
    oidc_userinfo_by: UserinfoBy = "header"
    oidc_userinfo_required: bool = True
    oidc_refresh: bool = False
    oidc_revocation: RevocationWhen = "last"
    """Which refresh tokens go back when their session ends: ``each``, ``last`` or none, ``off``."""
    oidc_client_auth: ClientAuth = None
    oidc_client_key_file: Optional = None
    oidc_client_key_algorithm: KeyAlgorithm = None
    oidc_client_certificate_file: Optional = None
    oidc_client_certificate_key_file: Optional = None
    oidc_par: bool = False
    oidc_dpop: bool = False
    oidc_fapi2: bool = False
    oidc_providers: Annotated[tuple[dict[str, object], ...], BeforeValidator(decoded)] = ()
    """More providers, in TOML as ``[[oidc.providers]]``; what one leaves out is ``oidc_…``."""
    oidc_acr_levels: Levels = Field(default_factory=lambda: dict(DEFAULT_LEVELS))
    oidc_capacity_claim: str = "vo_orgcode"
    oidc_target_group_claim: str = "vo_doelgroepcode"
    oidc_target_groups: Words = ("OV", "LB", "GID")
    oidc_role_claims: Words = ("mijnonderwijs_rol_3d", "mijnonderwijs_rol_2d")

    beheerder_rights: Words = ("MijnOnderwijsPortaalBeheerder",)
    gebruiker_rights: Words = ("MijnOnderwijsPortaalGebruiker",)
    theme_rights: Names = {
        "MijnOnderwijsPortaalGebruiker-leerlingenOpenbaar": "leerlingen-openbaar",
        "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk": "leerlingen-vertrouwelijk",
    }
    """Rights with a context that mean a theme, compared without case."""
    group_patterns: Words = ("MO_{institution}_{theme}",)
    """Names of groups that mean a theme at an institution."""
    mapping_file: Path | None = None
    """A TOML file with what the words of brokers mean; it wins over the settings it names."""
    last_beheerder: LastBeheerder = "allow"
    """What happens when the last beheerder role of an institution is taken away (rule 8)."""
    affiliation_notice_days: int = Field(default=30, ge=1, le=366)
    """How many days ahead it is told, once, that an affiliation ends."""
    sign_in_people_days: int = Field(default=400, ge=0, le=3_660)
    """After how many days without a session they are removed whom only sign-ins made; 0: never."""
    beheerder_reads: bool = False
    """Whether a beheerder reads every theme of the institution (rule 3: by default not)."""
    beheerder_min_level: int = Field(default=0, ge=0, le=100)
    """The least level of sign-in of who acts as beheerder; below it one is a gebruiker."""

    session_seconds: int = Field(default=28_800, ge=60, le=86_400)
    session_idle_seconds: int = Field(default=3_600, ge=60, le=86_400)
    introspection_seconds: int = Field(default=30, ge=0, le=30)
    failed_sign_ins_per_minute: int = Field(default=600, ge=1)
    scim_requests_per_second: int = Field(default=1_000, ge=100)
    insz_searches_per_minute: int = Field(default=300, ge=1)
    """How many numbers of the national register a client may search for, per node."""

    scim_audiences: Words = ()
    """Audiences of JWT access tokens that are ours besides ``<base_url>/scim/v2``."""
    scim_token_algorithms: Algorithms = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
    """How a JWT access token may be signed; nothing symmetric can be said here."""

    notice_nl: str = NOTICE_NL
    notice_en: str = NOTICE_EN
    help_nl: Lines = HELP_NL
    help_en: Lines = HELP_EN

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, environment, ``_FILE`` variables and the TOML file, in this order."""
        return init_settings, env_settings, FileSource(settings_cls), TomlSource(settings_cls)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        object.__setattr__(self, "var", self.var.resolve())
        object.__setattr__(self, "base_url", _base_url(self.base_url))
        url = self.database_url or f"sqlite:///{self.var / 'mo.sqlite'}"
        _check_database(url)
        object.__setattr__(self, "database_url", url)
        self._follow(self.mapping)
        _check_patterns(self.group_patterns)
        authorities.check(self.ca_file)
        _check_secret(self)
        _check_providers(self)
        return self

    @cached_property
    def mapping(self) -> MappingFile:
        """What the mapping file says; an empty one where none is named."""
        return EMPTY if self.mapping_file is None else read(self.mapping_file)

    def _follow(self, mapping: MappingFile) -> None:
        """Take over what the file says; a setting that was given and differs is refused."""
        clashes = []
        for name, value in mapping.settings():
            if name in self.model_fields_set and comparable(getattr(self, name)) != comparable(
                value
            ):
                clashes.append(f"MO_{name.upper()}: says something else than {self.mapping_file}")
            object.__setattr__(self, name, value)
        if clashes:
            raise MappingFault(*(f"{line}; keep one of them" for line in clashes))

    @property
    def terms(self) -> Terms:
        """What this installation chose about beheerders."""
        return Terms(self.last_beheerder, self.beheerder_reads, self.beheerder_min_level)

    @property
    def plain_http(self) -> bool:
        """Whether the base URL is http (then on loopback): cookies cannot be Secure."""
        return self.base_url.startswith("http://")

    @property
    def documents(self) -> Path:
        """The folder of the documents' bytes, named by their SHA-256."""
        return self.var / "documents"

    @property
    def secret(self) -> str:
        """The secret key as text."""
        return self.secret_key.get_secret_value()

    @property
    def key_file(self) -> Path:
        """Where the keys of INSZ and audit are."""
        return self.keys_file or self.var / KEYS_NAME

    @property
    def audiences(self) -> frozenset[str]:
        """What `aud` of a JWT access token must name one of (RFC 9068 section 4)."""
        return frozenset((f"{self.base_url}/scim/v2", *self.scim_audiences))

    @cached_property
    def providers(self) -> tuple[Provider, ...]:
        """Every provider: the one of ``oidc_issuer`` first, then those of the TOML file."""
        fields = {name: getattr(self, f"oidc_{name}") for name in Provider.model_fields}
        alone = (fields,) if self.oidc_issuer else ()
        shared = {k: v for k, v in fields.items() if k not in {"name", "label", "issuer"}}
        told = tuple({**shared, **table} for table in self.oidc_providers)
        return tuple(_provider(table) for table in alone + told)

    def provider(self, name: str) -> Provider | None:
        """Give the provider with this name, or None."""
        return next((p for p in self.providers if p.name == name), None)


def load(*, make_keys: bool = True) -> Settings:
    """Read and check every setting; with ``make_keys`` the secret key is made on first start.

    Raises ``ConfigError`` with one line for each fault.
    """
    try:
        settings = Settings()
        if make_keys and not settings.secret:
            settings = _with_secret(settings)
    except ValidationError as fault:
        raise ConfigError(*map(_line, fault.errors(include_url=False))) from None
    except MappingFault as fault:
        raise ConfigError(*(f"MO_MAPPING_FILE: {line}" for line in fault.problems)) from None
    except (SourceError, KeyFileError) as fault:
        raise ConfigError(str(fault)) from None
    return settings


def keys(settings: Settings) -> KeyRing:
    """Give the key ring, made on first start. Raises ``ConfigError`` when it cannot be used."""
    try:
        return key_ring(settings.key_file)
    except KeyFileError as fault:
        raise ConfigError(str(fault)) from None


def hand_down_base_url(url: str) -> None:
    """Let the processes that this one starts have the base URL; where none was set, no other."""
    os.environ.setdefault("MO_BASE_URL", url)


def _with_secret(settings: Settings) -> Settings:
    made = secret_key(settings.var)
    if len(made) < SHORTEST_SECRET:
        raise KeyFileError(f"secret_key in {settings.var}: too short; remove the file")
    return settings.model_copy(update={"secret_key": SecretStr(made)})


def _line(fault: Any) -> str:  # noqa: ANN401 - pydantic's error is an open mapping
    """One fault as a line: which setting, what was given (no secrets), what is wrong."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        name, _, rest = message.partition(": ")
        return f"{_told(name)}: {rest}" if rest else message
    name = str(fault["loc"][0])
    shown = "" if name in SECRETS else f" (given: {str(fault['input'])[:80]!r})"
    return f"{_told('.'.join(map(str, fault['loc'])))}: {message}{shown}"


def _told(name: str) -> str:
    return f"MO_{name.upper()}" if name.isidentifier() or "." in name else name


def _provider(table: Mapping[str, object]) -> Provider:
    try:
        return Provider.model_validate(table)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        if first["loc"]:
            absent = first["input"] is None or first["type"] == "missing"
            told = "must be set" if absent else message
            message = f"{'.'.join(map(str, first['loc']))}: {told}"
        raise ValueError(f"oidc_{message} (provider {table.get('name')!r})") from None


def _base_url(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("base_url: must be an address such as https://toegang.example.org")
    if parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("base_url: must be scheme, host and port only")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("base_url: must be https, except on loopback")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether the host name or address is this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_database(url: str) -> None:
    """Refuse an engine we do not speak; the address is not repeated: it may hold a password."""
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("database_url: must be sqlite:///path or postgresql://user@host/name")


def _check_patterns(patterns: Iterable[str]) -> None:
    """Refuse a pattern that cannot be read; a mapping file is checked further."""
    for pattern in patterns:
        found = places(pattern)
        if len(found) != len(set(found)):
            raise ValueError(f"group_patterns: {pattern!r} names a place twice")


def _check_secret(settings: Settings) -> None:
    given = "secret_key" in settings.model_fields_set
    if given and len(settings.secret.strip()) < SHORTEST_SECRET:
        raise ValueError(f"secret_key: must have {SHORTEST_SECRET} characters or more")


def _check_providers(settings: Settings) -> None:
    if settings.oidc_client_id and not settings.providers:
        raise ValueError("oidc_issuer: must be set beside oidc_client_id")
    names = [p.name for p in settings.providers]
    if twice := {n for n in names if names.count(n) > 1}:
        raise ValueError(f"oidc_providers: name {', '.join(sorted(twice))} is used twice")
    for provider in settings.providers:
        parts = urlsplit(provider.issuer)
        if not parts.hostname or parts.scheme not in {"http", "https"}:
            raise ValueError(f"oidc_issuer: {provider.name} needs an https address")
        if parts.scheme == "http" and not settings.plain_http:
            raise ValueError(f"oidc_issuer: {provider.name} must be https")
