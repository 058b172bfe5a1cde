"""Plays a list of checks (``lists/*.toml``) over real HTTP and judges every answer.

A check is a request, what must come back (``expectations``) and what later checks need of it
(``keep``). ``{{name}}`` stands for what was kept, for ``{{run}}`` (another text on each run, so
that a list may be played twice on one service) and ``{{nobody}}`` (an id that nobody has).
"""

from __future__ import annotations

import re
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

from conformance.expectations import Answer, found, unmet
from conformance.report import Check, Outcome, Suite

LISTS: Final = Path(__file__).resolve().parent / "lists"
TIMEOUT: Final = 30
_NAME: Final = re.compile(r"\{\{(\w+)\}\}")


class Unkept(Exception):
    """A check needs what an earlier one should have given."""


@dataclass
class Player:
    """One run of one list on one service."""

    url: str
    token: str = field(repr=False)
    session: requests.Session = field(default_factory=requests.Session)
    kept: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Talk to the service directly, whatever proxy the machine has."""
        self.session.trust_env = False
        self.kept = {"run": f"c{uuid.uuid4().hex[:10]}", "nobody": str(uuid.uuid4())}

    def play(self, path: Path) -> Suite:
        """Play the list and return what came of it."""
        with self.session:
            content = tomllib.loads(path.read_text())
            self.bodies = content.get("bodies", {})
            offered = self._send("GET", "/ServiceProviderConfig", None, {}).json
            checks = [self._check(check, offered) for check in content["check"]]
        return Suite(content["title"], content["version"], checks)

    def _check(self, check: Mapping[str, Any], offered: object) -> Check:
        name: str = check["name"]
        needed = check.get("needs")
        if needed and found(offered, needed) != [True]:
            reason = f"the service says that it does not offer {needed}"
            return Check(name, Outcome.left_out, reason)
        if "elsewhere" in check:
            return Check(name, Outcome.left_out, check["elsewhere"])
        try:
            faults = self._faults(check)
        except Unkept as fault:
            return Check(name, Outcome.failed, str(fault))
        if not faults:
            return Check(name, Outcome.passed)
        if "disputed" in check:
            return Check(name, Outcome.disputed, check["disputed"])
        return Check(name, Outcome.failed, self._nameless("; ".join(faults)))

    def _faults(self, check: Mapping[str, Any]) -> list[str]:
        known = {**self.kept, **check.get("with", {}), **_repeated(check.get("repeat"))}
        method, _, path = _filled(check["request"], known).partition(" ")
        body = check.get("body")
        text = None if body is None else _filled(self.bodies.get(body, body), known)
        answer = self._send(method, path, text, check.get("headers", {}))
        lines = [_filled(line, known) for line in check.get("expect", ["status 200"])]
        faults = [fault for fault in (unmet(line, answer) for line in lines) if fault]
        for name, pointer in check.get("keep", {}).items():
            values = found(answer.json, pointer)
            if values:
                self.kept[name] = str(values[0])
        return faults

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        named = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/scim+json",
            **({} if body is None else {"Content-Type": "application/scim+json"}),
            **headers,
        }
        sent = {name: value for name, value in named.items() if value}
        data = None if body is None else body.encode()
        response = self.session.request(
            method, self.url + path, data=data, headers=sent, timeout=TIMEOUT
        )
        return Answer(response.status_code, response.headers, response.text)

    def _nameless(self, text: str) -> str:
        """Put names in the place of values that change with each run."""
        for name, value in self.kept.items():
            text = text.replace(value, f"<{name}>")
        return text


def _repeated(repeat: Mapping[str, Any] | None) -> dict[str, str]:
    """Write a text many times, separated by commas; ``{{op}}`` is each of the turns, in turn."""
    if repeat is None:
        return {}
    turns = repeat["turns"]
    texts = [
        repeat["text"].replace("{{op}}", turns[turn % len(turns)])
        for turn in range(repeat["times"])
    ]
    return {repeat["into"]: ", ".join(texts)}


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Fill in the names; those that a check gives itself may hold names again."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in known:
            raise Unkept(f"an earlier check gave no {name}")
        return _filled(known[name], known)

    return _NAME.sub(value, text)
