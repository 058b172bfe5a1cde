"""The broker's own virtual environment: `python -m mo_demo.broker_venv` makes it, once.

Canaille's SCIM client works only with older releases of the SCIM libraries than ours, so it cannot
share an environment with us. What is installed is locked by version and hash.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from mo_demo.process import DemoError

LOCK = Path("requirements") / "canaille.txt"
STAMP = ".lock-sha256"


def checkout() -> Path | None:
    """Return the root of the work tree this package lies in, or None for an installed one."""
    root = Path(__file__).resolve().parent.parent
    return root if (root / LOCK).is_file() else None


def broker_venv(var: Path) -> Path:
    """Return where the broker's environment belongs: the work tree, else the var folder."""
    return (checkout() or var) / ".venv-canaille"


def ensure_broker_venv(var: Path) -> Path:
    """Make the broker's environment unless it is there and matches the lock; return its folder."""
    root = checkout()
    target = broker_venv(var)
    if root is None:
        if (target / "bin" / "canaille").is_file():
            return target
        message = (
            f"No lock file for the broker here; run the demo from a checkout, or fill {target}."
        )
        raise DemoError(message)
    if not _matches(target, root / LOCK):
        _make(target, root / LOCK)
    return target


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _matches(target: Path, lock: Path) -> bool:
    stamp = target / STAMP
    return stamp.is_file() and stamp.read_text().strip() == _digest(lock)


def _make(target: Path, lock: Path) -> None:
    venv.create(target, with_pip=True, clear=True)
    # The whole environment goes along: it may name the package index and its certificates.
    done = subprocess.run(  # noqa: S603 - a fixed command line, no shell
        [
            *(str(target / "bin" / "python"), "-m", "pip", "install"),
            *("--disable-pip-version-check", "--quiet", "--require-hashes"),
            # The lock is complete; older pips would look beside it for the extras that it names.
            *("--no-deps", "-r", str(lock)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(explain(done.stderr))
    (target / STAMP).write_text(_digest(lock))


def explain(error: str) -> str:
    """Say what pip's error output means for the person who started this."""
    unreachable = ("NewConnectionError", "Temporary failure", "ProxyError", "ConnectTimeout")
    if any(sign in error for sign in unreachable) or "ReadTimeout" in error:
        return (
            "The package index cannot be reached, so the identity broker Canaille cannot be "
            "installed.\nCheck the connection or point pip at an index that you can reach "
            "(PIP_INDEX_URL), then try again."
        )
    return f"The identity broker Canaille could not be installed:\n{error[-2000:]}"


def main() -> int:
    """Make the environment, say where it is; 1 and a plain message when that fails."""
    try:
        target = ensure_broker_venv(Path("var"))
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The identity broker is ready in {target.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
