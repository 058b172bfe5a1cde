"""A block outlives the key: who was removed by everybody is known again by the number (P8)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from mo_access import cli, settings
from mo_access.domain.errors import Conflict
from mo_access.domain.policy import Reason
from mo_access.key_files import drop_keys, key_ring, prepare, switch
from mo_access.service import blocks, people, resealing
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Database
from tests.access.standing_kit import (
    INSZ,
    NOW,
    SECOND_INSZ,
    at,
    change,
    client,
    lay_out,
    reason,
    remove,
    said,
    theme_group,
)

Units = Callable[[], UnitOfWork]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the key file of the command line here."""
    monkeypatch.chdir(tmp_path)
    return settings.load().key_file


@pytest.fixture
def unit(database: Database, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Units:
    """Give a maker of units of work whose keys are those of the file, as a server's are."""
    monkeypatch.setenv("MO_DATABASE_URL", database.url)
    ring = key_ring(keys)

    def make() -> UnitOfWork:
        return UnitOfWork(
            database, keys=ring, request_id="test", caller="cli:test", now=lambda: NOW
        )

    return make


def rotated(*options: str) -> None:
    """Run ``key rotate``."""
    sys.argv = ["mo-access", "key", "rotate", *options]
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in {0, None}


def blocked_and_removed(unit: Units, insz: str | None = INSZ) -> None:
    """Block An, whom the only client that knows An removes."""
    with unit() as uow:
        school = lay_out(uow, "school", "platform")["school"]
        an = people.create(uow, school, said("an", at(), insz=insz)).id
        blocks.block_person(uow, an, "Onderzoek")
        blocks.block_affiliation(uow, an, "900001", "Onderzoek")
        remove(uow, school, an)
        uow.commit()


def is_blocked_again(unit: Units, insz: str = INSZ) -> bool:
    """Tell whether who has the number is under the block when another client registers it."""
    with unit() as uow:
        other = client(uow, "fresh")
        again = people.create(uow, other, said("bea", at(), external_id="x", insz=insz)).id
        theme_group(uow, other, again)
        found = reason(uow, again)
        if found is Reason.BLOCKED:
            blocks.unblock_person(uow, again, "Klaar")
        still = reason(uow, again)
    return (found, still) == (Reason.BLOCKED, Reason.BLOCKED)


def _nothing(_: Path) -> None:
    """Leave the first key."""


def _prepared(path: Path) -> None:
    assert prepare(path)


def _switched(path: Path) -> None:
    assert prepare(path)
    assert switch(path)


def _finished(path: Path) -> None:
    rotated()
    assert [*json.loads(path.read_text())["keys"]] == ["k2"]


def _resumed(path: Path) -> None:
    """The process was killed between the new key and the first row."""
    _switched(path)
    rotated("--finish")
    assert [*json.loads(path.read_text())["keys"]] == ["k2"]


def _twice(path: Path) -> None:
    _finished(path)
    rotated()
    assert [*json.loads(path.read_text())["keys"]] == ["k3"]


@pytest.mark.parametrize("step", [_nothing, _prepared, _switched, _finished, _resumed, _twice])
def test_a_block_is_known_again_at_each_step_of_a_rotation(
    unit: Units, keys: Path, step: Callable[[Path], None]
) -> None:
    """Removed by all, registered by a client that never knew: still blocked, in both ways."""
    blocked_and_removed(unit)
    step(keys)
    assert is_blocked_again(unit)
    assert not is_blocked_again(unit, SECOND_INSZ), "nobody else is"


@pytest.mark.parametrize("step", [_prepared, _switched, _finished])
def test_who_gets_the_number_later_is_blocked_too(
    unit: Units, keys: Path, step: Callable[[Path], None]
) -> None:
    """A person that had no number becomes the human under the block by being given it."""
    blocked_and_removed(unit)
    step(keys)
    with unit() as uow:
        other = client(uow, "fresh")
        again = people.create(uow, other, said("bea", at())).id
        theme_group(uow, other, again)
        assert reason(uow, again) is Reason.GRANTED
        change(uow, other, again, said("bea", at(), insz=INSZ))
        assert reason(uow, again) is Reason.BLOCKED


def test_a_block_set_in_the_middle_of_a_rotation_holds_after_it(unit: Units, keys: Path) -> None:
    """Set and removed when the new key was only prepared, registered when the old one is gone."""
    _prepared(keys)
    blocked_and_removed(unit)
    rotated()
    assert [*json.loads(keys.read_text())["keys"]] == ["k2"]
    assert is_blocked_again(unit)


def test_removed_in_the_middle_of_a_rotation_leaves_one_key(unit: Units, keys: Path) -> None:
    """What is remembered by both keys is one number afterwards, and lifting forgets it."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(), insz=INSZ)).id
        made = blocks.block_person(uow, an, "Onderzoek")
        uow.commit()
    _switched(keys)
    with unit() as uow:
        remove(uow, school, an)
        uow.commit()
    assert len(_numbers(unit)) == 2
    rotated("--finish")
    ((bar, sealed),) = _numbers(unit)
    with unit() as uow:
        assert uow.keys.open(f"mo:block:insz:{bar}", sealed) == INSZ
        assert made.bar == bar
        blocks.unblock_person(uow, an, "Klaar")
        uow.commit()
    assert _numbers(unit) == []


def _numbers(unit: Units) -> list[tuple[str, bytes]]:
    with unit() as uow:
        rows = uow.conn.all(text("SELECT bar, sealed FROM block_key WHERE kind = 'insz'"))
    return [(str(bar), bytes(sealed)) for bar, sealed in rows]


def test_a_key_in_use_by_a_block_is_not_forgotten(unit: Units, keys: Path) -> None:
    """The number of a block is counted among what a key has sealed."""
    blocked_and_removed(unit)
    with unit() as uow:
        assert resealing.in_use(uow) == {"k1": 1}
    _switched(keys)
    with unit() as uow:
        assert resealing.barred(uow) == 1
        assert resealing.barred(uow) == 0
        assert resealing.in_use(uow) == {"k2": 1}
        uow.commit()
    drop_keys(keys)
    assert is_blocked_again(unit)


def test_a_block_of_before_is_sealed_by_whom_it_is_on(unit: Units, keys: Path) -> None:
    """What was remembered without the number gets it from the person, or stops the rotation."""
    with unit() as uow:
        school = lay_out(uow, "school")["school"]
        an = people.create(uow, school, said("an", at(), insz=INSZ)).id
        blocks.block_person(uow, an, "Onderzoek")
        blocks.block_affiliation(uow, an, "900001", "Onderzoek")
        uow.write().run(text("UPDATE block_key SET sealed = NULL"))
        uow.commit()
    _switched(keys)
    with unit() as uow:
        assert resealing.in_use(uow)[resealing.UNSEALED] == 1
        assert resealing.barred(uow) == 1
        remove(uow, school, an)
        uow.write().run(text("UPDATE block_key SET sealed = NULL"))
        with pytest.raises(Conflict, match="Lift it first"):
            resealing.barred(uow)
    rotated("--finish")
    with unit() as uow:
        remove(uow, school, an)
        uow.commit()
    assert is_blocked_again(unit)
