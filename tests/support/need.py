"""What a test needs from the machine: a plain skip at a desk, a failure where `.ci/run` asks."""

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

INSTALL_TIMEOUT = 300.0
"""Seconds that Debian's installer may take."""


def missing(what: str) -> NoReturn:
    """Skip the test for want of `what`, or fail it when MO_TEST_REQUIRE is set."""
    if os.environ.get("MO_TEST_REQUIRE", "0") not in {"", "0"}:
        pytest.fail(f"required here, but missing: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def install_debian_package(name: str) -> bool:
    """Install a Debian package, as root only; tell whether that worked."""
    apt_get = shutil.which("apt-get")
    if os.geteuid() != 0 or apt_get is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt_get, "install", "--yes", "--quiet", "--no-install-recommends", name]
    # A fresh image has no package lists; one in use does, and then the first try suffices.
    return any(
        all(
            subprocess.run(
                command, env=environment, capture_output=True, timeout=INSTALL_TIMEOUT, check=False
            ).returncode
            == 0
            for command in commands
        )
        for commands in ([install], [[apt_get, "update"], install])
    )
