"""The files that hold keys: made on first start, readable by their owner only.

They live apart from the database, so that a stolen database opens nothing.
"""

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mo_access.domain.keys import KEY_BYTES, KeyRing

SECRET_NAME: Final = "secret_key"
KEYS_NAME: Final = "keys.json"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(Exception):
    """A key file cannot be used; one readable line that never holds a key."""


def secret_key(folder: Path) -> str:
    """Give the secret key of this folder, made on first use."""
    return _made_once(folder / SECRET_NAME, lambda: secrets.token_urlsafe(48)).strip()


def key_ring(path: Path) -> KeyRing:
    """Give the key ring of this file, made with one key on first use."""
    return _ring(path, _made_once(path, _first_ring))


def add_key(path: Path) -> KeyRing:
    """Add a fresh key and make it current; the old ones still open what they sealed."""
    content = json.loads(_made_once(path, _first_ring))
    _ring(path, json.dumps(content))
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


def _ring(path: Path, text: str) -> KeyRing:
    try:
        content = json.loads(text)
        keys = {name: base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
        return KeyRing(keys, content["current"], content.get("root"))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeyFileError(
            f"{path}: must hold a current key id and its keys of {KEY_BYTES} bytes in base64"
        ) from None


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
    ring = _ring(path, text)
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
