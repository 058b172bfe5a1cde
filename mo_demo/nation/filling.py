"""Filling a database with a made-up nation, as its brokers and the services would have left it.

Bodies go through the same mapping as requests, and are stored many at a time.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from mo_access.domain.errors import Conflict
from mo_access.domain.model import Actor
from mo_access.service import audit, bulk, catalogue, clients, imports
from mo_access.service.bulk import Newcomer, NewId, NewMembers
from mo_access.service.clients import NewClient
from mo_access.service.registration import Meant
from mo_access.service.unit_of_work import UnitOfWork
from mo_demo.nation import bodies, words
from mo_demo.nation.bodies import Body
from mo_demo.nation.person import person
from mo_demo.nation.plan import Group, Nation
from mo_scim.mapping import groups, users
from mo_scim.profiles import LENIENT

AT_ONCE: Final = 1_000
"""So many people or groups in one transaction."""
ANYWHERE: Final = "lerarenplatform"
"""The theme of the group that counts wherever somebody is something."""
Unit = Callable[[], UnitOfWork]
Tell = Callable[[str], None]
T = TypeVar("T")


def _silent(_text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Broker:
    """A client that was made, with its token and what the audit trail calls it."""

    actor: Actor
    token: str

    @property
    def caller(self) -> str:
        """Who acts, for the audit trail."""
        return f"client:{self.actor.client_id}"


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is now: the brokers, the government's first, and the people by number."""

    brokers: tuple[Broker, ...]
    people: tuple[Meant, ...]
    groups: int


def fill(unit: Unit, nation: Nation, *, beside: bool = False, tell: Tell = _silent) -> Filled:
    """Write a nation into the database that ``unit`` opens units of work on.

    ``beside``: also where there are people already; institutions and themes that are known stay as
    they are. ``tell`` hears what is being done. Raises ``Conflict`` where there are people, or what
    is made would meet something that is there.
    """
    with unit() as uow:
        if not (beside or bulk.is_empty(uow)):
            raise Conflict("there are people in this database already; nothing was written")
        tell(f"{nation.institutions:,} institutions")
        brokers = found(uow, nation)
        _commit(uow)
    made = _Making(unit, nation, tell)
    people = made.everybody(brokers[0])
    count = made.groups(brokers[0], people)
    for board, broker in enumerate(brokers[1:]):
        count += made.of_board(broker, board, people)
    return Filled(brokers, tuple(people), count)


def found(uow: UnitOfWork, nation: Nation) -> tuple[Broker, ...]:
    """Import the institutions and themes that are not known yet, and make the brokers.

    The government's is the first one; each board's comes in their order.
    """
    _import(uow, nation)
    return tuple(_brokers(uow, nation))


def seed_themes() -> list[dict[str, str]]:
    """Return the themes that an installation begins with."""
    seed = resources.files("mo_access") / "data" / "themes.csv"
    return [*csv.DictReader(seed.read_text(encoding="utf-8").splitlines())]


