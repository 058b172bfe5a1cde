"""The files that hold keys: made on first start, readable by their owner only.

They live apart from the database, so that a stolen database opens nothing.
"""

import base64
import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mo_access.domain.keys import KEY_BYTES, KeyRing

SECRET_FILE: Final = "secret_key"  # noqa: S105 - the name of a file
KEYS_NAME: Final = "keys.json"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(Exception):
    """A key file cannot be used; one readable line that never holds a key."""


def secret_key(folder: Path) -> str:
    """Give the secret key of this folder, made on first use."""
    return _made_once(folder / SECRET_FILE, lambda: secrets.token_urlsafe(48)).strip()


class FileKeyRing(KeyRing):
    """The key ring of a file, read again when a value was sealed by a key that came later.

    So a server goes on while ``key rotate`` seals the rows under a new key.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Read the keys. Raises ``KeyFileError``."""
        self._path = path
        self._load(text)

    def open(self, context: str, sealed: bytes) -> str:
        """Decrypt; a key that this process does not know yet is looked for in the file."""
        if self.sealed_by(sealed) not in self._names:
            self._load(_made_once(self._path, _first_ring))
        return super().open(context, sealed)

    def _load(self, text: str) -> None:
        try:
            content = json.loads(text)
            keys = {k: base64.b64decode(v, validate=True) for k, v in content["keys"].items()}
            super().__init__(keys, content["current"], content.get("root"))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeyFileError(
                f"{self._path}: must hold a current key id and keys of {KEY_BYTES} bytes in base64"
            ) from None
        self._names = frozenset(keys)


def key_ring(path: Path) -> KeyRing:
    """Give the key ring of this file, made with one key on first use."""
    return FileKeyRing(path, _made_once(path, _first_ring))


def add_key(path: Path) -> KeyRing:
    """Add a fresh key and make it current; the old ones still open what they sealed."""
    text = _made_once(path, _first_ring)
    FileKeyRing(path, text)
    content = json.loads(text)
    name = f"k{1 + max(_ordinal(key) for key in content['keys'])}"
    content["keys"][name] = _fresh()
    content |= {"current": name, "root": content.get("root") or next(iter(content["keys"]))}
    return _replaced(path, content)


def drop_keys(path: Path) -> KeyRing:
    """Forget every key that is neither current nor the root of index and signatures."""
    content = json.loads(_made_once(path, _first_ring))
    wanted = {content["current"], content.get("root") or next(iter(content["keys"]))}
    content["keys"] = {k: v for k, v in content["keys"].items() if k in wanted}
    return _replaced(path, content)


def open_to_others(path: Path) -> bool:
    """Tell whether group or others have any right on this file."""
    return path.exists() and bool(path.stat().st_mode & _OTHERS)


def _ordinal(name: str) -> int:
    digits = name.removeprefix("k")
    return int(digits) if digits.isdecimal() else 0


def _fresh() -> str:
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def _first_ring() -> str:
    return json.dumps({"current": "k1", "root": "k1", "keys": {"k1": _fresh()}}, indent=1)


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """Read the file, or make it; of several processes at once only one makes it."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _link_new(path, make())
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise KeyFileError(f"{path} cannot be made or read ({reason})") from None


def _link_new(path: Path, content: str) -> None:
    fresh = _written_beside(path, content)
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        # Another process was first; its file is the one that counts.
        return
    finally:
        fresh.unlink()


def _replaced(path: Path, content: dict[str, object]) -> KeyRing:
    text = json.dumps(content, indent=1)
    ring = FileKeyRing(path, text)
    _written_beside(path, text).replace(path)
    return ring


def _written_beside(path: Path, content: str) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return fresh
