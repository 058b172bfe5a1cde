"""Remove one check at a time in a copy of the tree; every mutant must make a test fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
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


def main() -> int:
    """Run every mutant; 1 when one lives."""
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=SKIPPED)
        for mutant in MUTANTS:
            alive = lives(mutant, tree)
            survivors += alive
            shown = " ".join(mutant.old.split())[:70]
            sys.stdout.write(f"{'LIVES ' if alive else 'killed'} {mutant.file}: {shown}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(MUTANTS) - survivors} passed, {survivors} failed\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
