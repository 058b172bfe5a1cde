"""What can go wrong in a sign-in, besides a refused token or claim and a provider in trouble.

`mo_web.faults.Fault` is the root: the door stops at it, whatever the branch.
"""

from mo_web.faults import Fault


class FlowRefused(Fault):
    """The authorization response or its request is not acceptable (4xx)."""
