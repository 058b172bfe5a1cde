"""The rules of the domain in plain Python, written from their text: the model of the service.

Nothing here comes from the product. A person is a dictionary of links, a right follows from what
links and groups say, and every question is answered by looking at everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from typing import Final, NamedTuple

from tests.model.barred import Bar
from tests.model.succeeding import Successions
from tests.model.universe import (
    LEVELS,
    NEW,
    OLD,
    ONE,
    OPEN,
    PAY,
    PLATFORM,
    TWO,
)

GEBRUIKER: Final = "gebruiker"
BEHEERDER: Final = "beheerder"


class Said(NamedTuple):
    """An affiliation as it is said and shown: where, what, from and until."""

    at: str
    role: str
    start: date | None = None
    end: date | None = None


class Claim(NamedTuple):
    """An affiliation with the form that it came in and whether its link is live."""

    said: Said
    form: str
    client: str
    live: bool


class Meant(NamedTuple):
    """What a text of ``roles[]`` or ``entitlements[]`` means where its client may act."""

    said: tuple[Said, ...] = ()
    themes: tuple[tuple[str, str], ...] = ()
    placed: bool = False
    """It names an institution for a role, so ``organization`` makes no affiliation."""


TEXTS: Final[dict[str, Meant]] = {
    f"beheerder:{ONE}": Meant((Said(ONE, BEHEERDER),), placed=True),
    f"gebruiker:{TWO}": Meant((Said(TWO, GEBRUIKER),), placed=True),
    f"MijnOnderwijsPortaalGebruiker:{ONE}, {TWO}": Meant(
        (Said(ONE, GEBRUIKER), Said(TWO, GEBRUIKER)), placed=True
    ),
    f"mijnonderwijsportaalbeheerder:{TWO}": Meant((Said(TWO, BEHEERDER),), placed=True),
    f"MijnOnderwijsPortaalGebruiker-{OPEN}:{ONE}": Meant(
        (Said(ONE, GEBRUIKER),), ((OPEN, ONE),), placed=True
    ),
    f"MijnOnderwijsPortaalBeheerderAssistent:{ONE}": Meant(),
    "MijnOnderwijsPortaalBeheerder": Meant(),
}
"""The texts of ``roles[]`` with what they mean; ``beheerder`` alone counts at a home."""
FLAT: Final = "beheerder"
ENTITLED: Final[dict[str, Meant]] = {
    f"{ONE}:{OPEN}": Meant(themes=((OPEN, ONE),)),
    f"{PAY}:{TWO}": Meant(themes=((PAY, TWO),)),
    f"{ONE}:onbekend": Meant(),
}


class Name(NamedTuple):
    """What the name of a group says: a place (None: none), and a theme or a role (None: none)."""

    at: str | None
    theme: str | None = None
    role: str | None = None


NAMES: Final[dict[str, Name]] = {
    f"MO_{ONE}_{OPEN}": Name(ONE, OPEN),
    f"MO_{TWO}_{PAY}": Name(TWO, PAY),
    f"MO_{OLD}_{OPEN}": Name(OLD, OPEN),
    f"MO_{NEW}_{OPEN}": Name(NEW, OPEN),
    f"MO_{ONE}_beheerder": Name(ONE, role=BEHEERDER),
    f"mo_{TWO}_GEBRUIKER": Name(TWO, role=GEBRUIKER),
    f"MO_{ONE}_koffie": Name(ONE),
    OPEN: Name(None, OPEN),
    "Lonen": Name(None, PAY),
    "koffie": Name(None),
}


@dataclass
class Link:
    """What one client says about a person."""

    born: int
    name: str
    external: str | None = None
    active: bool = True
    affiliations: list[Said] = field(default_factory=list)
    roles: tuple[str, ...] = ()
    entitled: tuple[str, ...] = ()
    organization: str | None = None
    read: Meant = field(default_factory=Meant)
    """What roles, entitlements and organization meant where the client could act then."""


@dataclass
class Person:
    """Somebody, with the links of all clients; without links it is a tomb."""

    insz: str | None
    owner: str
    switch: bool = True
    bar: str | None = None
    """The human under a block that this row stands for (``barred``)."""
    links: dict[str, Link] = field(default_factory=dict)


@dataclass
class Group:
    """A group of one client; ``at``, ``theme`` and ``role`` are what its name was read as."""

    client: str
    name: str
    external: str | None = None
    at: str | None = None
    theme: str | None = None
    role: str | None = None
    members: set[str] = field(default_factory=set)


@dataclass
class World:
    """Everything there is, by id, and the day it is."""

    today: date
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    """Institutions that are blocked."""
    bars: dict[str, Bar] = field(default_factory=dict)
    """Humans under a block."""
    successions: Successions = field(default_factory=Successions)

    def lineage(self, at: str) -> set[str]:
        """Return a place with all that it succeeded by now."""
        return self.successions.lineage(at)

    def scope(self, client: str) -> frozenset[str]:
        """Return where a client may act now."""
        return self.successions.scope(client)

    def alive(self) -> list[str]:
        """Return the ids of people somebody knows, in the order in which they came."""
        return [i for i, person in self.people.items() if person.links]

    def seen_by(self, client: str) -> list[str]:
        """Return whom this client reads: its own; a platform client all who live (rule 5)."""
        return [i for i in self.alive() if client in self.people[i].links or client == PLATFORM]

    def groups_seen_by(self, client: str) -> list[str]:
        """Return which groups this client reads: its own, a platform client all."""
        return [i for i, g in self.groups.items() if client in {g.client, PLATFORM}]

    def by_number(self, number: str | None) -> str | None:
        """Return who has this number."""
        found = [i for i in self.alive() if number and self.people[i].insz == number]
        return found[0] if found else None

    def claims(self, person_id: str) -> Iterator[Claim]:
        """Yield every affiliation that anybody gives, in any form."""
        person = self.people[person_id]
        for client, link in person.links.items():
            for said, form in stated(link):
                yield Claim(said, form, client, link.active and said.at in self.scope(client))
        for group in self.joined(person_id):
            link_of = person.links.get(group.client)
            if group.role and group.at and link_of:
                live = link_of.active and group.at in self.scope(group.client)
                yield Claim(Said(group.at, group.role), "group", group.client, live)

    def joined(self, person_id: str) -> list[Group]:
        """Return the groups that a person is in."""
        return [group for group in self.groups.values() if person_id in group.members]

    def shown(self, client: str, person_id: str) -> set[tuple[Said, str]]:
        """Return the affiliations that this client reads, each with its status."""
        told = [c for c in self.claims(person_id) if client in {c.client, PLATFORM}]
        switch = self.people[person_id].switch
        live = {c: c.live and switch and not self.shut(person_id, c.said.at) for c in told}
        undated = {
            c.said.at
            for c in told
            if live[c] and c.said.role == BEHEERDER and c.said[2:] == (None, None)
        }
        kept = [c for c in told if not _covered(c, undated)]
        statuses: dict[Said, set[str]] = {}
        for claim in kept:
            status = self.status(claim.said, live=live[claim])
            statuses.setdefault(claim.said, set()).add(status)
        return {(said, "active" if "active" in s else min(s)) for said, s in statuses.items()}

    def status(self, said: Said, *, live: bool) -> str:
        """Tell where an affiliation stands today; the last day still counts (rule 1)."""
        if said.end and said.end < self.today:
            return "ended"
        if not live:
            return "suspended"
        return "pending" if said.start and said.start > self.today else "active"

    def may(self, person_id: str, theme: str, at: str, level: int = 1_000) -> bool:
        """Tell whether this person may read this theme here now: rule 10, line by line."""
        person = self.people.get(person_id)
        if person is None or not person.links or not person.switch:
            return False
        if not any(link.active for link in person.links.values()):
            return False
        if self.shut(person_id, at):
            return False
        near = self.lineage(at)
        here = [
            c
            for c in self.claims(person_id)
            if c.said.at in near and c.said.at in self.scope(c.client)
        ]
        if not any(self.counts(c) for c in here):
            return False
        return self.gives(person_id, theme, at, here) and level >= LEVELS[theme]

    def shut(self, person_id: str, at: str) -> bool:
        """Tell whether a block lets the person be nothing at this place, also by its history."""
        return self.barred(person_id, at) or self.barred_in_history(person_id, at)

    def barred(self, person_id: str, at: str) -> bool:
        """Tell whether a block is on the person, the place, or what the one is at the other."""
        bar = self.bars.get(self.people[person_id].bar or "")
        return at in self.blocked or (bar is not None and (bar.everywhere or at in bar.at))

    def barred_in_history(self, person_id: str, at: str) -> bool:
        """Tell whether the person is blocked at what this place succeeded or was succeeded by."""
        bar = self.bars.get(self.people[person_id].bar or "")
        places = bar.at if bar else set()
        return any(place in self.lineage(at) or at in self.lineage(place) for place in places)

    def counts(self, claim: Claim) -> bool:
        """Tell whether an affiliation makes somebody something today, at a place that is open."""
        active = claim.live and self.status(claim.said, live=True) == "active"
        return active and claim.said.at not in self.blocked

    def gives(self, person_id: str, theme: str, at: str, here: list[Claim]) -> bool:
        """Tell whether anything live gives the theme here: a group or an entitlement (rule 2)."""
        person, near = self.people[person_id], self.lineage(at)
        for group in self.joined(person_id):
            link = person.links.get(group.client)
            live = link.active if link else group.client == PLATFORM
            live = live and group.at not in self.blocked
            live = live and (group.at is None or group.at in self.scope(group.client))
            placed = [c for c in here if c.client == group.client]
            spread = group.at is None and any(map(self.counts, placed))
            if live and group.theme == theme and (group.at in near or spread):
                return True
        return any(
            link.active and said == theme and place in (near - self.blocked) & self.scope(client)
            for client, link in person.links.items()
            for said, place in link.read.themes
        )

    def leave(self, client: str, person_id: str) -> None:
        """End one link with all that it gave (rule 5)."""
        person = self.people[person_id]
        del person.links[client]
        for group in self.groups.values():
            if group.client == client or not person.links:
                group.members.discard(person_id)
        if not person.links:
            person.insz, person.switch = None, False
        elif person.owner == client:
            person.owner = min(person.links, key=lambda name: person.links[name].born)

    def document_of(self, client: str, person_id: str) -> Link:
        """Return what this client reads: its own, or as a platform client the owner's."""
        person = self.people[person_id]
        return person.links.get(client) or person.links[person.owner]


