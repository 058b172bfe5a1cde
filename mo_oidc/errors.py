"""What can go wrong in a sign-in, one tree, each error with a stable code.

SignInFault
  FlowRefused       the browser or the provider's answer to it is not acceptable (4xx)
  IdTokenRefused    a token failed a check (4xx)
  ClaimsRefused     the claims are sound but do not open this door (403)
  ProviderTrouble   the provider is down or answers nonsense (502, 503, 504)

No message holds anything that a provider or a browser sent.
"""

from mo_web.fetch import FetchError, FetchFault

BAD_REQUEST, FORBIDDEN = 400, 403
BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT = 502, 503, 504


class SignInFault(Exception):
    """A sign-in that stops; `code` is stable and fit for logs, `status` is the HTTP answer."""

    status: int = BAD_REQUEST

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class FlowRefused(SignInFault):
    """The authorization response or its request is not acceptable."""


class IdTokenRefused(SignInFault):
    """A token of the provider failed a check of OpenID Connect Core §3.1.3.7 or of ours."""


class ClaimsRefused(SignInFault):
    """The token is genuine and its claims are not admitted here."""

    status = FORBIDDEN


class ProviderTrouble(SignInFault):
    """The provider cannot be reached or breaks the protocol; nobody's sign-in is at fault."""

    def __init__(self, code: str, status: int = BAD_GATEWAY) -> None:
        """Keep the code and the status 502, 503 or 504."""
        super().__init__(code)
        self.status = status


def trouble(step: str, error: FetchError) -> ProviderTrouble:
    """Return the trouble that a failed request at `step` (discovery, keys, token …) means."""
    statuses = {FetchFault.TIMEOUT: GATEWAY_TIMEOUT, FetchFault.UNREACHABLE: UNAVAILABLE}
    return ProviderTrouble(f"{step}_{error.fault}", statuses.get(error.fault, BAD_GATEWAY))
