"""A Chromium for the browser journeys: the system's, else Debian's package when root."""

import shutil
from pathlib import Path

from tests.support.need import install_debian_package

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium_path() -> Path | None:
    """Find Chromium's executable, installing Debian's as root; None where there is none to be had.

    Playwright takes it as `executable_path`; as root it also needs the argument `--no-sandbox`.
    """
    found = _installed()
    if found is None and install_debian_package("chromium"):
        found = _installed()
    return found


def _installed() -> Path | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path), None)
