"""What chance wants of one operation of a Bulk, and the operation that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from tests.model.bulk import Operation, Refer, to
from tests.model.chance import drafts, externals, group_names, member_ops, places, said
from tests.model.rules import Said
from tests.model.twin import Twin
from tests.model.wire import ABSENT, Draft

MOST: Final = 5
NOWHERE: Final = to(MOST)
"""No Bulk creates anything under this name."""
NOBODY: Final = -1
"""The last of those to choose from is nobody."""
_known_or_new: Final = st.integers(0, 9)
_several: Final = st.sets(_known_or_new, max_size=3)


class Wish(NamedTuple):
    """An operation whose people and groups are numbers: up to four of those that are, or of new."""

    kind: str
    number: int = 0
    draft: Draft = Draft("an")
    manager: int | None = None
    name: str = ""
    external: str | None = None
    op: str = "add"
    members: frozenset[int] = frozenset()
    said: Said = Said("", "")
    active: bool = True


def _of(kind: str, **drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Wish]:
    def wanted(told: dict[str, Any]) -> Wish:
        return Wish(kind, **told)

    return st.fixed_dictionaries(drawn).map(wanted)


creations: Final = _of(
    "create", draft=drafts(), manager=st.sampled_from([None, None, None, 0, 1, 2])
)
wishes: Final = st.one_of(
    creations,
    _of("replace", number=_known_or_new, draft=drafts()),
    _of("switch", number=_known_or_new, active=st.booleans()),
    _of("affiliate", number=_known_or_new, said=said()),
    _of("part", number=_known_or_new, said=places.map(lambda at: Said(at, ""))),
    _of("delete", number=_known_or_new),
    _of("group", name=group_names, external=externals, members=_several.map(frozenset)),
    _of("regroup", number=_known_or_new, name=group_names, members=_several.map(frozenset)),
    _of("member", number=_known_or_new, op=member_ops, members=_several.map(frozenset)),
    _of("ungroup", number=_known_or_new),
)
REFUSED: Final = Wish("group", name="koffie", members=frozenset({0, NOBODY}))
"""A group that is made before its members are looked at, of whom one is nobody."""


@st.composite
def several(draw: st.DrawFn) -> list[Wish]:
    """Draw a creation, what chance wants, and somewhere among them what is refused."""
    wanted = [draw(creations), *draw(st.lists(wishes, max_size=MOST - 2))]
    wanted.insert(draw(st.integers(0, len(wanted))), REFUSED)
    return wanted


class Wanted:
    """Wishes of one client in one Bulk, which name what the others create."""

    def __init__(self, twin: Twin, client: str, wanted: Sequence[Wish]) -> None:
        """Look at who is there now."""
        world = twin.world
        self._twin, self._client, self._wanted = twin, client, wanted
        self._people = [*world.seen_by(client), *world.people, ABSENT]
        self._groups = [*world.groups_seen_by(client), *world.groups, ABSENT]

    def operations(self) -> list[Operation]:
        """Make operations of them all."""
        return [self._operation(wish) for wish in self._wanted]

    def _operation(self, wish: Wish) -> Operation:
        twin, client = self._twin, self._client
        person, group = self._person(wish.number), self._group(wish.number)
        members = {self._person(number) for number in wish.members}
        external = twin.external_of(group)

        def draft(refer: Refer) -> Draft:
            chief = None if wish.manager is None else self._new("create", wish.manager)
            return wish.draft._replace(manager=chief and refer(chief))

        def every(refer: Refer) -> set[str]:
            return {refer(member) for member in members}

        made = {
            "create": lambda r: twin.create(client, draft(r)),
            "replace": lambda r: twin.replace(client, r(person), wish.draft),
            "switch": lambda r: twin.activate(client, r(person), active=wish.active),
            "affiliate": lambda r: twin.affiliate(client, r(person), wish.said),
            "part": lambda r: twin.part(client, r(person), wish.said.at),
            "delete": lambda r: twin.delete(client, r(person)),
            "group": lambda r: twin.group(client, wish.name, wish.external, every(r)),
            "regroup": lambda r: twin.regroup(client, r(group), wish.name, external, every(r)),
            "member": lambda r: twin.member(client, r(group), wish.op, every(r)),
            "ungroup": lambda r: twin.ungroup(client, r(group)),
        }
        return Operation(made[wish.kind], draft if wish.kind == "create" else None)

    def _person(self, number: int) -> str:
        return (
            self._people[number % len(self._people)] if number < 5 else self._new("create", number)
        )

    def _group(self, number: int) -> str:
        return (
            self._groups[number % len(self._groups)] if number < 5 else self._new("group", number)
        )

    def _new(self, kind: str, number: int) -> str:
        """Refer to what another operation creates, before or after; now and then to nothing."""
        made = [at for at, wish in enumerate(self._wanted) if wish.kind == kind]
        return to(made[number % len(made)]) if made and number < 9 else NOWHERE
