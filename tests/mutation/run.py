"""Remove one check at a time in a copy of the tree; every mutant must make a test fail.

``python -m tests.mutation.run [TEXT]`` runs the mutants whose file's name holds the text.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SKIPPED: Final = shutil.ignore_patterns(".git", ".venv*", "var", "__pycache__", ".*_cache")
sys.path.insert(0, str(ROOT))

from tests.mutation.mutants import MUTANTS, Mutant  # noqa: E402 - found through the line above


def lives(mutant: Mutant, tree: Path) -> bool:
    """Tell whether the tests still pass with the mutant in the copy ``tree``."""
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    tests = [name for name in mutant.tests.split() if (tree / name).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, check=False)
    path.write_text(text, encoding="utf-8")
    return done.returncode == 0


def survivors(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Run these mutants one after the other, say how each ended, and return those that lived."""
    lived = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=SKIPPED)
        for mutant in mutants:
            alive = lives(mutant, tree)
            lived += [mutant] if alive else []
            shown = " ".join(mutant.old.split())[:70]
            sys.stdout.write(f"{'LIVES ' if alive else 'killed'} {mutant.file}: {shown}\n")
            sys.stdout.flush()
    return lived


def main(named: str = "") -> int:
    """Run the mutants of the files with this text in their name; 1 when one lives."""
    chosen = [mutant for mutant in MUTANTS if named in mutant.file]
    lived = survivors(chosen)
    sys.stdout.write(f"{len(chosen) - len(lived)} passed, {len(lived)} failed\n")
    return 1 if lived or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
