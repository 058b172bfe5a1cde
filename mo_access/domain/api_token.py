"""API tokens of clients: ``mos_<id>_<43 characters>_<crc>`` (trust.md, P1).

The id finds the row, the 256 random bits are compared as a hash, the checksum lets a scanner of
leaked secrets tell a token from noise.
"""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from zlib import crc32

_TOKEN: Final = re.compile(r"(mos_([0-9a-f]{16})_[A-Za-z0-9_-]{43})_([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is stored of a token: its id and the hash of the whole. The text is shown once."""

    id: str
    hash: bytes


def new_token() -> tuple[ApiToken, str]:
    """Make a token; returns what to store and the text to show once."""
    token_id = secrets.token_hex(8)
    body = f"mos_{token_id}_{secrets.token_urlsafe(32)}"
    text = f"{body}_{_checksum(body)}"
    return ApiToken(token_id, _hash(text)), text


def read_token(text: str) -> ApiToken | None:
    """Take a presented token apart; None when it cannot be one of ours."""
    match = _TOKEN.fullmatch(text)
    if match is None or _checksum(match[1]) != match[3]:
        return None
    return ApiToken(match[2], _hash(text))


def _checksum(body: str) -> str:
    return f"{crc32(body.encode()):08x}"


def _hash(text: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess (trust.md, P1).
    return sha256(text.encode()).digest()
