"""What refers to what in a Bulk, and the order to do it in (RFC 7644 sections 3.7.1 and 3.7.2).

A reference is a text ``bulkId:x`` where an id stands: as the id in ``path``, as a member or a
manager in ``data`` (its ``value``, its ``$ref`` or itself), or in quotes in the path of a PATCH. It
may be the end of an address (``…/Users/bulkId:x``). A title that begins so is a title.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain.model import Document, Json
from mo_scim.mapping.bulk import Operation

PREFIX: Final = "bulkId:"
_ADDRESS: Final = f"/{PREFIX}"
_QUOTED: Final = re.compile(f'(?<="){PREFIX}([^"]+)(?=")')
_HOLDER: Final = re.compile(
    r"(?:^|[.:])(?:members|manager)(?:\[.*\])?(?:\.(?:value|\$ref))?$", re.IGNORECASE
)
"""A name or PATCH path of what holds ids: with its URN or without, or one of its parts."""
_PARTS: Final = frozenset({"value", "$ref"})


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
    for text in _texts(operation.data):
        if PREFIX in text:
            found.update(dict.fromkeys(_names(text)))
    return tuple(found)


def resolved(operation: Operation, ids: Mapping[str, str]) -> Operation:
    """Return the operation with every reference to these bulkIds replaced by the id."""
    data = _filled_object(operation.data, ids)
    return replace(operation, target=_filled_text(operation.target, ids), data=data)


def without(operation: Operation, names: Collection[str]) -> Operation:
    """Return a creation without the references to these, to be linked later.

    An object that refers to one of them goes as a whole, as an entry of ``members`` or a
    ``manager`` that means nothing without.
    """
    return replace(operation, data=_left(operation.data, names))


def _creates(operation: Operation) -> bool:
    return operation.method == "POST" and operation.refusal is None


def _held(body: Document) -> Iterator[tuple[str, Json, bool]]:
    """Give each part of an object, and whether an id stands in it.

    In an operation of a PATCH the path tells what its value is.
    """
    path = next((v for name, v in body.items() if name.casefold() == "path"), None)
    told = isinstance(path, str) and _HOLDER.search(path) is not None
    for name, value in body.items():
        key = name.casefold()
        here = key == "path" or (told and key == "value")
        yield name, value, here or _HOLDER.search(name) is not None


def _texts(value: Json, *, held: bool = False) -> Iterator[str]:
    """Give the texts that may be references, in their order; ``held``: this is where ids stand."""
    if isinstance(value, str):
        if held:
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, held=held)
    elif isinstance(value, dict):
        parts = _parts(value) if held else _held(value)
        for _, inner, inside in parts:
            yield from _texts(inner, held=inside)


def _parts(entry: Document) -> Iterator[tuple[str, Json, bool]]:
    """Give each part of a member or a manager, and whether it is the id."""
    return ((name, value, name.casefold() in _PARTS) for name, value in entry.items())


def _names(text: str) -> list[str]:
    if PREFIX not in text:
        return []
    if text.startswith(PREFIX):
        return [text.removeprefix(PREFIX)]
    if _ADDRESS in text:
        return [text.rpartition(_ADDRESS)[2]]
    return _QUOTED.findall(text)


def _filled(value: Json, ids: Mapping[str, str], *, held: bool) -> Json:
    if isinstance(value, str):
        return _filled_text(value, ids) if held else value
    if isinstance(value, list):
        return [_filled(item, ids, held=held) for item in value]
    return _filled_object(value, ids, held=held) if isinstance(value, dict) else value


def _filled_object(body: Document, ids: Mapping[str, str], *, held: bool = False) -> Document:
    parts = _parts(body) if held else _held(body)
    return {name: _filled(value, ids, held=inside) for name, value, inside in parts}


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
    """Tell whether a member or a manager is a reference to one of these, or has one."""
    return any(name in names for text in _texts(value, held=True) for name in _names(text))


def _left(body: Document, names: Collection[str]) -> Document:
    left: Document = {}
    for name, value, held in _held(body):
        if held and isinstance(value, list):
            left[name] = [item for item in value if not _refers(item, names)]
        elif not (held and _refers(value, names)):
            left[name] = _left(value, names) if isinstance(value, dict) and not held else value
    return left


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
