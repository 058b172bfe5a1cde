"""Where a person goes after signing in: a path on this very site, or the front page."""

import re
from urllib.parse import unquote

FRONT_PAGE = "/"
_MAX_LENGTH = 2048
_ROUNDS_OF_ENCODING = 4
# Printable ASCII except the backslash, which browsers read as a slash (WHATWG URL §4.4).
_PLAIN = re.compile(r"/[!-\[\]-~]*\Z")
# An empty, "." or ".." segment lets a path collapse into "//host" on the way.
_ODD_SEGMENT = re.compile(r"/\.{0,2}/|/\.{1,2}\Z")
_OWN_ENDPOINTS = "/oidc/"


def safe_next(value: str | None) -> str:
    """Return `value` when it is a relative path of this origin, else the front page.

    Refused: other origins, `//host`, backslashes, control characters, dot segments,
    each also when percent-encoded (up to four times), and our own sign-in endpoints.
    """
    if not value or len(value) > _MAX_LENGTH or not _PLAIN.match(value):
        return FRONT_PAGE
    path = value.partition("#")[0].partition("?")[0]
    return value if _stays_here(path) else FRONT_PAGE


def _stays_here(path: str) -> bool:
    for _ in range(_ROUNDS_OF_ENCODING):
        if _is_odd(path):
            return False
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return not path.startswith(_OWN_ENDPOINTS)
        path = decoded
    return False


def _is_odd(path: str) -> bool:
    return (
        not path.startswith("/")
        or "\\" in path
        or bool(_ODD_SEGMENT.search(path))
        or any(ord(character) < ord(" ") or character == "\x7f" for character in path)
    )
