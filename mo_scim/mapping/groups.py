"""A SCIM Group as a draft: a theme at an institution, a role there, or a free group.

The extension is read first, then the name by the rules of the profile (design section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mo_access.domain.errors import Invalid, TooLarge
from mo_access.domain.model import (
    MAX_MEMBERS,
    Actor,
    Document,
    GroupDraft,
    GroupView,
    Json,
    MemberChange,
    Role,
)
from mo_scim.mapping import institutions, strays, themes
from mo_scim.mapping.echo import is_echo
from mo_scim.mapping.institutions import Catalogue
from mo_scim.mapping.normalise import check_schemas, normalise, writable
from mo_scim.mapping.refusals import InvalidSyntax
from mo_scim.mapping.registered import is_named
from mo_scim.mapping.request import Request, part, stored
from mo_scim.mapping.shape import shape
from mo_scim.mapping.validate import validate
from mo_scim.profiles import Deviation, Profile
from mo_scim.resources import GROUP_EXTENSION

_MEMBER: Final = frozenset({"value", "$ref", "display", "type"})
INSTITUTION: Final = f"{GROUP_EXTENSION}:institution"
THEME: Final = f"{GROUP_EXTENSION}:theme"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a group gives: a theme or a role, at one institution or (None) where members are."""

    theme: str | None = None
    institution: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class _Name:
    """A display name taken apart: the institution that it names and the rest."""

    institution: str | None
    text: str


def read(
    body: Document,
    *,
    profile: Profile,
    catalogue: Catalogue,
    actor: Actor,
    shown: GroupView | None,
    explicit: frozenset[str] | None = None,
) -> GroupDraft:
    """Read the JSON object of a POST, a PUT, or the outcome of a PATCH, without its members.

    ``explicit`` are the paths that a PATCH named. Raises ``Invalid``.
    """
    group = shape("Group")
    check_schemas(body, group, profile)
    plain = {name: value for name, value in body.items() if name.casefold() != "members"}
    sent = writable(normalise(plain, group, profile), group)
    validate(sent, "Group")
    strays.refuse(sent, stored(shown.document) if shown else {})
    name = str(sent["displayName"])
    if not name.strip():
        message = "displayName: is required. Send a name that is not blank."
        raise Invalid(message, attribute="displayName")
    said = _said(part(sent, GROUP_EXTENSION), shown, explicit or frozenset())
    meaning = _meaning(name, said, Request(profile, catalogue, actor, None))
    document: Document = {k: v for k, v in sent.items() if k not in {"schemas", GROUP_EXTENSION}}
    if said:
        document[GROUP_EXTENSION] = said
    external = str(sent["externalId"]) if "externalId" in sent else None
    return GroupDraft(
        name,
        external,
        document,
        theme=meaning.theme,
        institution=meaning.institution,
        role=meaning.role,
    )


def labelled(value: Json, profile: Profile, where: str = "members") -> dict[str, str | None]:
    """Return the members by id, which alone says who it is (brokers.md, 6.2).

    With each goes the display that it was sent with (RFC 7643 section 2.4), if any.

    Odd shapes (one object, bare texts) are read where the profile tolerates them.
    """
    entries = value if isinstance(value, list) else [value]
    if not isinstance(value, list) and not profile.allows(Deviation.OBJECT_FOR_LIST):
        raise Invalid(f"{where}: must be a list. Send it in [ ].", attribute=where)
    if len(entries) > MAX_MEMBERS:
        raise too_many_members()
    found: dict[str, str | None] = {}
    for place, item in enumerate(entries):
        member, label = _member(item, profile, where, place)
        if label is not None or member not in found:
            found[member] = label
    return found


def too_many_members() -> TooLarge:
    """Say the limit of members in one request, over all its operations (rule 12)."""
    message = f"members: has more than {MAX_MEMBERS} entries. Send them in parts, by PATCH."
    return TooLarge(message, attribute="members")


