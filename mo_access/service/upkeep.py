"""What a serving process does beside answering: seal the audit trail, store counts, sweep, tell."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from mo_access.domain.keys import KeyRing
from mo_access.service import (
    activity,
    attention,
    audit,
    endings,
    idempotency,
    lapsing,
    one_time,
    sessions,
    subjects,
    succession,
    tally,
)
from mo_access.service.held_tokens import HeldToken
from mo_access.service.tally import Tally
from mo_access.service.unit_of_work import UnitOfWork, clock
from mo_access.storage.endings import Told
from mo_access.storage.engine import Database, DatabaseDown, Duplicate

SEAL_SECONDS: Final = 1.0
COUNT_EVERY: Final = 10
SWEEP_EVERY: Final = 600
LAPSE_EVERY: Final = 21_600
_log = logging.getLogger(__name__)


class Upkeep:
    """A thread that seals each second, stores counts and sweeps until it is told to stop.

    Of several processes, a lease lets one seal, and one tell which affiliations end; sweeping
    twice does no harm.
    """

    def __init__(  # noqa: PLR0913 - the parts of a process, once
        self,
        database: Database,
        keys: KeyRing,
        idle_microseconds: int,
        counts: Tally,
        *,
        notice_days: int = 30,
        people_days: int = 0,
        now: Callable[[], int] = clock,
        hand_on: Callable[[Sequence[HeldToken]], None] | None = None,
    ) -> None:
        """Remember what to look after; nothing runs yet."""
        self._database = database
        self._keys = keys
        self._idle = idle_microseconds
        self._counts = counts
        self._notice_days = notice_days
        self._people_days = people_days
        self._now = now
        self._hand_on = hand_on
        self._holder = str(uuid.uuid4())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mo-upkeep", daemon=True)

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, wait for it, and store what was counted since."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._try(self.store_counts)

    def seal(self) -> int:
        """Seal one batch in a transaction of its own; returns how many events."""
        with self._unit() as uow:
            done = audit.seal_due(uow, self._holder)
            uow.commit()
        if done.broken:
            _log.error("audit_chain_broken", extra={"chains": list(done.broken)})
        return done.events

    def store_counts(self) -> None:
        """Store what this process counted since the last time, if anything."""
        with self._counts.taken() as counts:
            if counts:
                with self._unit() as uow:
                    tally.write(uow, counts)
                    uow.commit()

    def sweep(self) -> None:
        """Delete sessions, one-time values and kept answers that are over, and old activity."""
        with self._unit() as uow:
            sessions.sweep(uow, self._idle)
            one_time.sweep(uow)
            activity.sweep(uow)
            tally.sweep(uow)
            idempotency.sweep(uow)
            subjects.sweep(uow)
            uow.commit()

    def name_subjects(self) -> None:
        """Hide the subjects that a release of before stored though they are numbers."""
        with self._unit() as uow:
            subjects.name_of_blocks(uow)
            uow.commit()
        for place in subjects.PLACES:
            after: tuple[str, str] | None = ("", "")
            while after is not None and not self._stop.is_set():
                with self._unit() as uow:
                    after = subjects.name_page(uow, place, after)
                    uow.commit()

    def succeed(self) -> None:
        """Let planned successions happen whose day has come."""
        with self._unit() as uow:
            succession.apply_due(uow)
            uow.commit()

    def watch(self) -> None:
        """Tell which institutions lost or found a beheerder as time went on."""
        with self._unit() as uow:
            attention.sweep(uow)
            uow.commit()

    def tell_ends(self) -> None:
        """Tell which affiliations ended and which soon will, a page in each transaction."""
        tolds: tuple[Told, ...] = ("ended", "noticed")
        for told in tolds:
            after: int | None = 0
            while after is not None and not self._stop.is_set():
                with self._unit() as uow:
                    after = endings.tell(uow, self._holder, told, self._notice_days, after)
                    uow.commit()
        with self._unit() as uow:
            endings.tidy(uow)
            uow.commit()

    def lapse(self) -> None:
        """Remove whom only sign-ins made and who came no more, each in a transaction."""
        with self._unit() as uow:
            found = lapsing.due(uow, self._people_days)
        while found and not self._stop.is_set():
            for one in found:
                with self._unit() as uow:
                    if not lapsing.remove(uow, self._holder, one, self._people_days):
                        return
                    uow.commit()
            with self._unit() as uow:
                found = lapsing.due(uow, self._people_days, found[-1].link_pk)

    def _unit(self) -> UnitOfWork:
        return UnitOfWork(
            self._database,
            keys=self._keys,
            request_id=str(uuid.uuid4()),
            caller="upkeep",
            now=self._now,
            hand_on=self._hand_on,
        )

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(SEAL_SECONDS):
            self._try(self.seal)
            if rounds == 0:
                self._try(self.name_subjects)
            if rounds % COUNT_EVERY == 0:
                self._try(self.store_counts)
                self._try(self.succeed)
            if rounds % SWEEP_EVERY == 0:
                self._try(self.sweep)
                self._try(self.watch)
                self._try(self.tell_ends)
            if rounds % LAPSE_EVERY == 0:
                self._try(self.lapse)
            rounds += 1

    def _try(self, work: Callable[[], object]) -> None:
        """Do one thing; what fails stays where it is, and the next round finds it."""
        try:
            work()
        except (DatabaseDown, Duplicate) as fault:
            _log.warning("upkeep_failed", extra={"reason": str(fault)})
        except Exception as fault:  # noqa: BLE001 - a thread that ended would seal nothing any more
            # By its kind alone: a driver's text may hold what was to be stored.
            _log.error("upkeep_failed", extra={"reason": type(fault).__name__})
