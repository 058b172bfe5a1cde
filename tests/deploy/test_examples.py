"""The example files of deploy/ say what is true."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_access.settings import Settings, load

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
EXAMPLE = DEPLOY / "settings.example.toml"
OFFERED = re.compile(r"^# (?=[a-z_]+ = |\[\[?[a-z.]+\]\]?$)", re.MULTILINE)


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no setting but the example's."""
    monkeypatch.setenv("MO_VAR", str(tmp_path))


def _names(table: dict[str, object], above: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _names(value, f"{above}{key}_")
        else:
            yield above + key


def test_the_example_settings_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as it stands loads, with what it sets."""
    monkeypatch.setenv("MO_CONFIG", str(EXAMPLE))
    settings = load(make_keys=False)
    assert settings.base_url == "https://toegang.example.org"
    assert settings.oidc_issuer == "https://broker.example.org"


def test_every_setting_that_the_example_offers_exists() -> None:
    """What stands commented out is TOML, too, and names settings that are known."""
    offered = tomllib.loads(OFFERED.sub("", EXAMPLE.read_text("utf-8")))
    unknown = set(_names(offered)) - set(Settings.model_fields)
    assert unknown == set()


def test_the_unit_keeps_the_service_in_its_place() -> None:
    """The hardening that SECURITY.md's promises rest on stands in the unit."""
    unit = (DEPLOY / "systemd" / "mo-access.service").read_text("utf-8").splitlines()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "UMask=0077"):
        assert line in unit
