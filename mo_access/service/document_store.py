"""Where the bytes of documents are: one file for each content, named by its SHA-256."""

from __future__ import annotations

import mimetypes
import os
import secrets
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final

CHUNK: Final = 1024 * 1024
_OTHER: Final = "application/octet-stream"


class NotInFolder(Exception):
    """The named file is no plain file inside the folder of the import; the text says which."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the store knows of a file."""

    name: str
    media_type: str
    digest: str
    size: int


def located(folder: Path, named: str) -> Path:
    """Find a file by its relative name. Raises ``NotInFolder`` when it leads elsewhere."""
    root = folder.resolve()
    if Path(named).is_absolute() or "\\" in named or "\0" in named:
        raise NotInFolder("must be a relative path with /")
    found = (root / named).resolve()
    if not found.is_relative_to(root):
        raise NotInFolder("leads out of the folder of the CSV file")
    if not found.is_file():
        raise NotInFolder(f"there is no file {named!r}")
    return found


def described(path: Path) -> StoredFile:
    """Tell what the store would know of this file. Raises ``NotInFolder`` when unreadable."""
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as fault:
        raise NotInFolder(f"{path.name} cannot be read ({fault.strerror})") from None
    return StoredFile(path.name, _media_type(path.name), digest, size)


def keep(source: Path, store: Path, digest: str) -> None:
    """Copy the file into the store under its digest, whole or not at all.

    Raises ``NotInFolder`` when the file changed since it was described.
    """
    target = store / digest
    if target.exists():
        return
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = store / f".{secrets.token_hex(8)}"
    try:
        _copy(source, fresh)
        with fresh.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != digest:
                raise NotInFolder(f"{source.name} changed during the import")
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, source.open("rb") as file:
        _pour(file, out)
        out.flush()
        os.fsync(out.fileno())


def _pour(file: BinaryIO, out: BinaryIO) -> None:
    while chunk := file.read(CHUNK):
        out.write(chunk)


def _media_type(name: str) -> str:
    # The library's own table only: the machine's files would make answers differ.
    return mimetypes.MimeTypes(filenames=()).guess_type(name)[0] or _OTHER
