"""Sending a document so that a browser shows or keeps it and runs nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Response, send_file

from mo_access.domain.errors import NotFound
from mo_access.service.documents import Document

_SHOWN: Final = frozenset({"application/pdf", "text/plain", "image/png", "image/jpeg"})
"""Types that a browser shows without running anything of ours."""


def send(store: Path, wanted: Document) -> Response:
    """Return the bytes; other types than a few harmless ones are saved, never opened here.

    Raises ``NotFound`` when the store has lost them.
    """
    path = store / wanted.digest
    if not path.is_file():
        raise NotFound("The file of this document is missing; tell the contact person.")
    shown = wanted.media_type in _SHOWN
    response = send_file(
        path.resolve(),
        mimetype=wanted.media_type if shown else "application/octet-stream",
        as_attachment=not shown,
        download_name=wanted.file_name,
        conditional=False,
        etag=False,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
