"""What is configured about a provider, as values; who reads the settings is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mo_access.client_keys import ClientKey
from mo_access.domain.levels import DEFAULT_LEVELS, meets
from mo_web.client_auth import Credentials
from mo_web.tls import Tls


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """How claims are read: their names, the rights that count, the groups that are let in."""

    capacity: str = "vo_orgcode"
    target_group: str = "vo_doelgroepcode"
    allowed_target_groups: tuple[str, ...] = ("OV", "LB", "GID")
    roles: tuple[str, ...] = ("mijnonderwijs_rol_3d", "mijnonderwijs_rol_2d")
    rights: Mapping[str, str] = field(
        default_factory=lambda: {
            "MijnOnderwijsPortaalBeheerder": "beheerder",
            "MijnOnderwijsPortaalGebruiker": "gebruiker",
        }
    )
    theme_rights: Mapping[str, str] = field(
        default_factory=lambda: {
            "MijnOnderwijsPortaalGebruiker-leerlingenOpenbaar": "leerlingen-openbaar",
            "MijnOnderwijsPortaalGebruiker-leerlingenVertrouwelijk": "leerlingen-vertrouwelijk",
        }
    )
    acr_levels: Mapping[str, int] = field(default_factory=lambda: DEFAULT_LEVELS)
    themes: Mapping[str, str] = field(default_factory=dict)
    """More names of themes, as a context, to the slug; compared without case."""
    institutions: Mapping[str, str] = field(default_factory=dict)
    """Codes of institutions to the number; case-folded, since each sign-in looks them up."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider that people may sign in with, as it was registered with us."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    scopes: tuple[str, ...] = ("openid",)
    algorithms: tuple[str, ...] = ("RS256",)
    links: tuple[tuple[str, str], ...] = (("vo_id", "externalId"), ("rrn", "insz"))
    mode: str = "scim"
    """``scim``, or ``jit`` or ``hybrid``, where claims make people and give rights."""
    institutions: tuple[str, ...] = ()
    """Of which institutions its claims may speak in those modes; () for all."""
    beheerders: bool = True
    """Whether its claims may make somebody beheerder."""
    rules: ClaimRules = field(default_factory=ClaimRules)
    acr_values: tuple[str, ...] = ()
    """Of these one must be met by every sign-in, whatever its link asks."""
    cap_hint: str = ""
    """The target group that ACM/IDM is told beforehand; "" for none."""
    response_mode: str = "query"
    own_callback: bool = False
    userinfo: bool = False
    userinfo_by: str = "header"
    userinfo_required: bool = True
    refresh: bool = False
    revocation: str = "last"
    """Which refresh tokens go back when their session ends: ``each``, ``last`` or ``off``."""
    trusted_audiences: tuple[str, ...] = ()
    leeway: int = 60
    client_auth: str | None = None
    client_key: ClientKey | None = field(repr=False, default=None)
    certificate: tuple[str, str] | None = None
    ca_file: str | None = None
    """Who is believed in TLS besides the public authorities; at every provider the same."""
    par: bool = False
    dpop: bool = False
    fapi2: bool = False
    """Whether the answers are held to the FAPI 2.0 Security Profile; what it asks of us stands in
    the members above."""

    def levels_for(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return the levels to ask the provider for, so that its answer meets what a link asked.

        And what every sign-in must meet: where no value is enough for both, all are named.
        """
        both = dict.fromkeys((*asked, *self.acr_values))
        return tuple(v for v in both if self.is_met(v, asked) and self.is_met(v)) or tuple(both)

    def is_met(self, acr: str | None, asked: tuple[str, ...] | None = None) -> bool:
        """Tell whether an `acr` meets one of the values asked, or of those that are always."""
        wanted, levels = self.acr_values if asked is None else asked, self.rules.acr_levels
        return not wanted or any(meets(acr, value, levels) for value in wanted)

    @property
    def tls(self) -> Tls:
        """How connections to the provider stand in TLS."""
        return Tls(self.certificate, self.ca_file)

    @property
    def credentials(self) -> Credentials:
        """Who we are there."""
        return Credentials(
            issuer=self.issuer,
            client_id=self.client_id,
            secret=self.client_secret,
            way=self.client_auth,
            key=self.client_key,
            tls=self.tls,
        )
