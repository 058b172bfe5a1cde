"""The headers that every answer carries (trust.md P13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from flask import Response, request

from mo_web import requestid

HSTS: Final = "max-age=31536000; includeSubDomains"


def policy(providers: Iterable[str]) -> str:
    """Return the Content-Security-Policy: our own styles and images, no script at all.

    The providers' origins may be the target of a form, since browsers hold the redirect that
    follows the sign-out form to this rule too.
    """
    origins = sorted({f"{p.scheme}://{p.netloc}" for p in map(urlsplit, providers)})
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            " ".join(("form-action 'self'", *origins)),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def stamp(content_policy: str, *, https: bool) -> Callable[[Response], Response]:
    """Return the function that puts the headers on an answer."""
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    } | ({"Strict-Transport-Security": HSTS} if https else {})

    def stamped(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", content_policy)
        for name, value in fixed.items():
            response.headers[name] = value
        response.headers[requestid.HEADER] = requestid.current()
        _keep_out_of_caches(response)
        return response

    return stamped


def _keep_out_of_caches(response: Response) -> None:
    """Let only our own style sheets and pictures be kept: everything else depends on who asks."""
    if request.endpoint is not None and request.endpoint.rpartition(".")[2] == "static":
        return
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(("Cookie", "Authorization"))
