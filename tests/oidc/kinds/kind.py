"""A kind of sign-in: what the provider or the browser does, and whether it is to be accepted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.oidc.broker import Script

# Ways in which a provider may be configured; each is one service.
VARIANTS: Final[Mapping[str, Mapping[str, object]]] = {
    "plain": {},
    "userinfo": {"oidc_userinfo": True},
    "optional userinfo": {"oidc_userinfo": True, "oidc_userinfo_required": False},
    "form": {"oidc_response_mode": "form_post"},
    "RS512": {"oidc_algorithms": ("RS512",)},
    "PS256": {"oidc_algorithms": ("PS256",)},
    "ES256": {"oidc_algorithms": ("ES256",)},
    "Ed25519": {"oidc_algorithms": ("Ed25519",)},
    "level": {"oidc_acr_values": "urn:be:vlaanderen:authmech:itsme"},
}
Token = Callable[[Script], object]


@dataclass(frozen=True)
class Moment:
    """So many seconds from when the kind is played, which may be long after it was written down."""

    seconds: float

    def __add__(self, more: float) -> "Moment":
        """Return a later one."""
        return Moment(self.seconds + more)

    def __sub__(self, less: float) -> "Moment":
        """Return an earlier one."""
        return Moment(self.seconds - less)


def played(value: Any) -> Any:  # noqa: ANN401 - a script takes anything
    """Return what a provider says now: moments become times."""
    if isinstance(value, Moment):
        return int(time.time()) + value.seconds
    if isinstance(value, dict):
        return {name: played(inner) for name, inner in value.items()}
    return value


@dataclass(frozen=True)
class Kind:
    """One kind. `told` sets members of the script; mappings of documents are joined."""

    name: str
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: Token | None = field(default=None, repr=False)
    query: str = ""
    tail: str = ""
    variant: str = "plain"
    code: str = ""
    """The code of the refusal, where it says more than that it was refused."""

    def prepare(self, script: Script) -> None:
        """Have the provider behave so."""
        script.begin_anew()
        for member, value in self.told.items():
            given = value(script) if callable(value) else played(value)
            if member in {"document", "token"}:
                given = {**getattr(script, member), **given}
                given = {name: item for name, item in given.items() if item is not ...}
            setattr(script, member, given)
        make = self.token
        if make is not None:
            script.token["id_token"] = None
            script.late_id_token = lambda: make(script)


def claims(name: str, code: str = "", /, **changed: object) -> Kind:
    """Return a kind whose ID token says something else."""
    return Kind(name, {"claims": changed}, code=code)


def each(prefix: str, claim: str, values: Mapping[str, object], code: str = "") -> list[Kind]:
    """Return a kind for each odd value of a claim."""
    return [claims(f"{prefix}: {told}", code, **{claim: v}) for told, v in values.items()]


def token(name: str, make: Token, code: str = "", **more: Any) -> Kind:  # noqa: ANN401 - script's
    """Return a kind whose ID token is made otherwise."""
    return Kind(name, more, token=make, code=code)