def institutions(nation: Nation) -> Iterator[dict[str, str]]:
    """Yield the boards, then the schools, as they are imported."""
    for place in range(nation.governing):
        yield {"number": nation.number(place), "name": f"Bestuur {place + 1}", "kind": "board"}
    for place in range(nation.schools):
        name = words.SCHOOLS[place % len(words.SCHOOLS)]
        town = words.TOWNS[place // len(words.SCHOOLS) % len(words.TOWNS)]
        yield {
            "number": nation.school(place),
            "name": f"{name} {town} {place + 1}",
            "kind": "school",
            "board": nation.board_of(place),
        }


def groups_of(nation: Nation) -> Iterator[Group]:
    """Yield the groups of the government's broker: first the one that counts anywhere."""
    slugs = tuple(row["slug"] for row in seed_themes())
    if nation.largest:
        yield ANYWHERE, tuple(range(nation.largest))
    yield from (nation.group(turn, slugs) for turn in range(nation.groups))


def groups_of_board(nation: Nation, board: int) -> Iterator[Group]:
    """Yield a group for each school of a board: its people whom the board knows by number."""
    for place in nation.of_board(board):
        staff = tuple(n for n in nation.staff(place) if person(nation, n).insz)
        yield f"MO_{nation.school(place)}_leerlingen-openbaar", staff


def _import(uow: UnitOfWork, nation: Nation) -> None:
    """Import what is not known yet."""
    known = {one.number for one in catalogue.every_institution(uow)}
    slugs = {one.slug for one in catalogue.every_theme(uow)}
    places = [row for row in institutions(nation) if row["number"] not in known]
    themes = [row for row in seed_themes() if row["slug"] not in slugs]
    with tempfile.TemporaryDirectory() as folder:
        for run, rows in ((imports.institutions, places), (imports.themes, themes)):
            if rows:
                path = Path(folder) / "rows.csv"
                _write(path, rows)
                run(uow, path)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(rows)


def _brokers(uow: UnitOfWork, nation: Nation) -> Iterator[Broker]:
    yield _broker(uow, NewClient(f"made-up government {nation.seed}", platform=True))
    for board in range(nation.boards):
        number = nation.number(board)
        yield _broker(uow, NewClient(f"made-up board {nation.seed} {number}", (number,)))


def _broker(uow: UnitOfWork, new: NewClient) -> Broker:
    _, token = clients.create(uow, new)
    actor = clients.by_token(uow, token)
    if actor is None:
        raise LookupError("the client that was made is gone")
    return Broker(actor, token)


def _commit(uow: UnitOfWork) -> None:
    """Make it durable and seal what it wrote: of few events, a round looks at few."""
    uow.commit()
    while audit.seal_due(uow, "made-up nation").events:
        uow.commit()


class _Making:
    """What all parts need: the units of work, the plan, and the ids that follow from its seed."""

    def __init__(self, unit: Unit, nation: Nation, tell: Tell) -> None:
        self.unit = unit
        self.nation = nation
        self.tell = tell
        self.new_id = _ids(nation.seed)

    def everybody(self, broker: Broker) -> list[Meant]:
        """Register all as the government's broker."""
        people: list[Meant] = []
        for numbers in _parts(range(self.nation.people)):
            sent = [(bodies.user(self.nation, n), None) for n in numbers]
            people += self._register(broker, sent)
            self.tell(f"{len(people):,} of {self.nation.people:,} people")
        return people

    def groups(self, broker: Broker, people: list[Meant]) -> int:
        """Make the groups of the government's broker."""
        count = 0
        for part in _parts(groups_of(self.nation)):
            self._make(broker, [_with(people, one) for one in part])
            count += len(part)
            self.tell(f"{count:,} groups")
        return count

    def of_board(self, broker: Broker, board: int, people: list[Meant]) -> int:
        """Register the people of a board's schools whom it knows by number, and group them."""
        groups = [*groups_of_board(self.nation, board)]
        for numbers in _parts(n for _, staff in groups for n in staff):
            self._register(broker, [(bodies.local(self.nation, n), people[n]) for n in numbers])
        for part in _parts(groups):
            self._make(broker, [_with(people, one) for one in part])
        self.tell(f"{len(groups)} schools of {broker.actor.name}")
        return len(groups)

    def _register(self, broker: Broker, sent: Sequence[tuple[Body, Meant | None]]) -> list[Meant]:
        with self._unit(broker) as uow:
            known = catalogue.of(uow, broker.actor)
            drafts = [
                Newcomer(
                    users.read(
                        body, profile=LENIENT, catalogue=known, actor=broker.actor, shown=None
                    ),
                    meant,
                )
                for body, meant in sent
            ]
            made = bulk.register(uow, broker.actor, drafts, self.new_id)
            _commit(uow)
        return made

    def _make(self, broker: Broker, sent: list[tuple[Body, tuple[Meant, ...]]]) -> None:
        with self._unit(broker) as uow:
            known = catalogue.of(uow, broker.actor)
            drafts = [
                NewMembers(
                    groups.read(
                        body, profile=LENIENT, catalogue=known, actor=broker.actor, shown=None
                    ),
                    members,
                )
                for body, members in sent
            ]
            bulk.make(uow, broker.actor, drafts, self.new_id)
            _commit(uow)

    def _unit(self, broker: Broker) -> UnitOfWork:
        made = self.unit()
        made.caller = broker.caller
        return made


def _with(people: list[Meant], one: Group) -> tuple[Body, tuple[Meant, ...]]:
    name, members = one
    return bodies.group(name), tuple(people[n] for n in members)


def _ids(seed: int) -> NewId:
    chance = Random(seed)  # noqa: S311 - ids are no secrets
    return lambda: str(UUID(int=chance.getrandbits(128), version=4))


def _parts(found: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(found)
    while part := list(islice(rest, AT_ONCE)):
        yield part
