"""What can go wrong with a provider and its tokens, each fault with a stable code.

Fault
  TokenRefused      a token failed a check (4xx)
  ClaimsRefused     its claims are sound but do not open this door (403)
  ProviderTrouble   the provider is down or answers nonsense (502, 503, 504)

`mo_oidc.errors` adds the fault that only a sign-in knows. No message holds anything that a
provider, a client or a browser sent.
"""

from mo_web.fetch import FetchError, FetchFault

BAD_REQUEST, FORBIDDEN = 400, 403
BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT = 502, 503, 504


class Fault(Exception):
    """Something with a provider that stops; `code` is stable and fit for logs, `status` is HTTP."""

    status: int = BAD_REQUEST

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class TokenRefused(Fault):
    """A token failed a check: its signature (RFC 7515), a claim of its standard, or one of ours."""


class ClaimsRefused(Fault):
    """The token is genuine and its claims are not admitted here."""

    status = FORBIDDEN


class ProviderTrouble(Fault):
    """The provider cannot be reached or breaks the protocol; nobody's token is at fault."""

    def __init__(self, code: str, status: int = BAD_GATEWAY) -> None:
        """Keep the code and the status 502, 503 or 504."""
        super().__init__(code)
        self.status = status


def trouble(step: str, error: FetchError) -> ProviderTrouble:
    """Return the trouble that a failed request at `step` (discovery, keys, token …) means."""
    statuses = {FetchFault.TIMEOUT: GATEWAY_TIMEOUT, FetchFault.UNREACHABLE: UNAVAILABLE}
    return ProviderTrouble(f"{step}_{error.fault}", statuses.get(error.fault, BAD_GATEWAY))
