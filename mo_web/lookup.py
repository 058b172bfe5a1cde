"""Looking up a name for no longer than one is ready to wait.

The system's resolver takes no deadline: while no name server answers, it gives up when
``options timeout:`` and ``attempts:`` of ``resolv.conf`` say so, after half a minute or after
minutes. So it works in a thread of its own, which nobody has to wait for. There is one look-up of a
name at a time, whoever asks: a name server that never answers costs a thread for each name of a
provider, and no more.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import TypeAlias

from urllib3.util.connection import allowed_gai_family

Addresses: TypeAlias = tuple[str, ...]


def ask_system(host: str) -> Addresses:
    """Return the addresses of a name, the one to try first in front; ``OSError`` without any."""
    found = socket.getaddrinfo(host, None, allowed_gai_family(), socket.SOCK_STREAM)
    return tuple(str(address[0]) for *_, address in found)


class Lookups:
    """The look-ups that are under way in this process; safe across threads."""

    def __init__(self, look_up: Callable[[str], Addresses]) -> None:
        """Remember how a name is looked up; it may take any time."""
        self._look_up = look_up
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Addresses]] = {}

    def addresses(self, host: str, seconds: float) -> Addresses:
        """Return what the look-up gives or raises; ``TimeoutError`` after so many seconds."""
        return self._begun(host).result(seconds)

    def _begun(self, host: str) -> Future[Addresses]:
        with self._lock:
            answer = self._under_way.get(host)
            if answer is None:
                # A daemon: one that hangs does not keep a process that ends.
                threading.Thread(target=self._answer, args=(host,), daemon=True).start()
                answer = self._under_way[host] = Future()
            return answer

    def _answer(self, host: str) -> None:
        try:
            found = self._look_up(host)
        except Exception as fault:  # noqa: BLE001 - it is for those who wait to catch
            self._over(host).set_exception(fault)
        else:
            self._over(host).set_result(found)

    def _over(self, host: str) -> Future[Addresses]:
        """Return who is to be told; who asks from now on has it looked up anew."""
        with self._lock:
            return self._under_way.pop(host)


@cache
def lookups() -> Lookups:
    """Return the look-ups of this process."""
    return Lookups(ask_system)
