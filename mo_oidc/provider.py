"""A provider as it is known now: its document and keys, fetched when needed, kept for a while.

The application starts while the provider is down; a provider that is down later is bridged with
what is known; nothing bad is ever kept. Threads share one fetch.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mo_oidc.config import ProviderConfig
from mo_oidc.errors import ProviderTrouble, trouble
from mo_oidc.keys import VerificationKey, read_keys
from mo_oidc.metadata import Metadata, discovery_url, read_metadata
from mo_web.fetch import FetchError
from mo_web.strict_json import JsonObject

T = TypeVar("T")
Fetch = Callable[[str], JsonObject]
Clock = Callable[[], float]

METADATA_TTL, METADATA_STALE = 3600.0, 24 * 3600.0
KEYS_TTL, KEYS_STALE = 600.0, 3600.0
_RETRY_AFTER = 30.0


class Kept(Generic[T]):
    """A value that is loaded when first asked for, again after `ttl`, and bridged while stale."""

    def __init__(self, load: Callable[[], T], ttl: float, stale: float, clock: Clock) -> None:
        """Remember how to load; nothing is loaded yet. Times are seconds of `clock`."""
        self._load, self._clock = load, clock
        self._ttl, self._stale = ttl, stale
        self._lock = threading.Lock()
        self._value: T | None = None
        self._loaded = self._fresh_until = 0.0
        self._attempts = 0
        self._trouble: ProviderTrouble | None = None

    def get(self) -> T:
        """Return the value; a `ProviderTrouble` only when there is none that is young enough."""
        value = self._value
        if value is not None and self._clock() < self._fresh_until:
            return value
        return self._shared(self._load_or_bridge)

    def reload(self) -> T:
        """Return the value as it is now; what was known is kept when that fails."""
        return self._shared(self._load_now)

    def _shared(self, load: Callable[[], T]) -> T:
        """Let threads that wait for a load take its result, the failure too."""
        seen = self._attempts
        with self._lock:
            if self._attempts == seen:
                return self._attempt(load)
            if self._trouble is not None:
                raise ProviderTrouble(self._trouble.code, self._trouble.status)
            return load() if self._value is None else self._value

    def _attempt(self, load: Callable[[], T]) -> T:
        self._trouble = None
        try:
            return load()
        except ProviderTrouble as error:
            self._trouble = error
            raise
        finally:
            self._attempts += 1

    def _load_now(self) -> T:
        value = self._load()
        self._value, self._loaded = value, self._clock()
        self._fresh_until = self._loaded + self._ttl
        return value

    def _load_or_bridge(self) -> T:
        try:
            return self._load_now()
        except ProviderTrouble:
            now = self._clock()
            if self._value is None or now >= self._loaded + self._ttl + self._stale:
                raise
            self._fresh_until = now + _RETRY_AFTER
            return self._value


class Provider:
    """One provider: its configuration, and its document and keys as they are now."""

    def __init__(self, config: ProviderConfig, fetch: Fetch, clock: Clock) -> None:
        """Remember the configuration; the network is first used when something is asked."""
        self.config = config
        self._fetch = fetch
        self._metadata = Kept(self._load_metadata, METADATA_TTL, METADATA_STALE, clock)
        self._keys = Kept(self._load_keys, KEYS_TTL, KEYS_STALE, clock)
        self.logout_budget = Budget(5, 60.0, clock)

    def metadata(self) -> Metadata:
        """Return the checked document."""
        return self._metadata.get()

    def keys(self) -> Sequence[VerificationKey]:
        """Return the keys that are known, at most ten minutes old while the provider is up."""
        return self._keys.get()

    def refetch(self) -> Sequence[VerificationKey]:
        """Ask for the keys again; the known ones when that fails."""
        try:
            return self._keys.reload()
        except ProviderTrouble:
            return self._keys.get()

    def _load_metadata(self) -> Metadata:
        issuer = self.config.issuer
        return read_metadata(self._fetched("discovery", discovery_url(issuer)), issuer)

    def _load_keys(self) -> tuple[VerificationKey, ...]:
        return read_keys(self._fetched("keys", self.metadata().jwks_uri))

    def _fetched(self, step: str, url: str) -> JsonObject:
        try:
            return self._fetch(url)
        except FetchError as error:
            raise trouble(step, error) from None


class Budget:
    """At most `count` grants per `period` seconds (a token bucket), shared by all threads."""

    def __init__(self, count: int, period: float, clock: Clock) -> None:
        """Start full."""
        self._count, self._rate, self._clock = count, count / period, clock
        self._lock = threading.Lock()
        self._left, self._at = float(count), clock()

    def take(self) -> bool:
        """Say whether one more is granted."""
        with self._lock:
            now = self._clock()
            self._left = min(self._count, self._left + (now - self._at) * self._rate)
            self._at = now
            granted = self._left >= 1
            self._left -= 1 if granted else 0
            return granted


class BudgetedKeys:
    """The keys of a provider for tokens that anybody can send: refetched within a budget."""

    def __init__(self, provider: Provider) -> None:
        """Use the provider's keys and its budget for logout tokens."""
        self._provider = provider

    def keys(self) -> Sequence[VerificationKey]:
        """Return the keys that are known."""
        return self._provider.keys()

    def refetch(self) -> Sequence[VerificationKey]:
        """Ask again when the budget allows it, else return the known keys."""
        if self._provider.logout_budget.take():
            return self._provider.refetch()
        return self._provider.keys()
