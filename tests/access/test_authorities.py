"""The file of authorities of one's own: checked before anything is asked (``ca_file``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mo_access import settings
from mo_access.settings import ConfigError
from tests.support.certificates import certified

BROKEN = "must hold certificates in PEM, none of them broken"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder without any configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MO_CONFIG", raising=False)
    return tmp_path


def refusal(monkeypatch: pytest.MonkeyPatch, path: Path) -> str:
    """Name a file that must be refused, and give the one line."""
    monkeypatch.setenv("MO_CA_FILE", str(path))
    with pytest.raises(ConfigError) as refused:
        settings.load(make_keys=False)
    (line,) = refused.value.problems
    return line


def test_one_or_more_authorities(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand one after the other; whom they certified may stand among them."""
    authority = certified(folder, "one", "one.example")
    others = (authority, certified(folder, "two", "two.example"))
    leaf = certified(folder, "leaf", "leaf.example", authority)
    path = folder / "authorities.pem"
    path.write_text("".join(Path(c.file).read_text("ascii") for c in (*others, leaf)), "ascii")
    monkeypatch.setenv("MO_CA_FILE", str(path))
    assert settings.load(make_keys=False).ca_file == str(path)


def test_none_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset and empty are alike."""
    assert settings.load(make_keys=False).ca_file is None
    monkeypatch.setenv("MO_CA_FILE", "")
    assert settings.load(make_keys=False).ca_file is None


def test_what_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the variable and the reason."""
    line = refusal(monkeypatch, folder / "missing.pem")
    assert line == "MO_CA_FILE: the file cannot be read (No such file or directory)"


def test_what_is_no_list_of_certificates(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, a text, DER, a key alone, and a list whose second certificate is cut off."""
    made = certified(folder, "one", "one.example")
    text = Path(made.file).read_text("ascii")
    broken = {
        "empty": b"",
        "text": b"the authority of our school\n",
        "der": made.der,
        "key": Path(made.key_file).read_bytes(),
        "cut": (text + text[: len(text) // 2]).encode(),
        "spoilt": (text + text.replace("MII", "AAA", 1)).encode(),
    }
    for name, raw in broken.items():
        path = folder / name
        path.write_bytes(raw)
        assert refusal(monkeypatch, path) == f"MO_CA_FILE: {BROKEN}", name


def test_a_server_s_own_certificate_is_no_authority(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names that instead of whoever signed it is told so at once."""
    authority = certified(folder, "one", "one.example")
    leaf = certified(folder, "leaf", "leaf.example", authority)
    line = refusal(monkeypatch, Path(leaf.file))
    assert line.startswith("MO_CA_FILE: holds no certificate of an authority")
