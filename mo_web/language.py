"""Which language a person reads: Dutch first, English second.

Texts are written in Dutch where they are used; ``translations/en`` of each package has English.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from flask import Flask, Response, g, request
from flask_babel import Babel

from mo_web.shared import shared

LANGUAGES: Final = ("nl", "en")
DUTCH: Final = LANGUAGES[0]
_PARAMETER: Final = "lang"


def current() -> str:
    """Return ``nl`` or ``en``: what ``?lang=`` asks or asked, else the browser's, else Dutch."""
    if "language" not in g:
        asked = (request.args.get(_PARAMETER), request.cookies.get(_cookie_name()))
        offered = request.accept_languages.best_match(LANGUAGES, default=DUTCH)
        g.language = next((code for code in asked if code in LANGUAGES), offered)
    chosen: str = g.language
    return chosen


def remember(response: Response) -> Response:
    """Keep the choice of ``?lang=`` for the pages that follow."""
    if _PARAMETER.encode() not in request.query_string:
        return response
    asked = request.args.get(_PARAMETER)
    if asked in LANGUAGES and asked != request.cookies.get(_cookie_name()):
        secure = not shared().settings.plain_http
        response.set_cookie(
            _cookie_name(), asked, secure=secure, httponly=True, samesite="Lax", path="/"
        )
    return response


def _cookie_name() -> str:
    return "mo_lang" if shared().settings.plain_http else "__Host-mo_lang"


def install(app: Flask, packages: Iterable[Path]) -> None:
    """Let the application translate, with the ``translations`` folder of each package."""
    folders = sorted({str(p / "translations") for p in packages if (p / "translations").is_dir()})
    Babel(
        app,
        default_locale=DUTCH,
        default_translation_directories=";".join(folders),
        locale_selector=current,
    )
    app.jinja_env.globals["language"] = current
