"""Weigh our SCIM path against scim2-models and scim2-server: one process, interleaved, medians.

Run with ``make bench``. Prints a Markdown table; design 003 quotes it. Both servers are called
as WSGI applications, without a network: scim2-server with its storage in memory and without
authentication, ours on a SQLite file with token, audit and commit.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scim2_models import Context, EnterpriseUser, PatchOp, ScimFilter, User

from bench.scim_sides import Ours, Theirs, group, person
from mo_access.domain.model import Document
from mo_access.service import catalogue, people
from mo_scim.mapping import filters, operations, patches, render, users
from mo_scim.profiles import profile

SIZES: Final = (10, 1_000, 10_000)
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FILTER: Final = 'userName eq "u{}" or (emails[type eq "work" and value co "u7"] and active eq true)'
REPEAT_UNDER_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Row:
    """One measurement: medians of CPU time in microseconds, and how the elapsed times compare."""

    what: str
    theirs: float
    ours: float
    elapsed: float
    runs: int

    def __str__(self) -> str:
        """Return the line of the table."""
        cells = (f"{self.theirs:,.0f}", f"{self.ours:,.0f}", f"{self.theirs / self.ours:,.1f}")
        return f"| {self.what} | {' | '.join(cells)} | {self.elapsed:,.1f} | {self.runs} |"


@dataclass(frozen=True)
class Time:
    """What one call took, in microseconds."""

    cpu: float
    elapsed: float


def measure(what: str, theirs: Callable[[], object], ours: Callable[[], object], runs: int) -> Row:
    """Time both in turn, so that what else the machine does hits both; the median counts."""
    first = max(_timed(theirs).elapsed, _timed(ours).elapsed)  # a warm-up; slow is repeated less
    count = runs if first < REPEAT_UNDER_SECONDS * 1e6 else 3
    pairs = [(_timed(theirs), _timed(ours)) for _ in range(count)]
    one, two = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    elapsed = _median(t.elapsed for t in one) / _median(t.elapsed for t in two)
    return Row(what, _median(t.cpu for t in one), _median(t.cpu for t in two), elapsed, count)


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _timed(call: Callable[[], object]) -> Time:
    cpu, start = time.process_time_ns(), time.perf_counter_ns()
    call()
    return Time((time.process_time_ns() - cpu) / 1_000, (time.perf_counter_ns() - start) / 1_000)


def of_documents(ours: Ours, known_as: str, runs: int) -> Iterator[Row]:
    """Compare the steps on one user, without storage."""
    sent, lenient = person(7), profile("lenient")
    base = "http://localhost/scim/v2"
    model = User[EnterpriseUser]
    created = Context.RESOURCE_CREATION_REQUEST
    held = model.model_validate({**sent, "id": known_as}, scim_ctx=Context.DEFAULT)
    change: Document = {
        "schemas": [PATCH],
        "Operations": [
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@school.example"}
        ],
    }
    with ours.unit() as (uow, actor):
        known = catalogue.of(uow, actor)
        known.theme("leerlingen-openbaar")
        view = people.get(uow, actor, known_as)

        def read(body: dict[str, Any]) -> object:
            return users.read(body, profile=lenient, catalogue=known, actor=actor, shown=None)

        def patch_theirs() -> object:
            whole = held.model_copy(deep=True)
            asked = PatchOp[model].model_validate(change, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
            return asked.patch(whole)

        def patch_ours() -> object:
            wanted = operations.read(change, "User", lenient)
            return patches.apply(render.full(view, base), wanted, "User", lenient)

        shown, fresh = render.selection(None, None, "User"), itertools.count()
        yield measure(
            "User: validate / read into claims",
            lambda: model.model_validate(sent, scim_ctx=created),
            lambda: read(sent),
            runs,
        )
        yield measure(
            "User: dump / render",
            lambda: held.model_dump_json(scim_ctx=Context.RESOURCE_QUERY_RESPONSE),
            lambda: render.user(view, base, shown),
            runs,
        )
        yield measure("User: PATCH of one value, in memory", patch_theirs, patch_ours, runs)
        yield measure(
            "filter: parse / compile to criteria",
            lambda: ScimFilter[model](FILTER.format(next(fresh))).ast,
            lambda: filters.compile_filter(FILTER.format(next(fresh)), "User", in_url=False),
            runs,
        )


def of_requests(ours: Ours, theirs: Theirs, people_ids: list[str], runs: int) -> Iterator[Row]:
    """Compare whole requests: one user, a page of 100, and groups by size."""
    held = [theirs.send("POST", "/Users", person(n))["id"] for n in range(len(people_ids))]
    numbers = itertools.count(1_000_000)
    yield measure(
        "POST /Users",
        lambda: theirs.send("POST", "/Users", person(next(numbers))),
        lambda: ours.send("POST", "/Users", person(next(numbers))),
        runs,
    )
    yield measure(
        "GET /Users/{id}",
        lambda: theirs.send("GET", f"/Users/{held[5]}"),
        lambda: ours.send("GET", f"/Users/{people_ids[5]}"),
        runs,
    )
    yield measure(
        f"GET /Users?count=100 of {len(held):,}",
        lambda: theirs.send("GET", "/Users?count=100"),
        lambda: ours.send("GET", "/Users?count=100"),
        max(5, runs // 10),
    )
    for size in SIZES:
        if size < len(held):
            yield from of_group(ours, theirs, (people_ids, held), size, runs)


def of_group(
    ours: Ours, theirs: Theirs, ids: tuple[list[str], list[str]], size: int, runs: int
) -> Iterator[Row]:
    """Compare reading a group and adding or removing one member, at this size."""
    mine, held = ids
    our_path = f"/Groups/{ours.send('POST', '/Groups', group(mine[:size]))['id']}"
    their_path = f"/Groups/{theirs.send('POST', '/Groups', group(held[:size]))['id']}"

    def toggled(send: Callable[..., object], path: str, member: str) -> None:
        add = {"op": "add", "path": "members", "value": [{"value": member}]}
        remove = {"op": "remove", "path": f'members[value eq "{member}"]'}
        for operation in (add, remove):
            send("PATCH", path, {"schemas": [PATCH], "Operations": [operation]})

    yield measure(
        f"GET /Groups/{{id}}, {size:,} members",
        lambda: theirs.send("GET", their_path),
        lambda: ours.send("GET", our_path),
        runs,
    )
    yield measure(
        f"PATCH add, PATCH remove one of {size:,} members",
        lambda: toggled(theirs.send, their_path, held[-1]),
        lambda: toggled(ours.send, our_path, mine[-1]),
        runs,
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    tell("| step | scim2, CPU us | ours, CPU us | ratio | ratio of elapsed time | runs |")
    tell("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(Path(folder))
        for row in of_everything(ours, runs):
            tell(str(row))
        ours.close()


def tell(line: str) -> None:
    """Show a line at once: the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def of_everything(ours: Ours, runs: int) -> Iterator[Row]:
    """Yield each row as soon as it is known."""
    people_ids = ours.register(max(SIZES) + 1)
    yield from of_documents(ours, people_ids[7], runs * 4)
    yield from of_requests(ours, Theirs(), people_ids, runs)


if __name__ == "__main__":
    main()
