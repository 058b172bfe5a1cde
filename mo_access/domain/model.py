"""The nouns of the product as values (design section 1, Names).

Institution numbers are always strings of 6 digits, times integer microseconds since the epoch
(UTC), days ``datetime.date`` in Europe/Brussels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from mo_access.domain.criteria import Criteria, Sort
from mo_access.domain.text import LONGEST

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Document: TypeAlias = dict[str, Json]
T = TypeVar("T")

MAX_MEMBERS: Final = 200_000
MAX_PAGE: Final = 1_000
DEFAULT_PAGE: Final = 100


class Role(StrEnum):
    """What a person is at an institution; a beheerder is a gebruiker too."""

    GEBRUIKER = "gebruiker"
    BEHEERDER = "beheerder"


class Form(StrEnum):
    """The way in which an affiliation was said (design section 2, origin)."""

    AFFILIATIONS = "affiliations"
    ROLES = "roles"
    ORGANIZATION = "organization"
    GROUP = "group"
    SIGN_IN = "sign-in"
    RETAINED = "retained"
    RECOVERY = "recovery"


class Status(StrEnum):
    """Where an affiliation stands today."""

    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Confidentiality(StrEnum):
    """The kind of a theme (domain.md, Themes)."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True)
class Institution:
    """A school, board or other institution, known by its 6-digit number.

    ``successor`` is whoever succeeded it by now.
    """

    number: str
    name: str
    kind: str = "school"
    board: str | None = None
    successor: str | None = None
    next_successor: str | None = None
    """Who succeeds it on ``successor_from``, a day that is still to come (ISO text)."""
    successor_from: str | None = None


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of documents; ``min_level`` is the lowest level of sign-in that may read it."""

    slug: str
    name: str
    confidentiality: Confidentiality = Confidentiality.PUBLIC
    min_level: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a provisioning client, with the institutions that it may act for (rule 4).

    ``institutions`` holds every number inside its scope, boards' schools and successors
    included; it is empty and meaningless for a platform client, which may act everywhere.
    """

    client_pk: int
    client_id: str
    name: str
    platform: bool
    institutions: frozenset[str]
    default_institution: str | None
    profile: str
    scopes: frozenset[str]
    credential: str = "token"
    beheerders: bool = True
    """Whether it may make somebody beheerder; else that role counts as gebruiker (terms)."""

    def covers(self, number: str) -> bool:
        """Tell whether this client may act for the institution with this number."""
        return self.platform or number in self.institutions

    @property
    def home(self) -> str | None:
        """The institution meant when none is said: the default, else the only one."""
        if self.default_institution:
            return self.default_institution
        return next(iter(self.institutions)) if len(self.institutions) == 1 else None


@dataclass(frozen=True, slots=True)
class AffiliationClaim:
    """One affiliation as a client says it in one form."""

    form: Form
    institution: str
    role: Role
    start: date | None = None
    end: date | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True)
class GrantClaim:
    """Access to a theme at an institution, said on the person (``entitlements``)."""

    theme: str
    institution: str


class IndexedValue(NamedTuple):
    """One searchable value of a document.

    ``attribute`` is the folded full name (``emails``, ``urn:…:user:department``), ``sub`` the
    folded sub-attribute or "", ``ordinal`` the element of a multi-valued attribute that the
    value belongs to, ``exact`` the value as text, ``folded`` its case-folded form.
    """

    attribute: str
    ordinal: int
    sub: str
    exact: str
    folded: str

    def cut(self) -> IndexedValue:
        """Return it as an index can hold it: of a long address only the beginning."""
        return self if len(self.folded) <= LONGEST else self._replace(folded=self.folded[:LONGEST])


Index: TypeAlias = Callable[[Document], tuple[IndexedValue, ...]]
"""Finds the searchable values of a document, which only who knows its schema can."""


def no_index(_document: Document) -> tuple[IndexedValue, ...]:
    """Find nothing, for documents of which nothing is searched."""
    return ()


class Keep:
    """The type of ``KEEP``: leave the stored value as it is."""


KEEP: Final = Keep()


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """Everything that one client says about one person, ready to be stored.

    ``document`` is what the client reads back, without derived parts, ``index`` finds what is
    searched of it; the claims are what it means. ``insz`` is digits, None (clear) or ``KEEP``
    (ruling 4). ``identities`` are pairs of (issuer, subject), which stand in the document too.
    ``unmapped`` names what was accepted but gives nothing.
    """

    user_name: str
    external_id: str | None
    active: bool
    document: Document
    index: Index = no_index
    affiliations: tuple[AffiliationClaim, ...] = ()
    grants: tuple[GrantClaim, ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    insz: str | Keep | None = KEEP
    unmapped: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownAffiliation:
    """An effective affiliation of a person as a caller may see it (union over its origins)."""

    institution: str
    role: Role
    start: date | None
    end: date | None
    primary: bool
    status: Status
    origins: tuple[str, ...]
    display: str = ""

    def __hash__(self) -> int:
        """Look no further than what tells most of them apart: it is asked for each person."""
        return hash((self.institution, self.role))


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group that a person is a member of, as the caller may see it."""

    id: str
    display: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as one client sees it: its own link, plus what is derived."""

    id: str
    user_name: str
    external_id: str | None
    active: bool
    document: str
    version: int
    created: int
    modified: int
    own: bool = True
    """False when a platform client sees the owner's link because it has none itself."""
    insz: str | None = None
    affiliations: tuple[ShownAffiliation, ...] = ()
    groups: tuple[ShownGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What a client says about a group apart from its members.

    ``theme``, ``institution`` and ``role`` are what the name or the extension maps to; all
    empty when it maps to nothing.
    """

    display_name: str
    external_id: str | None
    document: Document
    values: tuple[IndexedValue, ...] = ()
    theme: str | None = None
    institution: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as its client sees it; ``members`` is None when they were not asked for.

    ``size`` is how many there are, loaded or not.
    """

    id: str
    display_name: str
    external_id: str | None
    document: str
    version: int
    created: int
    modified: int
    theme: str | None
    institution: str | None
    role: Role | None
    members: tuple[tuple[str, str | None], ...] | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One step on the members of a group, keyed by person id only (brokers.md, 6.2)."""

    kind: str
    """``add``, ``remove``, ``replace`` or ``clear``."""
    people: tuple[str, ...] = ()
    displays: tuple[tuple[str, str | None], ...] = ()
    """(person id, text) as the client labels its members; it means nothing here."""
    instead: bool = False
    """They take somebody's place: refused where none of them is known, tolerated or not."""


Position: TypeAlias = tuple[str | int | None, int]
"""A place in a list: the value that it is sorted by, if any, and the key of the row."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of results and how many there are in all (None: not asked).

    ``last`` is the place of the last one in the order of the list, None when none comes after.
    """

    total: int | None
    items: tuple[T, ...]
    last: Position | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What to list: filled by a door, run by storage inside the caller's scope.

    ``start`` counts from 1; ``count`` 0 asks for the total only. ``sort`` is one of
    ``criteria`` or None for creation order. ``after`` goes on behind that place (``Page.last`` of
    the page before); ``counted`` False leaves out the total.
    """

    criteria: Criteria | None = None
    sort: Sort | None = None
    descending: bool = False
    start: int = 1
    count: int = 100
    members: bool = True
    after: Position | None = None
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, for the audit trail (rule 9): names and codes, never INSZ or tokens."""

    kind: str
    outcome: str
    person: str | None = None
    institutions: tuple[str, ...] = ()
    theme: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of other people whom it is about, by what happened to them, each at least one."""
