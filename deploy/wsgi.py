"""``app``, for any WSGI server: the application of this process, made when it is imported."""

from __future__ import annotations

from deploy.roof import build

app = build()
