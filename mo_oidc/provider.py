"""A provider as it is known now: its document and keys, fetched when needed, kept for a while.

The application starts while the provider is down; a provider that is down later is bridged with
what is known.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from mo_oidc.config import ProviderConfig
from mo_oidc.dpop import Nonces
from mo_oidc.metadata import Metadata, read_metadata
from mo_web.discovery import METADATA_STALE, METADATA_TTL, Fetch, discovery_url, fetched
from mo_web.issuer import IssuerKeys
from mo_web.kept import Budget, Clock, Kept
from mo_web.keys import VerificationKey
from mo_web.turnstile import Turnstile


class Provider:
    """One provider: its configuration, and its document and keys as they are now."""

    def __init__(
        self, config: ProviderConfig, fetch: Fetch, clock: Clock, turns: Turnstile | None = None
    ) -> None:
        """Remember the configuration; the network is first used when something is asked.

        `turns` is shared by the providers of an application.
        """
        self.config = config
        self._fetch = fetch
        self._turns = turns or Turnstile()
        self._metadata = Kept(self._load_metadata, METADATA_TTL, METADATA_STALE, clock, self.turn)
        self._keys = IssuerKeys(lambda: self.metadata().jwks_uri, fetch, clock, self.turn)
        self.nonces = Nonces()
        self.logout_budget = Budget(5, 60.0, clock)

    def turn(self) -> AbstractContextManager[None]:
        """Return what is held while a thread waits for this provider; `Crowded` on entering."""
        return self._turns.passed(self.config.name)

    def metadata(self) -> Metadata:
        """Return the checked document."""
        return self._metadata.get()

    def keys(self) -> Sequence[VerificationKey]:
        """Return the keys that are known, at most ten minutes old while the provider is up."""
        return self._keys.keys()

    def refetch(self) -> Sequence[VerificationKey]:
        """Ask for the keys again; `ProviderTrouble` when they cannot be had.

        A token that no known key made is then neither good nor bad: its key may be a new one.
        """
        return self._keys.reload()

    def _load_metadata(self) -> Metadata:
        issuer = self.config.issuer
        document = fetched(self._fetch, "discovery", discovery_url(issuer))
        return read_metadata(document, issuer, certificate=self.config.certificate is not None)


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
