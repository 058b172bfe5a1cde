"""Plays recorded conversations of brokers and holds each step to what must come back and be.

A recording is a JSON file of ``tests/recordings``; its README tells the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

from flask import Flask
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from mo_access.service import decisions
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import audit_event, group, link, membership, person
from mo_web.shared import Shared
from tests.scim.conftest import Broker

Json: TypeAlias = Any
FOLDER = Path(__file__).parent.parent / "recordings"
_NAME = re.compile(r"\{([a-z][a-z_0-9]*)\}")


@dataclass
class Player:
    """One conversation with one service: what is known so far, and where to look afterwards."""

    app: Flask
    broker: Broker
    unit_of: Callable[[], UnitOfWork]
    headers: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def play(self, step: dict[str, Json]) -> None:
        """Send one request; raise ``AssertionError`` where answer, store or counters differ."""
        before = (self.counted(), self.quiet_mark())
        answer = self.send(step)
        told = f"{step['says']}: {answer.status_code} {answer.get_data(as_text=True)[:1500]}"
        self.check_answer(answer, self.filled(step["expect"]), told)
        needed = sorted(set(self.changed_counters(before[0])))
        assert needed == sorted(step.get("deviates", [])), f"{told}\n deviates: {needed}"
        self.check_store(self.filled(step.get("then", {})), before[1], told)
        for name, pointer in step.get("keep", {}).items():
            self.known[name] = str(at(json.loads(answer.get_data()), pointer))

    def send(self, step: dict[str, Json]) -> TestResponse:
        """Send the request of a step; ``raw`` is text sent as it stands."""
        method, _, path = self.filled(step["send"]).partition(" ")
        body = self.filled(step.get("body"))
        if "raw" in step:
            body = self.filled(step["raw"]).encode()
        headers = {**self.headers, **step.get("headers", {})}
        spelled = {name.replace("-", "_"): self.filled(value) for name, value in headers.items()}
        return self.broker.send(method, path, body, **spelled)

    def filled(self, value: Json) -> Json:
        """Put what earlier answers told in the place of ``{name}``."""
        if isinstance(value, dict):
            return {self.filled(name): self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, str):
            return _NAME.sub(lambda found: self.known.get(found[1], found[0]), value)
        return value

    def check_answer(self, answer: TestResponse, expect: dict[str, Json], told: str) -> None:
        """Compare status, headers and body; every error must be a SCIM error."""
        assert answer.status_code == expect["status"], told
        for name, value in expect.get("headers", {}).items():
            assert value in (answer.headers.get(name) or ""), f"{name}\n{told}"
        text = answer.get_data()
        body = json.loads(text) if text else {}
        if answer.status_code >= 400:
            assert body["status"] == str(answer.status_code), told
            assert body["detail"], told
        assert contains(body, expect.get("body", {})), f"{expect.get('body')}\n{told}"
        for pointer in expect.get("absent", []):
            assert at(body, pointer) is None, f"{pointer}\n{told}"
        for pointer, length in expect.get("length", {}).items():
            assert len(at(body, pointer) or []) == length, f"{pointer}\n{told}"

    def check_store(self, then: dict[str, Json], mark: tuple[int, ...], told: str) -> None:
        """Look at what is stored and decided now, beside the answer."""
        with self.unit_of() as uow:
            for name, expected in then.items():
                if name == "quiet":
                    found: Json = self.quiet_mark() == mark
                    assert found is expected, f"quiet\n{told}"
                    continue
                for key, value in expected.items():
                    found = LOOKS[name](uow, key)
                    wanted = sorted(value) if isinstance(value, list) else value
                    assert found == wanted, f"{name} of {key}: {found}\n{told}"

    def quiet_mark(self) -> tuple[int, ...]:
        """Return what grows with every change: audit events, versions of users and groups."""
        with self.unit_of() as uow:
            counts = (
                select(func.count()).select_from(audit_event),
                select(func.coalesce(func.sum(link.c.version), 0)),
                select(func.coalesce(func.sum(group.c.version), 0)),
            )
            rows = (uow.conn.one(each) for each in counts)
            return tuple(int(row[0]) for row in rows if row is not None)

    def counted(self) -> dict[str, float]:
        """Read the counter of deviations."""
        registry = cast("Shared", self.app.extensions["mo_web"]).metrics.registry
        return dict(_tolerated(registry))

    def changed_counters(self, before: dict[str, float]) -> Iterator[str]:
        """Yield the deviations that were counted since."""
        for name, value in self.counted().items():
            if value != before.get(name, 0):
                yield name


def _tolerated(registry: CollectorRegistry) -> Iterator[tuple[str, float]]:
    for metric in registry.collect():
        for sample in metric.samples:
            if sample.name == "mo_scim_tolerated_total":
                yield sample.labels["deviation"], sample.value


def _members(uow: UnitOfWork, group_id: str) -> Json:
    wanted = (
        select(person.c.id)
        .join_from(membership, person, membership.c.person_pk == person.c.pk)
        .join(group, membership.c.group_pk == group.c.pk)
        .where(group.c.id == group_id)
    )
    return sorted(row[0] for row in uow.conn.all(wanted))


def _active(uow: UnitOfWork, user_id: str) -> Json:
    joined = select(link.c.active).join_from(link, person, link.c.person_pk == person.c.pk)
    row = uow.conn.one(joined.where(person.c.id == user_id))
    return None if row is None else bool(row[0])


def _reads(uow: UnitOfWork, user_id: str) -> Json:
    rights = decisions.readable(uow, user_id, decisions.ANYBODY)
    return sorted(f"{right.institution}:{right.theme}" for right in rights)


def _places(uow: UnitOfWork, user_id: str) -> Json:
    found = decisions.current_places(uow, user_id, decisions.ANYBODY)
    return sorted(f"{place.institution}:{place.role.value}" for place in found)


LOOKS: dict[str, Callable[[UnitOfWork, str], Json]] = {
    "members": _members,
    "active": _active,
    "reads": _reads,
    "places": _places,
}


def at(body: Json, pointer: str) -> Json:
    """Return what a pointer such as ``/Resources/0/id`` names, None for nothing."""
    for part in filter(None, pointer.split("/")):
        if isinstance(body, list):
            body = body[int(part)] if int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def contains(found: Json, expected: Json) -> bool:
    """Tell whether an answer holds all that is expected; ``"*"`` stands for any value."""
    if expected == "*":
        return found not in (None, "", [], {})
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            contains(found.get(name), value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(contains(one, other) for one, other in zip(found, expected, strict=True))
        )
    return type(found) is type(expected) and found == expected


def recordings() -> list[Path]:
    """List the recordings, each named by its broker and what it tells."""
    return sorted(FOLDER.glob("*/*.json"))
