"""The key ring: sealing what must stay secret, finding it again, and signing (domain.md, People).

Sealed text is AES-256-GCM-SIV with the row named in the associated data, so that a sealed value
moved to another row does not open. Looking up goes through a keyed blind index.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SEPARATOR: Final = b":"
Indexes: TypeAlias = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Held:
    """What a ring holds at one moment, derived for each purpose; replaced as a whole."""

    current: str
    seals: Mapping[str, AESGCMSIV]
    indexes: tuple[bytes, ...]
    """The key that new index entries are made with, then those that may still have made some."""
    signing: bytes

    @classmethod
    def of(cls, keys: Mapping[str, bytes], roles: Roles) -> Held:
        """Derive from raw keys of 32 bytes by id.

        Raises ``ValueError`` when a key has another length or an id is not in the ring.
        """
        root = roles.root or next(iter(keys), "")
        named = (roles.index or root, *roles.also)
        wanted = {roles.current, *named, *(() if roles.signing else (root,))}
        if not wanted <= keys.keys() or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("the key ring needs 32-byte keys and a current id that it holds")
        return cls(
            roles.current,
            {key_id: AESGCMSIV(derive(key, b"mo:seal")) for key_id, key in keys.items()},
            tuple(derive(keys[key_id], b"mo:index") for key_id in named),
            roles.signing or signing_key(keys[root]),
        )


@dataclass(frozen=True, slots=True)
class Roles:
    """Which key of a ring does what, by id.

    ``current`` seals, ``index`` makes index entries (default: ``root``), ``also`` may have made
    some that are still there (during a rotation), ``root`` signs (default: the first), unless
    ``signing`` holds the signing key itself, which outlives the key that it was derived from.
    """

    current: str
    root: str | None = None
    index: str | None = None
    also: tuple[str, ...] = ()
    signing: bytes | None = None


class KeyRing:
    """Keys by id; the current one seals, each may open.

    Index entries are made with one key and, while it is being replaced, found by two; the signing
    key outlives every rotation, as what it signed is not signed anew.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str, root: str | None = None) -> None:
        """Take raw keys of 32 bytes by id, and which one is current.

        ``root`` names the key of index and signatures (default: the first).
        Raises ``ValueError`` when a key has another length or an id is not in the ring.
        """
        self._held = Held.of(keys, Roles(current, root))

    @property
    def held(self) -> Held:
        """What the ring holds now."""
        return self._held

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self.held.current

    @property
    def rotating(self) -> bool:
        """Whether index entries of two keys are about, so that equal texts may have two."""
        return len(self.held.indexes) > 1

    def seal(self, context: str, text: str) -> bytes:
        """Encrypt ``text`` so that it opens only with the same ``context`` (names the row)."""
        held, nonce = self.held, os.urandom(NONCE_BYTES)
        body = held.seals[held.current].encrypt(nonce, text.encode(), context.encode())
        return held.current.encode() + SEPARATOR + nonce + body

    def open(self, context: str, sealed: bytes) -> str:
        """Decrypt what ``seal`` made. Raises ``SealBroken`` for another row, key or content."""
        key_id, _, rest = sealed.partition(SEPARATOR)
        cipher = self.held.seals.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise SealBroken("the key that sealed this value is not in the ring")
        try:
            text = cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value does not belong to this row") from error
        return text.decode()

    def index(self, text: str) -> bytes:
        """Return the keyed blind index of ``text``: equal texts, equal bytes; nothing else told."""
        return hmac.digest(self.held.indexes[0], text.encode(), sha256)

    def indexes(self, text: str) -> Indexes:
        """Return every index under which ``text`` may stand: during a rotation two, else one.

        Always a pair, so that a statement that looks it up has one form.
        """
        keys = self.held.indexes
        first, last = (hmac.digest(key, text.encode(), sha256) for key in (keys[0], keys[-1]))
        return first, last

    def turn(self, text: str) -> int:
        """Return a number for ``text`` that stays the same all through a rotation, for a lock."""
        told = min(hmac.digest(key, text.encode(), sha256) for key in self.held.indexes)
        return int.from_bytes(told[:8], "big", signed=True)

    def sign(self, content: bytes) -> bytes:
        """Return the keyed signature (HMAC-SHA256) of ``content``."""
        return hmac.digest(self.held.signing, content, sha256)

    def sealed_by(self, sealed: bytes) -> str:
        """Tell which key sealed this value (for rotation)."""
        return sealed.partition(SEPARATOR)[0].decode("ascii", "replace")


class SealBroken(Exception):
    """A sealed value that does not open: another row, another key, or changed content."""


def derive(key: bytes, purpose: bytes) -> bytes:
    """Derive a key of its own for one purpose (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def signing_key(key: bytes) -> bytes:
    """Derive the key of signatures, which can be kept where the key itself is not."""
    return derive(key, b"mo:sign")
