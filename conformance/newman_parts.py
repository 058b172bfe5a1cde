"""Newman and Microsoft's Postman collection, fetched once from where their makers publish them.

Neither is kept in this repository: newman comes from npm by its lock, the collection from its
repository by commit and SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import requests

from conformance.target import ROOT

KEPT: Final = ROOT / "var" / "conformance"
_COMMIT: Final = "d445ef901981fef684a220fe8cf6c97b588600fd"
_FILE: Final = "PostmanCollection.json"
_ADDRESS: Final = f"https://raw.githubusercontent.com/AzureAD/SCIMReferenceCode/{_COMMIT}/{_FILE}"
_SHA256: Final = "36ee6b9fb355cd6d438b7012ce266c05496caf494db4cb2a2be832f91fa56ccf"
_LOCKED: Final = Path(__file__).parent / "newman"
_SECONDS: Final = 300


class NotHere(Exception):
    """Newman or the collection cannot be had on this machine; the text says why."""


def newman_version() -> str:
    """Return which newman is locked."""
    locked = json.loads((_LOCKED / "package.json").read_text(encoding="utf-8"))
    return str(locked["dependencies"]["newman"])


def newman(kept: Path = KEPT) -> Path:
    """Return newman's program, installed by its lock; raises ``NotHere``."""
    npm = _program("npm")
    _program("node")
    lock = (_LOCKED / "package-lock.json").read_bytes()
    home = kept / f"newman-{hashlib.sha256(lock).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    for name in (".npmrc", "package.json", "package-lock.json"):
        shutil.copy(_LOCKED / name, home / name)
    # npm writes this file last, so an install that was cut off is made again.
    if not (home / "node_modules" / ".package-lock.json").is_file():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        done = subprocess.run(  # noqa: S603 - npm with fixed arguments, no shell
            command, cwd=home, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            said = done.stderr.partition("\n")[0]
            raise NotHere(f"the npm package newman cannot be had: {said}")
    return home / "node_modules" / "newman" / "bin" / "newman.js"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotHere(f"it needs {name}, which is not on this machine")
    return found


def collection(kept: Path = KEPT) -> str:
    """Return the collection that was pinned, fetched once; raises ``NotHere``."""
    path = kept / f"{_SHA256[:12]}-{_FILE}"
    if not path.is_file():
        path.write_bytes(_pinned(_fetched(), _ADDRESS))
    return _pinned(path.read_bytes(), str(path)).decode()


def _pinned(content: bytes, source: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise RuntimeError(f"{source} is not the collection that was pinned")
    return content


def _fetched() -> bytes:
    try:
        answer = requests.get(_ADDRESS, timeout=30)
        answer.raise_for_status()
    except requests.RequestException as fault:
        raise NotHere(
            f"the collection cannot be had ({type(fault).__name__}); put {_FILE} of commit "
            f"{_COMMIT[:12]} into var/conformance as {_SHA256[:12]}-{_FILE}"
        ) from fault
    return answer.content
