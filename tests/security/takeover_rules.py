"""Who may be who, in plain Python from the text of the rules: rule 5, rulings 1, 2 and 3.

Nothing here comes from the product. Each link is remembered as its client said it last, with the
human whom an honest client means, and every question is answered by looking at all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tests.security.takeover_world import (
    AT,
    PLATFORM,
    THEME,
    TRUTHFUL,
    UNKNOWN_TO_PROVIDER,
    Claims,
    Words,
)

NEW: Final = "somebody new"
REFUSED: Final = "refused"


@dataclass(eq=False)
class Told:
    """A link as its client wrote it last.

    ``human`` is whom an honest client means by it, None where a liar wrote it; ``vouches`` for
    whose number it stands.
    """

    client: str
    person: str
    words: Words
    human: int | None
    vouches: int | None
    grouped: bool = False
    """Its client has it in a group."""

    @property
    def standing(self) -> tuple[object, ...]:
        """Return what a sign-in that it made possible stands on."""
        words = self.words
        return self.person, words.name, words.external, words.subject

    def names(self, human: int, claims: Claims) -> bool:
        """Tell whether it gives to this human what was carried."""
        words = self.words
        return human in {
            words.subject,
            words.name if claims.name else None,
            words.external if claims.external else None,
            self.vouches if claims.number else None,
        }


@dataclass(eq=False)
class Shut:
    """A human under a block: the rows that are known to stand for it, and its numbers."""

    people: set[str]
    numbers: set[int] = field(default_factory=set)


@dataclass
class Register:
    """All links, the oldest first, whose number each person has, and which client owns it."""

    links: list[Told] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    pins: list[tuple[int, Told, tuple[object, ...]]] = field(default_factory=list)
    """Whom a link let in earlier, whose subject is known since, while it says the same."""
    revoked: set[str] = field(default_factory=set)
    shut: list[Shut] = field(default_factory=list)

    def trusts(self, told: Told) -> bool:
        """Tell whether the provider's sign-ins are matched to a link."""
        return told.client not in UNKNOWN_TO_PROVIDER and told.client not in self.revoked

    def of(self, person: str) -> list[Told]:
        """Return the links to a person."""
        return [told for told in self.links if told.person == person]

    def foretell(self, client: str, words: Words, at: Told | None) -> str:
        """Return which person a write leads to, ``NEW`` or ``REFUSED``."""
        if self._name_taken(client, words, at) or words.at not in {None, AT[client]}:
            return REFUSED
        meant = self._registered(client, words) if at is None else self._changed(words, at)
        mine = {t.person for t in self.links if t.client == client and t is not at}
        return REFUSED if meant in mine else meant

    def write(self, client: str, words: Words, at: Told | None, person: str) -> None:
        """Write down what became of a write that was not refused."""
        number = words.number if isinstance(words.number, int) else None
        if at is None:
            self.links.append(Told(client, person, words, _meant(client, words), number))
        else:
            left, at.person, at.words = at.person, person, words
            at.vouches = at.vouches if words.number == "keep" else number
            self._left(left)
        self._number(client, person, words, at)
        self.owners.setdefault(person, client)

    def end(self, told: Told) -> None:
        """Delete a link; a platform client's DELETE is the whole person (rule 5)."""
        gone = self.of(told.person) if told.client == PLATFORM else [told]
        self.links = [one for one in self.links if one not in gone]
        self._left(told.person)

    def _trusted(self) -> list[Told]:
        return [told for told in self.links if self.trusts(told)]

    def _name_taken(self, client: str, words: Words, at: Told | None) -> bool:
        others = [t.words for t in self.links if t.client == client and t is not at]
        return any(
            (words.name is not None and words.name == other.name)
            or (words.external is not None and words.external == other.external)
            for other in others
        )

    def _registered(self, client: str, words: Words) -> str:
        """Link by number, else by a subject between those whom the provider trusts (rule 5)."""
        if isinstance(words.number, int):
            return self._numbered(words.number)
        if words.subject is None or client in UNKNOWN_TO_PROVIDER:
            return NEW
        known = {t.person for t in self._trusted() if t.words.subject == words.subject}
        return known.pop() if len(known) == 1 else NEW

    def _changed(self, words: Words, at: Told) -> str:
        """Another number moves the link, never the person (ruling 2)."""
        if not isinstance(words.number, int):
            return at.person
        known = self._numbered(words.number)
        if known == at.person:
            return known
        if known == NEW:
            owned = self.owners[at.person] == at.client and at.person not in self.numbers
            return at.person if at.client == PLATFORM or owned else NEW
        return REFUSED if at.client == PLATFORM else known

    def _numbered(self, number: int) -> str:
        return next((p for p, known in self.numbers.items() if known == number), NEW)

    def _number(self, client: str, person: str, words: Words, at: Told | None) -> None:
        """Give the person its number; a platform client that changes one is alone to vouch."""
        had = self.numbers.get(person)
        if at is not None and words.number is None and client == PLATFORM:
            self.numbers.pop(person, None)
        elif isinstance(words.number, int):
            self.numbers[person] = words.number
        if had is not None and self.numbers.get(person) != had:
            for told in self.of(person):
                told.vouches = told.vouches if told is at else None

    def _left(self, person: str) -> None:
        """Hand a person on to the oldest link that is left; without one only a tomb stays."""
        left = self.of(person)
        if not left:
            self.numbers.pop(person, None)
            self.owners.pop(person, None)
        elif self.owners[person] not in {told.client for told in left}:
            self.owners[person] = left[0].client

    def given_to(self, human: int, person: str, right: tuple[str, str]) -> bool:
        """Tell whether somebody who may gave this human this theme at this place.

        A liar gives at its own place to whom it likes; an honest client to whom it means. What a
        client gave stays when it is revoked.
        """
        place, theme = right
        return any(
            told.words.active
            and AT[told.client] == place
            and told.human in {human, None}
            and (told.grouped or theme == THEME)
            for told in self.of(person)
        )

    def block(self, person: str) -> None:
        """Write down that whoever this is reads nothing."""
        self.shut.append(Shut({person}))
        self.recognise()

    def recognise(self) -> None:
        """Note which rows stand for blocked humans now, by their numbers, and these by the rows."""
        for one in self.shut:
            one.numbers |= {self.numbers[p] for p in one.people if p in self.numbers}
            one.people |= {p for p, number in self.numbers.items() if number in one.numbers}

    def is_shut(self, human: int, person: str, claims: Claims) -> bool:
        """Tell whether a block is on this person, or on whom the number says that it is."""
        return any(
            person in one.people or (claims.number and human in one.numbers) for one in self.shut
        )

    def touches_a_block(self, words: Words) -> bool:
        """Tell whether a write says the number of a blocked human."""
        return any(words.number in one.numbers for one in self.shut)

    def pin(self, human: int, person: str, claims: Claims) -> None:
        """Remember which links let this human in."""
        told = [t for t in self.of(person) if self.trusts(t) and t.names(human, claims)]
        self.pins += [(human, one, one.standing) for one in told]

    def word_for(self, human: int, person: str, claims: Claims) -> set[str]:
        """Return the clients whose word it is that this human, by what it carried, is this one."""
        pinned = [t for who, t, stood in self.pins if who == human and t.standing == stood]
        return {
            told.client
            for told in self.of(person)
            if self.trusts(told) and (told.names(human, claims) or told in pinned)
        }

    def knows(self, human: int, person: str, claims: Claims) -> bool:
        """Tell whether this human, by what it carried, may be this person at all (ruling 3)."""
        by_number = claims.number and self.numbers.get(person) == human
        said = by_number and any(t.vouches == human for t in self.of(person))
        return bool(said and any(map(self.trusts, self.of(person)))) or bool(
            self.word_for(human, person, claims)
        )


def _meant(client: str, words: Words) -> int | None:
    return words.name if client in TRUTHFUL else None
