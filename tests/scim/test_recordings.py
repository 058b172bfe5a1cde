"""What every broker sends, played against the default profile without a setting for any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.profiles import LENIENT
from tests.scim.conftest import ON_ONE_ENGINE, Broker
from tests.scim.recording import FOLDER, Player, recordings

ON_BOTH = ("entra/default", "okta/oin", "authentik/sync", "webidm/rights", "sram/sweep")
"""Played on PostgreSQL too; between them they hold every kind of request."""

Unit = Callable[[], UnitOfWork]


def name_of(recording: Path) -> str:
    """Return the folder and name, as ``entra/default``."""
    return f"{recording.parent.name}/{recording.stem}"


def play(recording: Path, app: Flask, broker: Broker, unit_of: Unit) -> None:
    """Play a conversation from its beginning to its end."""
    told = json.loads(recording.read_text(encoding="utf-8"))
    player = Player(app, broker, unit_of, told["headers"])
    for step in told["steps"]:
        player.play(step)


@ON_ONE_ENGINE
@pytest.mark.parametrize("recording", recordings(), ids=name_of)
def test_a_recorded_broker_gets_and_does_what_it_must(
    recording: Path, app: Flask, broker_of: Callable[[NewClient], Broker], unit_of: Unit
) -> None:
    """On SQLite: every step is answered so, and afterwards the store holds what it must."""
    play(recording, app, broker_of(NewClient("broker", ("900001", "900002"))), unit_of)


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", ON_BOTH)
def test_a_recorded_broker_finds_the_same_on_postgresql(
    name: str, app: Flask, broker_of: Callable[[NewClient], Broker], unit_of: Unit
) -> None:
    """The representative part, on the other engine."""
    broker = broker_of(NewClient("broker", ("900001", "900002")))
    play(FOLDER / f"{name}.json", app, broker, unit_of)


def test_every_step_says_what_it_is_and_every_recording_where_it_is_from() -> None:
    """A mark of the evidence (S seen, L a real log, M from memory, A assumed), and a sentence."""
    for recording in recordings():
        told = json.loads(recording.read_text(encoding="utf-8"))
        assert told["source"].split()[0] in {"S", "L", "M", "A"}, recording
        assert all(step["says"] and step["expect"]["status"] for step in told["steps"])


def test_every_deviation_stands_in_a_recording() -> None:
    """What is tolerated by default is what some broker sends, and it is counted when it is."""
    used = {
        deviation
        for recording in recordings()
        for step in json.loads(recording.read_text(encoding="utf-8"))["steps"]
        for deviation in step.get("deviates", [])
    }
    assert used == {deviation.value for deviation in LENIENT.tolerated}


def test_the_recordings_are_as_many_as_is_claimed() -> None:
    """Several hundred steps of at least twenty kinds of broker."""
    steps = [json.loads(each.read_text(encoding="utf-8"))["steps"] for each in recordings()]
    assert sum(len(each) for each in steps) >= 400
    assert len({each.parent.name for each in recordings()}) >= 20
