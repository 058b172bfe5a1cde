"""What refers to what in a Bulk, and the order to do it in (RFC 7644 sections 3.7.1 and 3.7.2).

A reference is a text ``bulkId:x`` anywhere in ``data`` or as the id in ``path``, the end of an
address (``…/Users/bulkId:x``), or in quotes inside a text, as in the path of a PATCH.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain.model import Json
from mo_scim.mapping.bulk import Operation

PREFIX: Final = "bulkId:"
_ADDRESS: Final = f"/{PREFIX}"
_QUOTED: Final = re.compile(f'(?<="){PREFIX}([^"]+)(?=")')


@dataclass(frozen=True, slots=True)
class Step:
    """Operations that are done together: a single one, or the creations of a circle."""

    places: tuple[int, ...]
    circular: bool = False


def plan(operations: Sequence[Operation]) -> tuple[Step, ...]:
    """Order the operations: as sent, but a creation before what refers to it.

    Creations that refer to each other in a circle are one step: to be made without those
    references first, and linked then. Linear in operations and references; never recurses.
    """
    made = {op.bulk_id: at for at, op in enumerate(operations) if _creates(op)}
    needs = [[made[name] for name in references(op) if name in made] for op in operations]
    return tuple(
        Step(tuple(sorted(places)), len(places) > 1 or places[0] in needs[places[0]])
        for places in _Components(needs).found
    )


def references(operation: Operation) -> tuple[str, ...]:
    """Name the bulkIds that an operation refers to, each once; none when it is refused anyway."""
    if operation.refusal is not None:
        return ()
    found = dict.fromkeys(_names(operation.target))
    _collect(operation.data, found)
    return tuple(found)


def resolved(operation: Operation, ids: Mapping[str, str]) -> Operation:
    """Return the operation with every reference to these bulkIds replaced by the id."""
    data = {name: _filled(value, ids) for name, value in operation.data.items()}
    return replace(operation, target=_filled_text(operation.target, ids), data=data)


def without(operation: Operation, names: Collection[str]) -> Operation:
    """Return a creation without the references to these, to be linked later.

    An object that refers to one of them goes as a whole, as an entry of ``members`` or a
    ``manager`` that means nothing without.
    """
    kept = {k: _left(v, names) for k, v in operation.data.items() if not _refers(v, names)}
    return replace(operation, data=kept)


def _creates(operation: Operation) -> bool:
    return operation.method == "POST" and operation.refusal is None


def _collect(value: Json, found: dict[str, None]) -> None:
    """Add the bulkIds that a value refers to, in their order."""
    if isinstance(value, str):
        if PREFIX in value:
            found.update(dict.fromkeys(_names(value)))
    elif isinstance(value, dict):
        for inner in value.values():
            _collect(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found)


def _names(text: str) -> list[str]:
    if PREFIX not in text:
        return []
    if text.startswith(PREFIX):
        return [text.removeprefix(PREFIX)]
    if _ADDRESS in text:
        return [text.rpartition(_ADDRESS)[2]]
    return _QUOTED.findall(text)


def _filled(value: Json, ids: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return _filled_text(value, ids)
    if isinstance(value, dict):
        return {name: _filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ids) for inner in value]
    return value


def _filled_text(text: str, ids: Mapping[str, str]) -> str:
    if PREFIX not in text:
        return text
    if text.startswith(PREFIX):
        return ids.get(text.removeprefix(PREFIX), text)
    if _ADDRESS in text:
        start, _, name = text.rpartition(_ADDRESS)
        return f"{start}/{ids.get(name, PREFIX + name)}"
    return _QUOTED.sub(lambda found: ids.get(found[1], found[0]), text)


def _refers(value: Json, names: Collection[str]) -> bool:
    """Tell whether a value is a reference to one of these, or an object that has one."""
    if isinstance(value, str):
        return any(name in names for name in _names(value))
    if isinstance(value, dict):
        return any(isinstance(v, str) and _refers(v, names) for v in value.values())
    return False


def _left(value: Json, names: Collection[str]) -> Json:
    if isinstance(value, dict):
        return {k: _left(v, names) for k, v in value.items() if not _refers(v, names)}
    if isinstance(value, list):
        return [_left(item, names) for item in value if not _refers(item, names)]
    return value


class _Components:
    """The strongly connected components of a graph, each after those that it needs (Tarjan).

    Nodes are taken in their order, so that nothing moves without a need.
    """

    def __init__(self, needs: Sequence[Sequence[int]]) -> None:
        self._needs = needs
        self._order: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._open: list[int] = []
        self._closed: set[int] = set()
        self.found: list[list[int]] = []
        for root in range(len(needs)):
            if root not in self._order:
                self._walk(root)

    def _walk(self, root: int) -> None:
        path = [self._enter(root)]
        while path:
            node, rest = path[-1]
            target = next(rest, None)
            if target is None:
                path.pop()
                self._leave(node, path[-1][0] if path else node)
            elif target not in self._order:
                path.append(self._enter(target))
            elif target not in self._closed:
                self._low[node] = min(self._low[node], self._order[target])

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self._order[node] = self._low[node] = len(self._order)
        self._open.append(node)
        return node, iter(self._needs[node])

    def _leave(self, node: int, parent: int) -> None:
        self._low[parent] = min(self._low[parent], self._low[node])
        if self._low[node] < self._order[node]:
            return
        component = [self._open.pop()]
        while component[-1] != node:
            component.append(self._open.pop())
        self._closed.update(component)
        self.found.append(component)