def read(world: World, client: str, link: Link) -> Link:
    """Read what a link says in flat forms, where its client may act now (design section 3)."""
    mine = world.scope(client)
    texts = [TEXTS[text] for text in link.roles if text != FLAT]
    flat = {said for one in texts for said in one.said if said.at in mine}
    if FLAT in link.roles and (at := _home(world, client, link)):
        flat.add(Said(at, BEHEERDER))
    themes = {
        pair
        for one in [*texts, *(ENTITLED[text] for text in link.entitled)]
        for pair in one.themes
        if pair[1] in mine
    }
    placed = any(one.placed for one in texts) or link.organization not in mine
    return replace(link, read=Meant(tuple(flat), tuple(themes), placed))


def stated(link: Link) -> Iterator[tuple[Said, str]]:
    """Yield the affiliations that a link states, each with its form (design section 3)."""
    yield from ((said, "affiliations") for said in dict.fromkeys(link.affiliations))
    yield from ((said, "roles") for said in link.read.said)
    if link.organization and not link.affiliations and not link.read.placed:
        yield Said(link.organization, GEBRUIKER), "organization"


def says_two_things(link: Link) -> bool:
    """Tell whether the extension says two things of one institution at one time."""
    return any(_at_once(a, b) for a, b in combinations(dict.fromkeys(link.affiliations), 2))


def contradicts(link: Link) -> bool:
    """Tell whether the extension and ``roles[]`` say two roles of one institution."""
    told = [*stated(link)]
    by_form = {
        form: {
            s.at: max(o.role == BEHEERDER for o, f in told if f == form and o.at == s.at)
            for s, g in told
            if g == form
        }
        for form in ("affiliations", "roles")
    }
    one, other = by_form["affiliations"], by_form["roles"]
    return any(one[at] != other[at] for at in one.keys() & other.keys())


def _at_once(one: Said, other: Said) -> bool:
    begins = max(one.start or date.min, other.start or date.min)
    return one.at == other.at and begins <= min(one.end or date.max, other.end or date.max)


def _home(world: World, client: str, link: Link) -> str | None:
    if link.organization and link.organization.isdigit():
        return link.organization if link.organization in world.scope(client) else None
    return world.successions.home(client)


def _covered(claim: Claim, undated: set[str]) -> bool:
    """A gebruiker that only follows says nothing beside a beheerder of the same place."""
    said = claim.said
    return claim.form != "affiliations" and said.role == GEBRUIKER and said.at in undated
