"""Remove one check at a time in a copy of the tree; every mutant must make a test fail.

``python -m tests.mutation.run [TEXT]`` runs the mutants whose file's name holds the text.
Only where the tests pass without one does it say anything: what fails anyway kills every mutant.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SKIPPED: Final = shutil.ignore_patterns(".git", ".venv*", "var", "__pycache__", ".*_cache")
sys.path.insert(0, str(ROOT))

from tests.mutation.mutants import MUTANTS, Mutant  # noqa: E402 - found through the line above


class End(StrEnum):
    """How a mutant ended; only one that is killed is as it should be."""

    KILLED = "killed"
    LIVES = "LIVES "
    BROKEN = "BROKEN"
    """No test could run with it, so it says nothing."""


_ENGINES: Final = ("not postgresql", "postgresql")
"""SQLite first: most mutants need no server to be started, and half as many tests, to be killed."""


def end(mutant: Mutant, tree: Path) -> End:
    """Run the tests with the mutant in the copy ``tree``, up to the first that fails."""
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    tests = [name for name in mutant.tests.split() if (tree / name).exists()]
    try:
        return _outcome([*tests, "-k"], tree)
    finally:
        path.write_text(text, encoding="utf-8")


def _outcome(chosen: list[str], tree: Path) -> End:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *chosen]
    codes: set[int] = set()
    for engine in _ENGINES:
        done = subprocess.run([*command, engine], cwd=tree, capture_output=True, check=False)
        if done.returncode == pytest.ExitCode.TESTS_FAILED:
            return End.KILLED
        codes.add(done.returncode)
    ran = codes <= {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    return End.LIVES if ran else End.BROKEN


def survivors(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Run these mutants one after the other, say how each ended; return those not killed."""
    left = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=SKIPPED)
        for mutant in mutants:
            ended = end(mutant, tree)
            left += [] if ended is End.KILLED else [mutant]
            shown = " ".join(mutant.old.split())[:70]
            sys.stdout.write(f"{ended} {mutant.file}: {shown}\n")
            sys.stdout.flush()
    return left


def main(named: str = "") -> int:
    """Run the mutants of the files with this text in their name; 1 when one is not killed."""
    chosen = [mutant for mutant in MUTANTS if named in mutant.file]
    left = survivors(chosen)
    sys.stdout.write(f"{len(chosen) - len(left)} passed, {len(left)} failed\n")
    return 1 if left or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