def members(body: Document, profile: Profile) -> MemberChange:
    """Return the members of a whole group as one step; none in the body means none at all."""
    sent = [v for name, v in body.items() if name.casefold() == "members"]
    if len(sent) > 1:
        raise InvalidSyntax("members: written twice. Send it once.", attribute="members")
    value = sent[0] if sent else None
    people = {} if value is None else labelled(value, profile)
    if not people:
        return MemberChange("clear")
    return MemberChange("replace", tuple(people), tuple(people.items()))


def _member(item: Json, profile: Profile, where: str, place: int) -> tuple[str, str | None]:
    """Return id and display of one member; a list may have 200,000 of them."""
    if isinstance(item, str) and profile.allows(Deviation.BARE_VALUES):
        return item, None
    if isinstance(item, dict):
        sent = item if _MEMBER.issuperset(item) else _named(item, profile, f"{where}[{place}]")
        value, display = sent.get("value"), sent.get("display")
        if isinstance(value, str) and value:
            return value, (display or None) if isinstance(display, str) else None
    where = f"{where}[{place}]"
    message = f'{where}: has no value. Send {{"value": "<id of the User>"}}.'
    raise Invalid(message, attribute=f"{where}.value")


def _named(item: Document, profile: Profile, where: str) -> Document:
    """Return a member by the names that it has here, whatever their case."""
    folded = {name.casefold(): value for name, value in item.items()}
    if len(folded) != len(item):
        raise InvalidSyntax(f"{where}: holds a name twice. Send it once.", attribute=where)
    if not _MEMBER.issuperset(folded) and not profile.allows(Deviation.UNKNOWN_ATTRIBUTES):
        raise InvalidSyntax(f"{where}: a member has value, $ref, display and type.")
    return folded | item


def _said(extension: Document, shown: GroupView | None, explicit: frozenset[str]) -> Document:
    """Return what the extension asserts, without echoes of what the name was read as."""
    if shown is None:
        return dict(extension)
    before = part(stored(shown.document), GROUP_EXTENSION)
    derived = {"theme": shown.theme, "institution": shown.institution}
    return {
        name: value
        for name, value in extension.items()
        if not is_echo(
            held=name in before,
            shown=value == derived.get(name),
            asserted=is_named(f"{GROUP_EXTENSION}:{name}", explicit),
        )
    }


def _meaning(name: str, said: Document, request: Request) -> Meaning:
    """Read extension first, then the name; what maps to nothing is a free group."""
    catalogue, rules = request.catalogue, request.profile.rules
    parted = _parted(name, request)
    institution = parted.institution
    if "institution" in said:
        sent = str(said["institution"])
        institution = institutions.required(sent, catalogue, INSTITUTION, rules.institutions)
    if "theme" in said:
        slug = themes.theme(str(said["theme"]), catalogue, rules)
        return _theme(slug, institution, request)
    role = rules.words.get(parted.text.casefold())
    if role is not None and parted.institution is not None:
        return Meaning(institution=institution, role=role)
    return _theme(themes.theme(parted.text, catalogue, rules), institution, request)


def _theme(slug: str | None, institution: str | None, request: Request) -> Meaning:
    if slug is None:
        return Meaning(institution=institution)
    home = request.actor.home
    return Meaning(theme=slug, institution=institution or home)


def _parted(name: str, request: Request) -> _Name:
    """Take ``MO_900001_leerlingen-openbaar`` apart; a name of no pattern stays whole."""
    for reader in request.profile.rules.group_names:
        found = reader.fullmatch(name.strip())
        if found:
            return _found(found.groupdict(), request)
    return _Name(None, name.strip())


def _found(parts: dict[str, str], request: Request) -> _Name:
    text = (parts.get("theme") or parts.get("role") or "").strip()
    if "institution" not in parts:
        return _Name(None, text)
    sent, codes = parts["institution"], request.profile.rules.institutions
    return _Name(institutions.required(sent, request.catalogue, "displayName", codes), text)
