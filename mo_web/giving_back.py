"""The thread that gives refresh tokens of ended sessions back, so that nobody waits for it.

Best effort: a provider that is down is asked again for a while, at a bearable pace, and the tokens
of the others go on. What is left when the process ends, or finds no place, is let go: it ends at
the provider by its own age.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from mo_access.service.held_tokens import LIMIT, HeldToken, HeldTokens, NotGiven
from mo_access.storage.engine import DatabaseDown
from mo_web.faults import ProviderTrouble
from mo_web.metrics import Metrics

WAIT: Final = 1.0
PAUSE: Final = 30.0
"""How many seconds a provider in trouble is left alone."""
PATIENCE: Final = 600.0
"""For how many seconds a token is tried again."""
GiveBack = Callable[[HeldToken], str]
_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What came of one attempt: ``ok`` or a code, and whether another may help."""

    code: str
    again: bool = False


def tried(give_back: GiveBack, token: HeldToken) -> Outcome:
    """Try once to give a token back; never raises."""
    try:
        return Outcome(give_back(token))
    except ProviderTrouble as trouble:
        return Outcome(trouble.code, again=True)
    except DatabaseDown:
        return Outcome(NotGiven.DATABASE_DOWN, again=True)
    except Exception as fault:  # noqa: BLE001 - a thread that ended would give nothing back any more
        # By its kind alone: a text may hold what was sent.
        _log.error("token_revocation_failed", extra={"reason": type(fault).__name__})
        return Outcome(NotGiven.FAILED)


class _Waiting(NamedTuple):
    """A token that is tried again; ordered by when."""

    again: float
    number: int
    until: float
    token: HeldToken


class GivingBack:
    """Gives what one process holds back, one token after the other."""

    def __init__(
        self,
        tokens: HeldTokens,
        give_back: GiveBack,
        metrics: Metrics,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember where tokens come from and go to; nothing runs yet."""
        self._tokens = tokens
        self._give_back = give_back
        self._metrics = metrics
        self._now = now
        self._later: list[_Waiting] = []
        self._number = 0
        self._resting: dict[str, tuple[float, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mo-giving-back", daemon=True)

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait for it."""
        self._stop.set()
        self._thread.join(timeout=10)

    def step(self, seconds: float = 0.0) -> bool:
        """Deal with one token, waiting so long for one; False when there was none."""
        for _ in range(self._tokens.let_go()):
            self._metrics.count_revocation(NotGiven.QUEUE_FULL)
        now = self._now()
        if self._later and self._later[0].again <= now:
            due = heapq.heappop(self._later)
            self._deal(due.token, due.until)
            return True
        token = self._tokens.take(seconds)
        if token is not None:
            self._deal(token, self._now() + PATIENCE)
        return token is not None

    def _run(self) -> None:
        while not self._stop.is_set():
            self.step(WAIT)

    def _deal(self, token: HeldToken, until: float) -> None:
        rest, code = self._resting.get(token.provider, (0.0, ""))
        if self._now() < rest:
            self._postpone(token, rest, until, code)
            return
        outcome = tried(self._give_back, token)
        if not outcome.again:
            self._note(token, outcome.code)
            return
        rest = self._now() + PAUSE
        self._resting[token.provider] = (rest, outcome.code)
        self._tell("token_revocation_postponed", token, outcome.code)
        self._postpone(token, rest, until, outcome.code)

    def _postpone(self, token: HeldToken, again: float, until: float, code: str) -> None:
        """Try a token again then, or let it go when that is too late or too many wait."""
        if again > until:
            self._note(token, code)
        elif len(self._later) >= LIMIT:
            self._note(token, NotGiven.QUEUE_FULL)
        else:
            self._number += 1
            heapq.heappush(self._later, _Waiting(again, self._number, until, token))

    def _note(self, token: HeldToken, code: str) -> None:
        self._metrics.count_revocation(code)
        self._tell("token_revocation", token, code)

    @staticmethod
    def _tell(event: str, token: HeldToken, code: str) -> None:
        log = structlog.get_logger("mo_web")
        log.info(event, code=code, provider=token.provider, request_id=token.request)
