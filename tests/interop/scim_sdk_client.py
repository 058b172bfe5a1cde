"""The client of SCIM-SDK (Java), as its makers publish it: fetched once with Maven, checked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from conformance.target import Target
from mo_demo.process import child_environment
from tests.interop.cache import CACHE
from tests.support.need import missing

VERSION: Final = "1.30.0"
_SOURCE: Final = Path(__file__).parent / "scim_sdk"
_SECONDS: Final = 600


def story(target: Target, folder: Path) -> dict[str, dict[str, Any]]:
    """Let the client do all that it can; return what it said of each step."""
    jars = _jars()
    command = ["java", "-Xmx256m", "-cp", str(jars / "*"), str(_SOURCE / "Story.java"), target.url]
    env = child_environment({"MO_TOKEN": target.token, "HOME": str(folder)})
    done = subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line.pop("step"): line for line in lines}


def _jars() -> Path:
    """Return the folder with the pinned files; skip with a message where they cannot be had."""
    pinned = _pinned()
    folder = CACHE / f"scim-sdk-{_name(pinned)}"
    fetched = folder.is_dir()
    for tool in ("java",) if fetched else ("java", "mvn"):
        if shutil.which(tool) is None:
            missing(f"{tool}, to fetch and run the client of SCIM-SDK")
    if not fetched:
        _fetch(folder)
    found = {path.name: _hash(path) for path in folder.glob("*.jar")}
    if found != pinned:
        shutil.rmtree(folder)
        raise RuntimeError("the client of SCIM-SDK is not what was pinned; it was removed")
    return folder


def _fetch(folder: Path) -> None:
    aside = folder.with_name(f"{folder.name}-{os.getpid()}")
    aside.mkdir(parents=True)
    command = [
        *("mvn", "--batch-mode", "--quiet", "--file", str(_SOURCE / "pom.xml")),
        *("dependency:copy-dependencies", f"-DoutputDirectory={aside}"),
    ]
    done = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        shutil.rmtree(aside)
        missing(f"the client of SCIM-SDK from Maven Central:\n{done.stdout[-600:]}")
    # Named when it is whole, so that what was cut off is never taken for that.
    aside.rename(folder)


def _pinned() -> dict[str, str]:
    lines = (_SOURCE / "jars.sha256").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def _name(pinned: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(pinned, sort_keys=True).encode()).hexdigest()[:12]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
