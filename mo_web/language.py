"""Which language a person reads: Dutch first, English second.

Texts are written in Dutch where they are used; ``translations/en`` of each package has English.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from flask import Flask, g, request
from flask_babel import Babel

LANGUAGES: Final = ("nl", "en")
DUTCH: Final = LANGUAGES[0]
_PARAMETER: Final = "lang"


def current() -> str:
    """Return ``nl`` or ``en``: what ``?lang=`` asks, else the browser's choice, else Dutch."""
    if "language" not in g:
        asked = request.args.get(_PARAMETER)
        offered = request.accept_languages.best_match(LANGUAGES, default=DUTCH)
        g.language = asked if asked in LANGUAGES else offered
    chosen: str = g.language
    return chosen


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
