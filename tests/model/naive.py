"""What must hold of the tables at rest, and decisions reckoned from their rows, one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, select

from mo_access.storage import bookkeeping, interventions, schema
from mo_access.storage.engine import Connection
from tests.model.succeeding import Successions
from tests.model.universe import BOARD, LEVELS, PLACES

Row = dict[str, Any]


@dataclass
class Tables:
    """Every row of the tables that give rights, read at one moment."""

    people: dict[int, Row]
    links: dict[int, Row]
    clients: dict[int, Row]
    groups: dict[int, Row]
    places: dict[int, str]
    successions: Successions
    themes: dict[int, str]
    memberships: list[Row]
    affiliations: list[Row]
    grants: list[Row]
    totals: list[Row]
    closed: set[str]
    """Institutions that are blocked."""
    bars: Bars

    @classmethod
    def of(cls, conn: Connection) -> Tables:
        """Read them all."""
        places = _by_pk(conn, schema.institution)
        return cls(
            _by_pk(conn, schema.person),
            _by_pk(conn, schema.link),
            _by_pk(conn, schema.client),
            _by_pk(conn, schema.group),
            {pk: row["number"] for pk, row in places.items()},
            Successions({r["number"]: r["successor"] for r in places.values() if r["successor"]}),
            {pk: row["slug"] for pk, row in _by_pk(conn, schema.theme).items()},
            _rows(conn, schema.membership),
            _rows(conn, schema.affiliation),
            _rows(conn, schema.direct_grant),
            _rows(conn, bookkeeping.list_total),
            {row["number"] for row in places.values() if row["blocked"]},
            Bars.of(conn, places),
        )

    def faults(self) -> list[str]:
        """Name everything that dangles or does not add up."""
        found = [*self._people(), *self._groups(), *self._rights(), *self._counts()]
        found += self._bounds()
        return found + self.bars.faults(self.people, self.links, self.affiliations)

    def may(self, person_pk: int, theme: str, at: str, today: str) -> bool:
        """Decide from the rows, for a session of the highest level (rule 10)."""
        person, links = self.people[person_pk], self.links_of(person_pk)
        near = self.successions.lineage(at)
        live = {pk: row for pk, row in links.items() if row["active"]}
        if not (person["active"] and live) or self._shut(person, at):
            return False
        said = [
            (self.links[row["link_pk"]], row, self.places[row["institution_pk"]])
            for row in self.affiliations
            if row["person_pk"] == person_pk and not row["outside"]
        ]
        by_client = {row["client_pk"]: row for row in links.values()}
        joined = [
            self.groups[m["group_pk"]] for m in self.memberships if m["person_pk"] == person_pk
        ]
        joined = [group for group in joined if not group["outside"]]
        nothing: Row = {"start_day": None, "end_day": None}
        said += [
            (by_client[g["client_pk"]], nothing, self.places[g["institution_pk"]])
            for g in joined
            if g["role"] and g["institution_pk"] and g["client_pk"] in by_client
        ]
        here = [(link, row, place) for link, row, place in said if place in near]
        now = (
            link["active"] and _current(row, today) and p not in self.closed
            for link, row, p in here
        )
        if not any(now):
            return False
        put_here = {link["client_pk"] for link, _, _ in here}
        return any(self._gives(group, by_client, theme, at, put_here) for group in joined) or any(
            self.links[row["link_pk"]]["active"]
            and self.themes[row["theme_pk"]] == theme
            and self.places[row["institution_pk"]] in near - self.closed
            for row in self.grants
            if row["person_pk"] == person_pk and not row["outside"]
        )

    def _shut(self, person: Row, at: str) -> bool:
        """Tell whether a block is on the person, the place, or what the one is at the other."""
        places = self.bars.places(person["bar"])
        everywhere = None in places or at in self.closed
        return everywhere or any(at in {p, *self._kin(p)} for p in places if p)

    def _kin(self, at: str) -> set[str]:
        """Return what a place succeeded and who succeeded it, by now."""
        return self.successions.lineage(at) | self.successions.later(at)

    def links_of(self, person_pk: int) -> dict[int, Row]:
        """Return the links to a person."""
        return {pk: row for pk, row in self.links.items() if row["person_pk"] == person_pk}

    def _gives(
        self, group: Row, by_client: dict[int, Row], theme: str, at: str, put_here: set[int]
    ) -> bool:
        link, client = by_client.get(group["client_pk"]), self.clients[group["client_pk"]]
        live = link["active"] if link else client["platform"]
        place = self.places.get(group["institution_pk"])
        there = (
            place in self.successions.lineage(at) - self.closed
            if place
            else group["client_pk"] in put_here
        )
        return bool(live and there and self.themes.get(group["theme_pk"]) == theme)

    def _people(self) -> list[str]:
        found = []
        for pk, person in self.people.items():
            links = self.links_of(pk).values()
            owners = {row["client_pk"] for row in links}
            if not links and (person["insz_index"] is not None or person["active"]):
                found.append(f"person {pk} has no link, and is no tomb")
            if links and person["owner_pk"] not in owners:
                found.append(f"person {pk} is owned by {person['owner_pk']}, linked by {owners}")
            if any(row["said_insz"] for row in links) and person["insz_index"] is None:
                found.append(f"person {pk} lost the number that a living link said")
        return found

    def _groups(self) -> list[str]:
        found, sizes = [], Counter(m["group_pk"] for m in self.memberships)
        known = defaultdict(set)
        for row in self.links.values():
            known[row["person_pk"]].add(row["client_pk"])
        for m in self.memberships:
            client = self.groups[m["group_pk"]]["client_pk"]
            knows = known[m["person_pk"]]
            if client not in knows and not (knows and self.clients[client]["platform"]):
                found.append(f"group {m['group_pk']} holds {m['person_pk']}, known to {knows}")
        found += [
            f"group {pk} says {row['size']} members, has {sizes[pk]}"
            for pk, row in self.groups.items()
            if row["size"] != sizes[pk]
        ]
        return found

    def _rights(self) -> list[str]:
        return [
            f"a right of person {row['person_pk']} hangs on a link of another: {row}"
            for row in [*self.affiliations, *self.grants]
            if self.links.get(row["link_pk"], {}).get("person_pk") != row["person_pk"]
        ]

    def _bounds(self) -> list[str]:
        """Name what counts where its client may not act, and what rests where it may."""
        said = [
            (self.links[row["link_pk"]]["client_pk"], row)
            for row in [*self.affiliations, *self.grants]
        ]
        said += [(row["client_pk"], row) for row in self.groups.values() if row["institution_pk"]]
        return [
            f"outside is {row['outside']}: {row}"
            for client_pk, row in said
            if bool(row["outside"]) is self._may_act(client_pk, row["institution_pk"])
        ]

    def _may_act(self, client_pk: int, place_pk: int) -> bool:
        client = self.clients[client_pk]["name"]
        return self.places[place_pk] in self.successions.scope(client)

    def _counts(self) -> list[str]:
        told: Counter[tuple[str, int]] = Counter()
        for row in self.totals:
            told[row["kind"], row["client_pk"]] += row["amount"]
        real = Counter(("person", row["client_pk"]) for row in self.links.values())
        real += Counter(("group", row["client_pk"]) for row in self.groups.values())
        return [
            f"{key}: {told[key]} told, {real[key]} there"
            for key in told | real
            if told[key] != real[key]
        ]


@dataclass
class Bars:
    """The blocks with all by which the humans under them are known."""

    blocks: list[Row]
    keys: list[Row]
    numbers: dict[int, Row]
    """Institutions by their keys."""

    @classmethod
    def of(cls, conn: Connection, places: dict[int, Row]) -> Bars:
        """Read them."""
        return cls(_rows(conn, interventions.block), _rows(conn, interventions.block_key), places)

    def places(self, bar: str | None) -> set[str | None]:
        """Return where a human is blocked; None is everywhere."""
        pks = [row["institution_pk"] for row in self.blocks if bar and row["bar"] == bar]
        return {self.numbers[pk]["number"] if pk else None for pk in pks}

    def faults(
        self, people: dict[int, Row], links: dict[int, Row], affiliations: list[Row]
    ) -> list[str]:
        """Name rows that tell another block than stands, and humans under one who slipped it."""
        bars = {row["bar"] for row in self.blocks if row["bar"]}
        told = [row["bar"] for row in [*people.values(), *self.keys] if row["bar"]]
        found = [f"{bar} is under no block" for bar in told if bar not in bars]
        for pk, person in people.items():
            if person["blocked"] != self._id(person["bar"], None):
                found.append(f"person {pk} says block {person['blocked']}: {person['bar']}")
            number = person["insz_index"]
            known = self._of("insz", "", number.hex()) if number else None
            if known not in {None, person["bar"]}:
                found.append(f"person {pk} is under {person['bar']}, its number under {known}")
        for row in affiliations:
            bar = people[row["person_pk"]]["bar"]
            if row["blocked"] != self._id(bar, row["institution_pk"]):
                found.append(f"an affiliation says block {row['blocked']}: {row}")
        for row in links.values():
            known = self._of("userName", str(row["client_pk"]), row["user_key"])
            if known not in {None, people[row["person_pk"]]["bar"]}:
                found.append(f"the userName of {row['person_pk']} is known under {known}")
        return found + self._marks()

    def _marks(self) -> list[str]:
        whole = {row["institution_pk"]: row["id"] for row in self.blocks if not row["bar"]}
        return [
            f"institution {pk} says block {row['blocked']}"
            for pk, row in self.numbers.items()
            if row["blocked"] != whole.get(pk)
        ]

    def _id(self, bar: str | None, place: int | None) -> str | None:
        found = [
            r["id"] for r in self.blocks if bar and (r["bar"], r["institution_pk"]) == (bar, place)
        ]
        return found[0] if found else None

    def _of(self, *key: str) -> str | None:
        found = [
            row["bar"] for row in self.keys if (row["kind"], row["scope"], row["value"]) == key
        ]
        return found[0] if found else None


def _current(row: Row, today: str) -> bool:
    return (row["start_day"] or today) <= today <= (row["end_day"] or today)


def _rows(conn: Connection, table: FromClause) -> list[Row]:
    names = [column.name for column in table.c]
    return [dict(zip(names, row, strict=True)) for row in conn.all(select(table))]


def _by_pk(conn: Connection, table: FromClause) -> dict[int, Row]:
    return {row["pk"]: row for row in _rows(conn, table)}


QUESTIONS = [(theme, at) for theme in LEVELS for at in (BOARD, *PLACES)]
