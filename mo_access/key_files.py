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
from typing import Any, Final

from mo_access.domain.keys import KEY_BYTES, Held, KeyRing, Roles

SECRET_FILE: Final = "secret_key"  # noqa: S105 - the name of a file
KEYS_NAME: Final = "keys.json"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(Exception):
    """A key file cannot be used; one readable line that never holds a key."""


def secret_key(folder: Path) -> str:
    """Give the secret key of this folder, made on first use."""
    return _made_once(folder / SECRET_FILE, lambda: secrets.token_urlsafe(48)).strip()


class FileKeyRing(KeyRing):
    """The key ring of a file, read again as soon as the file is another.

    So every server follows ``key rotate`` at once: a look at the file costs two microseconds.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Read the keys. Raises ``KeyFileError``."""
        self._path = path
        self._seen = _state(path)
        self._held = _held(path, text)

    @property
    def held(self) -> Held:
        """What the file holds now; what it held, when it is gone for a moment."""
        state = _state(self._path)
        if state not in {None, self._seen}:
            # In this order: when it changes again in between, it is read again.
            self._seen = state
            self._held = _held(self._path, _read(self._path))
        return self._held


def key_ring(path: Path) -> KeyRing:
    """Give the key ring of this file, made with one key on first use."""
    return FileKeyRing(path, _made_once(path, _first_ring))


def prepare(path: Path) -> bool:
    """Begin a rotation: add a key that so far only finds; False when one is under way.

    Whoever reads the file from now on finds what the new key will have made, and still makes
    entries with the old one.
    """
    content = _content(path)
    if content.get("next") or content.get("also"):
        return False
    fresh = f"k{1 + max(_ordinal(key) for key in content['keys'])}"
    content["keys"][fresh] = _fresh()
    root = content.get("root") or next(iter(content["keys"]))
    content |= {"root": root, "index": content.get("index") or root}
    _replaced(path, content | {"next": fresh, "also": [fresh]})
    return True


def switch(path: Path) -> bool:
    """Let the key that was prepared seal and make index entries; False when there is none."""
    content = _content(path)
    fresh = content.pop("next", None)
    if fresh is None:
        return False
    _replaced(path, content | {"current": fresh, "index": fresh, "also": [content["index"]]})
    return True


def drop_keys(path: Path) -> KeyRing:
    """Forget every key but those that seal and index, of which the old one opens nothing any more.

    Of the root key only the key of signatures is kept, from which it cannot be made again.
    """
    content = _content(path)
    held = _held(path, json.dumps(content))
    root = content.get("root") or next(iter(content["keys"]))
    index = content.get("index") or root
    wanted = {content["current"], index, *([root] if content.get("index") is None else [])}
    content["keys"] = {k: v for k, v in content["keys"].items() if k in wanted}
    content["signing"] = base64.b64encode(held.signing).decode()
    content |= {"index": index, "root": index}
    for ended in ("also", "next"):
        content.pop(ended, None)
    return _replaced(path, content)


def open_to_others(path: Path) -> bool:
    """Tell whether group or others have any right on this file."""
    return path.exists() and bool(path.stat().st_mode & _OTHERS)


def _content(path: Path) -> dict[str, Any]:
    """Read the file for a change of it. Raises ``KeyFileError``."""
    text = _made_once(path, _first_ring)
    _held(path, text)
    content: dict[str, Any] = json.loads(text)
    return content


def _held(path: Path, text: str) -> Held:
    try:
        content = json.loads(text)
        keys = {k: base64.b64decode(v, validate=True) for k, v in content["keys"].items()}
        signing = content.get("signing")
        roles = Roles(
            content["current"],
            content.get("root"),
            content.get("index"),
            tuple(content.get("also", ())),
            None if signing is None else base64.b64decode(signing, validate=True),
        )
        return Held.of(keys, roles)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyFileError(
            f"{path}: must hold a current key id and keys of {KEY_BYTES} bytes in base64"
        ) from None


def _state(path: Path) -> tuple[int, int, int] | None:
    """Tell one content of the file from another: it is never written in place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


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
        return _read(path)
    except OSError as fault:
        raise KeyFileError(f"{path} cannot be made or read ({fault.strerror})") from None


def _read(path: Path) -> str:
    try:
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
