"""Keycloak as its makers publish it: fetched once with Maven, checked, unpacked beside the tree."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from tests.interop.cache import CACHE
from tests.support.need import missing

VERSION: Final = "26.7.3"
SHA256: Final = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_SECONDS: Final = 900


def keycloak_home() -> Path:
    """Return the folder of the distribution; skip with a message where it cannot be had."""
    home = CACHE / f"keycloak-{VERSION}"
    if (home / "bin" / "kc.sh").is_file():
        return home
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            missing(f"{tool}, to fetch and run Keycloak {VERSION}")
    archive = _fetched()
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        archive.unlink()
        raise RuntimeError(f"Keycloak {VERSION} is not the file that was pinned; it was removed")
    # Unpacked aside and then named, so that what was cut off is never taken for the whole.
    with tempfile.TemporaryDirectory(dir=CACHE) as aside, zipfile.ZipFile(archive) as packed:
        packed.extractall(aside)
        (Path(aside) / home.name).rename(home)
    archive.unlink()
    return home


def _fetched() -> Path:
    name = "keycloak-quarkus-dist"
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [
        *("mvn", "--batch-mode", "--quiet", "dependency:copy"),
        *(f"-Dartifact=org.keycloak:{name}:{VERSION}:zip", f"-DoutputDirectory={CACHE}"),
    ]
    done = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        missing(f"Keycloak {VERSION} from Maven Central:\n{done.stdout[-600:]}")
    return CACHE / f"{name}-{VERSION}.zip"
