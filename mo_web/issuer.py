"""The keys of an issuer as they are now, and the issuers whose access tokens are verified here.

An issuer's keys come from the address in the issuer's own discovery document and from nowhere
else: no token has a say in it.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

from mo_web.discovery import (
    METADATA_STALE,
    METADATA_TTL,
    Fetch,
    address,
    check_issuer,
    discovery_url,
    fetched,
    is_allowed_address,
)
from mo_web.faults import ProviderTrouble, trouble
from mo_web.fetch import FetchError, FetchFault, is_loopback_http
from mo_web.kept import Budget, Clock, Kept, Turn
from mo_web.keys import VerificationKey, read_keys
from mo_web.strict_json import JsonObject
from mo_web.turnstile import Turnstile

KEYS_TTL, KEYS_STALE = 600.0, 3600.0
FETCHES_PER_MINUTE = 6


class IssuerKeys:
    """The keys at one address: fetched when needed, kept ten minutes, bridged for an hour."""

    def __init__(
        self, where: Callable[[], str], fetch: Fetch, clock: Clock, turn: Turn = nullcontext
    ) -> None:
        """Remember how to find the address; nothing is fetched yet, and then in a `turn`."""
        self._where, self._fetch = where, fetch
        self._kept = Kept(self._load, KEYS_TTL, KEYS_STALE, clock, turn)

    def keys(self) -> Sequence[VerificationKey]:
        """Return the keys that are known."""
        return self._kept.get()

    def refetch(self) -> Sequence[VerificationKey]:
        """Ask for the keys again; the known ones when that fails.

        For tokens that anybody may present: one that no known key made is refused, whether or not
        its issuer could be asked.
        """
        try:
            return self.reload()
        except ProviderTrouble:
            return self._kept.get()

    def reload(self) -> Sequence[VerificationKey]:
        """Return the keys as they are now; `ProviderTrouble` when they cannot be had."""
        return self._kept.reload()

    def _load(self) -> tuple[VerificationKey, ...]:
        return read_keys(fetched(self._fetch, "keys", self._where()))


class Issuers:
    """The keys of every issuer whose access tokens somebody presented; safe across threads.

    Anybody can present a token, so what one issuer is asked has a budget: whatever is sent to us,
    it gets at most ``FETCHES_PER_MINUTE`` requests a minute from this process.
    """

    def __init__(
        self, fetch: Fetch, clock: Clock, *, plain_http: bool, turns: Turnstile | None = None
    ) -> None:
        """Start without any; `plain_http` lets an issuer be http on loopback."""
        self._fetch, self._clock, self._plain_http = fetch, clock, plain_http
        self._turns = turns or Turnstile()
        self._lock = threading.Lock()
        self._held: dict[str, IssuerKeys] = {}

    def keys_of(self, issuer: str) -> IssuerKeys:
        """Return the keys of an issuer **that we were told to trust**, and of no other (SSRF).

        `ProviderTrouble` when its address may not be asked.
        """
        http_here = is_loopback_http(issuer) and not self._plain_http
        if http_here or not is_allowed_address(issuer, issuer):
            raise trouble("discovery", FetchError(FetchFault.FORBIDDEN_URL))
        with self._lock:
            return self._held.setdefault(issuer, self._made(issuer))

    def _made(self, issuer: str) -> IssuerKeys:
        fetch = _Rationed(self._fetch, Budget(FETCHES_PER_MINUTE, 60.0, self._clock))

        def load() -> str:
            document = fetched(fetch, "discovery", discovery_url(issuer))
            check_issuer(document, issuer)
            return address(document, "jwks_uri", issuer)

        turn = partial(self._turns.passed, issuer)
        jwks_uri = Kept(load, METADATA_TTL, METADATA_STALE, self._clock, turn)
        return IssuerKeys(jwks_uri.get, fetch, self._clock, turn)


class _Rationed:
    """A fetch within a budget; beyond it nothing goes out."""

    def __init__(self, fetch: Fetch, budget: Budget) -> None:
        self._fetch, self._budget = fetch, budget

    def __call__(self, url: str) -> JsonObject:
        if not self._budget.take():
            raise FetchError(FetchFault.THROTTLED)
        return self._fetch(url)
