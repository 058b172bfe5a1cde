"""`python -m mo_demo`: tell the story, then keep serving; with `--once` only tell and check it."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from mo_demo.canaille import ADMIN
from mo_demo.narrator import Narrator
from mo_demo.process import DemoError
from mo_demo.stage import BROKER_PORT, SERVICE_PORT, Ports, Stage, running_stage
from mo_demo.story import Story, staff

INTERRUPTED = 130


class Stopped(BaseException):
    """A signal asked the demo to end; no `except Exception` may swallow it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when all steps went well, 1 with the step that failed, 130 when stopped."""
    options = _options(arguments)
    narrator = Narrator()
    _stop_on_signals()
    try:
        narrator.line("Setting up the broker Canaille and our service; this takes a moment ...")
        with running_stage(Ports(options.port, options.broker_port)) as stage:
            serve = _tell(stage, narrator)
            if not options.once:
                _keep_serving(stage, serve, narrator)
    except Stopped:
        narrator.line("\nStopped; both servers are down.")
        return INTERRUPTED if options.once else 0
    except DemoError as error:
        notes = "\n".join(getattr(error, "__notes__", []))
        sys.stderr.write(f"\n{error}\n{notes}\n")
        return 1
    return 0


def _tell(stage: Stage, narrator: Narrator) -> Story:
    jan, an = staff()
    narrator.line(
        f"The broker Canaille runs at {stage.broker.url}, our service at {stage.service.url}"
    )
    story = Story(stage.broker, stage.service, narrator, jan, an)
    story.tell()
    narrator.line(f"\nAll {narrator.count} steps went as told.")
    return story


def _keep_serving(stage: Stage, story: Story, narrator: Narrator) -> None:
    story.console.unlock(story.jan.user_name)
    narrator.line(_farewell(stage, story))
    threading.Event().wait()


def _farewell(stage: Stage, story: Story) -> str:
    people = "\n".join(
        f"    {person.user_name:14} {person.password:20} works at {person.organization}"
        for person in (story.jan, story.an)
    )
    return f"""
Now it is your turn. Both keep running until you press Ctrl-C.

  The broker's console   {stage.broker.url}/login
    {ADMIN:14} {stage.broker.admin_password:20} the administrator
  Mijn Onderwijs         {stage.service.url}/
{people}

  Put a person in a group with a name like MO_900001_personeel-openbaar (Groups: Add; then the
  person's Account settings), sign in as that person at Mijn Onderwijs, and take it away again.
  Use two browsers, or a private window: a browser holds one broker session at a time.
"""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mo-access demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="tell the story, check it, and end")
    parser.add_argument("--port", type=int, default=SERVICE_PORT, help="our port, if free")
    parser.add_argument("--broker-port", type=int, default=BROKER_PORT, help="its port, if free")
    return parser.parse_args(arguments)


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # Once is enough: a second signal must not break off the orderly end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
