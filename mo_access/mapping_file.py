"""The mapping file: what the words of brokers mean here, as one TOML file with a JSON Schema.

A table that it holds takes the place of the setting or default it stands for (``docs/how-to/
mapping.md``). Every text matches whole and without case. Nothing here reads the environment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mo_access.mapping_faults import faults

RoleName: TypeAlias = Literal["beheerder", "gebruiker"]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Slug: TypeAlias = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]
Number: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
SYNONYMS: Final[Mapping[str, RoleName]] = {"user": "gebruiker"}
"""What stands for a role where the file says nothing; the two roles always name themselves."""
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LARGEST: Final = 4 * 1024 * 1024


class MappingFault(Exception):
    """The mapping file cannot be used; ``problems`` holds one readable line for each fault."""

    def __init__(self, *problems: str) -> None:
        """Keep the lines."""
        super().__init__("; ".join(problems))
        self.problems = problems


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GroupNames(_Table):
    """What the names of groups say."""

    patterns: list[Text] | None = None
    """Whole names, in which {institution}, {theme} and {role} stand for what differs."""


class ClaimNames(_Table):
    """What the provider calls its claims, and which target groups may sign in."""

    capacity: Text | None = None
    """The claim with the institution in whose name somebody signs in."""
    target_group: Text | None = None
    """The claim with the target group."""
    target_groups: list[Text] | None = None
    """The target groups that may sign in."""
    roles: list[Text] | None = None
    """The claims that hold rights."""


class MappingFile(_Table):
    """What the words of identity brokers mean at this installation."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, title="Mapping file of Mijn Onderwijs access"
    )

    version: Literal[1]
    """The form of this file."""
    rights: dict[Text, RoleName] | None = None
    """Rights of the broker, without context, and the role that each gives."""
    theme_rights: dict[Text, Slug] | None = None
    """Rights with their context, and the theme (its slug) that each gives."""
    themes: dict[Text, Slug] = Field(default_factory=dict)
    """Names that brokers use for a theme, and its slug."""
    roles: dict[Text, RoleName] | None = None
    """Words that stand for a role, beside beheerder and gebruiker themselves."""
    institutions: dict[Text, Number] = Field(default_factory=dict)
    """Codes that brokers use for an institution, and its number of six digits."""
    groups: GroupNames = GroupNames()
    """How groups are named."""
    claims: ClaimNames = ClaimNames()
    """How the claims of a sign-in are called."""

    @property
    def words(self) -> Mapping[str, str]:
        """Every word that stands for a role, the two roles among them."""
        told = SYNONYMS if self.roles is None else self.roles
        return {"beheerder": "beheerder", "gebruiker": "gebruiker"} | dict(told)

    def settings(self) -> Iterator[tuple[str, object]]:
        """Yield (setting, value) for everything that is a setting too and that the file says."""
        if self.rights is not None:
            for role in ("beheerder", "gebruiker"):
                told = (text for text, given in self.rights.items() if given == role)
                yield f"{role}_rights", tuple(told)
        if self.theme_rights is not None:
            yield "theme_rights", dict(self.theme_rights)
        if self.groups.patterns is not None:
            yield "group_patterns", tuple(self.groups.patterns)
        claims = self.claims
        yield from _said("oidc_capacity_claim", claims.capacity)
        yield from _said("oidc_target_group_claim", claims.target_group)
        yield from _said("oidc_target_groups", claims.target_groups)
        yield from _said("oidc_role_claims", claims.roles)


EMPTY: Final = MappingFile(version=1)


def read(path: Path) -> MappingFile:
    """Read and check a mapping file. Raises ``MappingFault`` with one line for each fault."""
    try:
        with path.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
    except OSError as fault:
        raise MappingFault(f"{path} cannot be read ({fault.strerror})") from None
    if len(raw) > _LARGEST:
        raise MappingFault(f"{path} is larger than {_LARGEST} bytes")
    try:
        return parsed(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MappingFault(f"{path} is not UTF-8") from None


def parsed(text: str) -> MappingFile:
    """Check the text of a mapping file. Raises ``MappingFault`` with one line for each fault."""
    try:
        table = tomllib.loads(text)
        found = MappingFile.model_validate(table)
    except tomllib.TOMLDecodeError as fault:
        raise MappingFault(f"is no TOML: {fault}") from None
    except ValidationError as fault:
        raise MappingFault(*map(_line, fault.errors(include_url=False))) from None
    except RecursionError:
        raise MappingFault("is nested too deep") from None
    if lines := tuple(faults(found)):
        raise MappingFault(*lines)
    return found


def comparable(value: object) -> object:
    """Return a value of a setting so that two which mean the same are equal."""
    if isinstance(value, Mapping):
        return {text.casefold(): told for text, told in value.items()}
    if isinstance(value, tuple):
        return frozenset(text.casefold() for text in value)
    return value


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, as editors and checkers take it."""
    return {"$schema": _DIALECT, **MappingFile.model_json_schema()}


def _said(name: str, value: str | list[str] | None) -> Iterator[tuple[str, object]]:
    if value is not None:
        yield name, tuple(value) if isinstance(value, list) else value


def _line(fault: Any) -> str:  # noqa: ANN401 - pydantic's error is an open mapping
    """One fault as a line that starts with its key."""
    place = [str(part) for part in fault["loc"] if part != "[key]"]
    key = ".".join(place)
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(place)}"
    if fault["type"] == "missing":
        return f"{key}: must be set; this release reads version 1"
    given = fault["input"]
    shown = f" (given: {str(given)[:80]!r})" if isinstance(given, str | int | float) else ""
    return f"{key}: {fault['msg']}{shown}"


def _nearest(place: list[str]) -> str:
    tables: dict[str, type[BaseModel]] = {"groups": GroupNames, "claims": ClaimNames}
    table = tables.get(place[0], MappingFile) if len(place) > 1 else MappingFile
    near = get_close_matches(place[-1].casefold(), table.model_fields, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
