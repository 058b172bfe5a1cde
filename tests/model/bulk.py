"""Several operations of one Bulk, that may refer to each other (RFC 7644 section 3.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import uuid4

from tests.model import barred
from tests.model.refusals import CONFLICT
from tests.model.twin import Twin
from tests.model.universe import Answer
from tests.model.wire import Draft, Sent

Refer = Callable[[str], str]
_REFERENCE: Final = re.compile(r"bulkId:(b\d+)")


class Operation(NamedTuple):
    """An operation: what is sent, given what its references stand for.

    ``draft`` is the user that it creates, if it does.
    """

    sent: Callable[[Refer], Sent]
    draft: Callable[[Refer], Draft] | None = None


def to(place: int) -> str:
    """Refer to what the operation at this place creates."""
    return f"bulkId:{_name(place)}"


def _name(place: int) -> str:
    return f"b{place}"


def send(twin: Twin, client: str, operations: Sequence[Operation], fail_on: int | None) -> None:
    """Send them all in one Bulk; each does what it would do alone, or nothing."""
    wire = [_wire(place, operation.sent(_as_sent)) for place, operation in enumerate(operations)]
    body = {"Operations": wire} | ({"failOnErrors": fail_on} if fail_on else {})
    answer = twin.site.send(client, "POST", "/Bulk", body)
    assert answer.status == 200, answer
    told = [one["bulkId"] for one in answer.body["Operations"]]
    work = Work(twin, operations, wire, {one["bulkId"]: one for one in answer.body["Operations"]})
    work.follow(fail_on)
    assert told == sorted(work.ran, key=lambda name: int(name[1:])), (told, work.ran)


def _as_sent(text: str) -> str:
    return text


def _wire(place: int, sent: Sent) -> dict[str, Any]:
    told = {"method": sent.method, "path": sent.path, "bulkId": _name(place)}
    return told | ({} if sent.body is None else {"data": sent.body})


@dataclass
class Work:
    """A Bulk as it is foretold, operation by operation, beside what was answered."""

    twin: Twin
    operations: Sequence[Operation]
    wire: Sequence[dict[str, Any]]
    told: dict[str, dict[str, Any]]
    ids: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    failures: int = 0

    def follow(self, fail_on: int | None) -> None:
        """Let the world follow, until so many have failed."""
        for step in self.steps():
            if fail_on and self.failures >= fail_on:
                return
            if self.in_circle(step[0]):
                self.circle(step)
            else:
                self.one(step[0])

    def one(self, place: int) -> None:
        """Follow an operation; what leads nowhere refuses it before anything else."""
        answer = self.answer(place)
        for name in self.references(place):
            if not self.creates(name) or name not in self.ids:
                wanted = CONFLICT if self.creates(name) else 400
                assert answer.status == wanted, (wanted, answer)
                return
        sent = self.operations[place].sent(self.refer)
        self.twin.take(sent, answer)
        if answer and sent.method == "POST":
            self.ids[_name(place)] = answer.body["id"]

    def circle(self, places: list[int]) -> None:
        """Follow creations that refer to each other: made, and linked then, or nothing of it."""
        answers = {place: self.answer(place) for place in places}
        before, self.twin.world = self.twin.world, deepcopy(self.twin.world)
        for place in places:
            self.ids[_name(place)] = self._id(place, answers[place])
        for sent_as in (self._created, self._linked):
            for place in places:
                sent = sent_as(place)
                foretold = sent.foretold()
                if min(foretold) >= 300:
                    self.twin.world = before
                    others = {other: {CONFLICT} for other in places}
                    return self._undone(answers, others | {place: foretold})
                sent.done(Answer(201, {"id": self.ids[_name(place)]}))
                barred.remember(self.twin.world)
        assert {answer.status for answer in answers.values()} == {201}, answers
        return None

    def _undone(self, answers: dict[int, Answer], foretold: dict[int, set[int]]) -> None:
        for place, answer in answers.items():
            assert answer.status in foretold[place], (foretold, answers)
            del self.ids[_name(place)]

    def _created(self, place: int) -> Sent:
        return self.operations[place].sent(self.refer)

    def _linked(self, place: int) -> Sent:
        return self.twin.replace(
            self._created(place).client, self.ids[_name(place)], self._draft(place)
        )

    def _draft(self, place: int) -> Draft:
        drafted = self.operations[place].draft
        assert drafted is not None
        return drafted(self.refer)

    def _id(self, place: int, answer: Answer) -> str:
        """Return whom a creation led to; of one that failed, whom it would have led to."""
        known = self.twin.world.by_number(self._draft(place).insz)
        return str(answer.body["id"]) if answer else known or str(uuid4())

    def answer(self, place: int) -> Answer:
        """Return what was answered to an operation, and count it."""
        told = self.told[_name(place)]
        self.ran.append(_name(place))
        status = int(told["status"])
        self.failures += status >= 300
        return Answer(status, {"id": told.get("location", "").rpartition("/")[2]})

    def refer(self, text: str) -> str:
        """Return what a reference stands for by now."""
        return self.ids.get(text.removeprefix("bulkId:"), text)

    def references(self, place: int) -> list[str]:
        """Name what an operation refers to, each once, in its order."""
        told = self.wire[place]
        text = json.dumps([told["path"], told.get("data")])
        return list(dict.fromkeys(_REFERENCE.findall(text)))

    def creates(self, name: str) -> bool:
        """Tell whether something is created under this name."""
        place = int(name[1:])
        return place < len(self.wire) and self.wire[place]["method"] == "POST"

    def in_circle(self, place: int) -> list[int]:
        """Return the creations that lead from this one back to it; each refers to one at most."""
        path = [place]
        while (name := next(iter(self.references(path[-1])), None)) and self.creates(name):
            there = int(name[1:])
            if there == place:
                return sorted(path)
            if there in path:
                return []
            path.append(there)
        return []

    def steps(self) -> list[list[int]]:
        """Order them: as sent, but a creation before what refers to it."""
        found: list[list[int]] = []
        seen: set[int] = set()

        def visit(place: int) -> None:
            if place in seen:
                return
            seen.add(place)
            for name in self.references(place):
                if self.creates(name):
                    visit(int(name[1:]))
            step = self.in_circle(place) or [place]
            if step not in found:
                found.append(step)

        for place in range(len(self.operations)):
            visit(place)
        return found
