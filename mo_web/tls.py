"""How an outgoing connection stands in TLS: what it shows, and whom it believes.

There is no way to believe everybody.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import Final, NamedTuple

from urllib3.util.ssl_ import create_urllib3_context


class Tls(NamedTuple):
    """Files, read for each connection: a renewed one counts from the next request on."""

    certificate: tuple[str, str] | None = None
    """Our certificate and its key (RFC 8705)."""
    authorities: str | None = None
    """Who is believed besides the public authorities (the setting ``ca_file``)."""


USUAL: Final = Tls()


def believing(authorities: str) -> SSLContext:
    """Return a context that believes these authorities; the public ones are added to it.

    By `requests`, which loads its own list into any context. Raises ``OSError`` for a file that
    cannot be used: nothing is asked then.
    """
    context = create_urllib3_context()
    context.load_verify_locations(cafile=authorities)
    return context
