"""The headers that every answer carries (trust.md P13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mo_web import exchange, requestid

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

HSTS: Final = "max-age=31536000; includeSubDomains"
_POLICY: Final = "Content-Security-Policy"
_FIXED: Final = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
]
_PRIVATE: Final = [("Cache-Control", "no-store"), ("Vary", "Cookie, Authorization")]


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


class HeaderStamp:
    """WSGI middleware: the same headers on every answer, in one step and after all else.

    A policy that the answer brought itself is kept: it is narrower.
    """

    def __init__(self, app: WSGIApplication, content_policy: str, *, https: bool) -> None:
        """Write the headers down once."""
        self._app = app
        self._fixed = _FIXED + ([("Strict-Transport-Security", HSTS)] if https else [])
        self._policy = [(_POLICY, content_policy)]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on and stamp what comes back."""

        def stamped(
            status: str, given: list[tuple[str, str]], fault: ExcInfo | None = None
        ) -> Callable[[bytes], object]:
            policy = [] if any(name == _POLICY for name, _ in given) else self._policy
            named = [(requestid.HEADER, requestid.current())]
            return start(status, [*_kept_private(given), *self._fixed, *policy, *named], fault)

        return self._app(environ, stamped)


def _kept_private(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Let only our own style sheets and pictures be kept: everything else depends on who asks."""
    endpoint = exchange.current().endpoint
    if endpoint is not None and endpoint.rpartition(".")[2] == "static":
        return given
    return [header for header in given if header[0] != "Cache-Control"] + _PRIVATE
