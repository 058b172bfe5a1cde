"""`mo-access demo --once`: the whole story, told and checked by the command itself."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

COMMAND = str(Path(sys.executable).parent / "mo-access")


def _demo(*arguments: str) -> list[str]:
    return [COMMAND, "demo", *arguments]


def test_the_story_goes_as_told() -> None:
    """`demo --once` exits 0, having told and checked every step."""
    done = subprocess.run(_demo("--once"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 12 steps went as told." in done.stdout


def test_the_demo_ends_with_both_servers_when_interrupted(tmp_path: Path) -> None:
    """After Ctrl-C the demo exits, and neither address answers any more."""
    told = tmp_path / "told.txt"
    with told.open("w") as out:
        demo = subprocess.Popen(_demo(), stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_for(told, "until you press Ctrl-C", demo)
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) == 0
        finally:
            demo.kill()
            demo.wait()
    assert "both servers are down" in told.read_text()


def _wait_for(told: Path, text: str, demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while text not in told.read_text():
        assert demo.poll() is None, told.read_text()
        assert time.monotonic() < deadline, told.read_text()
        time.sleep(0.5)
