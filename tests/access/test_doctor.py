"""What ``doctor`` looks at besides what the command line's own tests show."""

from __future__ import annotations

from pathlib import Path

import pytest

from mo_access.commands import health
from mo_access.settings import Settings


@pytest.mark.parametrize(("least", "well"), [(1, True), (2**63, False)])
def test_a_disk_that_is_nearly_full_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, least: int, well: bool
) -> None:
    """The data folder and the folder of a SQLite file, each once, with what is left there."""
    data, beside = tmp_path / "var", tmp_path / "db"
    data.mkdir()
    beside.mkdir()
    monkeypatch.setattr(health, "LEAST_ROOM", least)
    settings = Settings(var=data, database_url=f"sqlite:///{beside / 'mo.sqlite'}")
    found = [one for one in health.examined(settings) if "room on the disk" in one.name]
    assert [one.name for one in found] == [
        f"there is room on the disk of {beside}",
        f"there is room on the disk of {data}",
    ]
    assert [one.well for one in found] == [well, well]
    assert all("MiB are free" in one.remedy for one in found)
