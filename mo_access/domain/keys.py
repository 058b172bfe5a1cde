"""The key ring: sealing what must stay secret, finding it again, and signing (domain.md, People).

Sealed text is AES-256-GCM-SIV with the row named in the associated data, so that a sealed value
moved to another row does not open. Looking up goes through a keyed blind index.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SEPARATOR: Final = b":"


class KeyRing:
    """Keys by id; the current one seals, each may open.

    The blind index and the signing key derive from the *first* key of the ring, so they outlive
    a rotation of the sealing key (the index cannot be rebuilt from itself).
    """

    def __init__(self, keys: Mapping[str, bytes], current: str, root: str | None = None) -> None:
        """Take raw keys of 32 bytes by id, and which one is current.

        ``root`` names the key of index and signatures (default: the first).
        Raises ``ValueError`` when a key has another length or an id is not in the ring.
        """
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("the key ring needs 32-byte keys and a current id that it holds")
        self.current = current
        base = keys[root or next(iter(keys))]
        self._seal = {key_id: AESGCMSIV(derive(key, b"mo:seal")) for key_id, key in keys.items()}
        self._index = derive(base, b"mo:index")
        self._sign = derive(base, b"mo:sign")

    def seal(self, context: str, text: str) -> bytes:
        """Encrypt ``text`` so that it opens only with the same ``context`` (names the row)."""
        nonce = os.urandom(NONCE_BYTES)
        body = self._seal[self.current].encrypt(nonce, text.encode(), context.encode())
        return self.current.encode() + SEPARATOR + nonce + body

    def open(self, context: str, sealed: bytes) -> str:
        """Decrypt what ``seal`` made. Raises ``SealBroken`` for another row, key or content."""
        key_id, _, rest = sealed.partition(SEPARATOR)
        cipher = self._seal.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise SealBroken("the key that sealed this value is not in the ring")
        try:
            text = cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value does not belong to this row") from error
        return text.decode()

    def index(self, text: str) -> bytes:
        """Return the keyed blind index of ``text``: equal texts, equal bytes; nothing else told."""
        return hmac.digest(self._index, text.encode(), sha256)

    def sign(self, content: bytes) -> bytes:
        """Return the keyed signature (HMAC-SHA256) of ``content``."""
        return hmac.digest(self._sign, content, sha256)

    def sealed_by(self, sealed: bytes) -> str:
        """Tell which key sealed this value (for rotation)."""
        return sealed.partition(SEPARATOR)[0].decode("ascii", "replace")


class SealBroken(Exception):
    """A sealed value that does not open: another row, another key, or changed content."""


def derive(key: bytes, purpose: bytes) -> bytes:
    """Derive a key of its own for one purpose (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
