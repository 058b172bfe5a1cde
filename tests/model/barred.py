"""Humans under a block, known again whatever rows stand for them (how-to/blocks-and-ends).

A human is known by the number from every client, and by userName and externalId at the client
that wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.model.rules import Link, World


class Key(NamedTuple):
    """By what a human is known: a number of anybody's, or a name of one client's."""

    kind: str
    client: str
    value: str


@dataclass
class Bar:
    """A human under a block: everywhere or at places, and all by which it was known since."""

    everywhere: bool = False
    at: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Tell whether a block is left."""
        return self.everywhere or bool(self.at)


def of_number(number: str) -> Key:
    """Return the key of a number."""
    return Key("insz", "", number)


def of_record(client: str, link: Link) -> set[Key]:
    """Return the keys of what a client says of somebody."""
    keys = {Key("userName", client, link.name.casefold())}
    return keys | ({Key("externalId", client, link.external)} if link.external else set())


def remember(world: World) -> None:
    """Note by what humans under a block are known now, beside what was."""
    for person in world.people.values():
        if person.bar is None:
            continue
        keys = {key for client, link in person.links.items() for key in of_record(client, link)}
        keys |= {of_number(person.insz)} if person.insz else set()
        world.bars[person.bar].keys |= keys


def bar_of_new(world: World, client: str, link: Link, number: str | None) -> str | None:
    """Return as whom a person is known who is made now: by the number, or else by the record."""
    keys = {of_number(number)} if number else of_record(client, link)
    return min((bar for bar, known in world.bars.items() if known.keys & keys), default=None)


def is_anothers(world: World, client: str, link: Link, bar: str | None) -> bool:
    """Tell whether a record is that of a human under a block, who is another than this one."""
    keys = of_record(client, link)
    return any(known.keys & keys for other, known in world.bars.items() if other != bar)
