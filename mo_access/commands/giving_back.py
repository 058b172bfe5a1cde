"""Giving refresh tokens back of sessions that a command ended, before it ends itself (RFC 7009)."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from mo_access.service.held_tokens import HeldToken, HeldTokens, NotGiven

if TYPE_CHECKING:
    from mo_access.commands.desk import Desk
    from mo_web.giving_back import GiveBack

SECONDS: Final = 20.0
"""For how long a command begins to ask; what is left by then is told and let go."""
_MICRO: Final = 1_000_000
# What needs no remedy: done, or not to be done.
_FINE: Final = frozenset(
    {"ok", NotGiven.NO_ENDPOINT, NotGiven.SWITCHED_OFF, NotGiven.SESSION_GOES_ON}
)


def give_back(desk: Desk, tokens: HeldTokens) -> None:
    """Give back what is held and tell how many did not go; the command's exit code stays."""
    first = tokens.take()
    if first is None:
        return
    codes = _given(_revoker(desk), first, tokens)
    left = {code: times for code, times in codes.items() if code not in _FINE}
    if left:
        told = ", ".join(f"{code} ({times})" for code, times in sorted(left.items()))
        click.echo(f"mo-access: refresh tokens that the provider still has: {told}", err=True)


def _revoker(desk: Desk) -> GiveBack:
    # A command that ends no session does without all that answers requests.
    from mo_oidc.providers import made  # noqa: PLC0415 - as said
    from mo_oidc.revocation import Revoker  # noqa: PLC0415 - as said

    idle = desk.settings.session_idle_seconds * _MICRO
    return Revoker(made(desk.settings), desk.unit, idle).give_back


def _given(revoke: GiveBack, first: HeldToken, tokens: HeldTokens) -> Counter[str]:
    """Ask for each token once; a provider that is in trouble is asked no more."""
    from mo_web.giving_back import Outcome, tried  # noqa: PLC0415 - as in `_revoker`

    deadline = time.monotonic() + SECONDS
    down: dict[str, str] = {}
    codes: Counter[str] = Counter({NotGiven.QUEUE_FULL: tokens.let_go()})
    token: HeldToken | None = first
    while token is not None:
        code = down.get(token.provider)
        if code is None and time.monotonic() > deadline:
            code = NotGiven.OUT_OF_TIME
        outcome = tried(revoke, token) if code is None else Outcome(code)
        if outcome.again:
            down[token.provider] = outcome.code
        codes[outcome.code] += 1
        token = tokens.take()
    return +codes
