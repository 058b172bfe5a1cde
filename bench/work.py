"""What the load bench asks of every server: one maker of requests for each row of the table."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from bench.drive import Make
from bench.populate import Side, member
from bench.scim_sides import person

PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_SIZE: Final = 500


@dataclass(frozen=True)
class Work:
    """One row: what is asked, and over how many connections."""

    name: str
    make: Callable[[Side], Make]
    connections: int = 16


def rows(sizes: tuple[int, ...]) -> Iterator[Work]:
    """Yield every row; ``sizes`` are the groups that there are."""
    yield Work("GET one user", _reading(lambda side, n: f"/Users/{side.ids[n]}"))
    yield Work("list by userName eq", _filtering(lambda n: f'userName eq "u{n}"'))
    yield Work(
        "list by emails[type eq work and value co]",
        _filtering(lambda n: f'emails[type eq "work" and value co "u{n}@s"]'),
    )
    yield Work(
        "page of 100 at 90 % (startIndex)",
        _reading(lambda side, _: f"/Users?count=100&startIndex={len(side.ids) * 9 // 10}"),
        4,
    )
    yield Work("PUT, nothing changed", _putting)
    yield Work("PATCH active", _activating)
    yield Work("POST user", _posting)
    for size in sizes:
        yield Work(f"add or remove one of {size:,} members", _joining(size), 4)
    for size in sizes[-1:]:
        yield from _groups(size)
    yield Work(f"Bulk of {BULK_SIZE} POSTs", _bulk, 1)


def _groups(size: int) -> Iterator[Work]:
    without = "?excludedAttributes=members"
    yield Work(
        f"GET group of {size:,} without members",
        _reading(lambda side, _: f"/Groups/{side.groups[size]}{without}"),
    )
    yield Work(
        f"find a member in a group of {size:,}",
        _reading(
            lambda side, n: (
                "/Groups?attributes=displayName&filter="
                + quote(f'displayName eq "group of {size}" and members[value eq "{side.ids[n]}"]')
            )
        ),
    )
    yield Work(
        f"GET group of {size:,}, whole",
        _reading(lambda side, _: f"/Groups/{side.groups[size]}"),
        1,
    )


def _reading(path: Callable[[Side, int], str]) -> Callable[[Side], Make]:
    def of(side: Side) -> Make:
        numbers = _spread(len(side.ids))
        return lambda: side.server.request("GET", path(side, next(numbers)))

    return of


def _filtering(text: Callable[[int], str]) -> Callable[[Side], Make]:
    return _reading(lambda _, n: f"/Users?filter={quote(text(n))}")


def _posting(side: Side) -> Make:
    return lambda: side.server.request("POST", "/Users", _json(person(next(side.fresh))))


def _putting(side: Side) -> Make:
    numbers = _spread(len(side.ids))
    of = member if side.server.token != "none" else person  # noqa: S105 - ours asks for one

    def make() -> bytes:
        n = next(numbers)
        return side.server.request("PUT", f"/Users/{side.ids[n]}", _json(of(n)))

    return make


def _activating(side: Side) -> Make:
    numbers, turns = _spread(len(side.ids)), itertools.count()

    def make() -> bytes:
        active = next(turns) // len(side.ids) % 2 == 1
        operation = {"op": "replace", "path": "active", "value": active}
        return _patch(side, f"/Users/{side.ids[next(numbers)]}", operation)

    return make


def _joining(size: int) -> Callable[[Side], Make]:
    def of(side: Side) -> Make:
        turns, outside = itertools.count(), side.ids[-64:]

        def make() -> bytes:
            turn = next(turns)
            who = outside[turn // 2 % len(outside)]
            add = {"op": "add", "path": "members", "value": [{"value": who}]}
            remove = {"op": "remove", "path": f'members[value eq "{who}"]'}
            return _patch(side, f"/Groups/{side.groups[size]}", remove if turn % 2 else add)

        return make

    return of


def _bulk(side: Side) -> Make:
    def make() -> bytes:
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": person(n)}
            for n in itertools.islice(side.fresh, BULK_SIZE)
        ]
        sent = {"schemas": [BULK], "Operations": operations}
        return side.server.request("POST", "/Bulk", _json(sent))

    return make


def _patch(side: Side, path: str, operation: object) -> bytes:
    return side.server.request(
        "PATCH", path, _json({"schemas": [PATCH], "Operations": [operation]})
    )


def _spread(count: int) -> Iterator[int]:
    """Walk over everybody in big steps, so that neighbours in a page are not asked in turn."""
    step = 7_919 if count % 7_919 else 7_907
    return (n * step % count for n in itertools.count())


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
