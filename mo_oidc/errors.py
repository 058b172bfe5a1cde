"""What can go wrong in a sign-in, besides a refused token and a provider in trouble.

`mo_web.faults.Fault` is the root: a door stops at it, whatever the branch.

Fault
  FlowRefused       the browser or the provider's answer to it is not acceptable (4xx)
  ClaimsRefused     the claims are sound but do not open this door (403)
"""

from mo_web.faults import Fault

FORBIDDEN = 403


class FlowRefused(Fault):
    """The authorization response or its request is not acceptable."""


class ClaimsRefused(Fault):
    """The token is genuine and its claims are not admitted here."""

    status = FORBIDDEN
