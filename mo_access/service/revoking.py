"""Whether a refresh token goes back to its provider, and what it reads."""

from __future__ import annotations

from mo_access.service.held_tokens import HeldToken
from mo_access.service.sessions import refresh_context
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import ended


def opened(uow: UnitOfWork, token: HeldToken) -> str:
    """Return what the session held. Raises ``SealBroken`` when its key is gone."""
    return uow.keys.open(refresh_context(token.hashed), token.sealed)


def is_shared(uow: UnitOfWork, token: HeldToken, idle: int) -> bool:
    """Tell whether the same person goes on there in another session; ``idle`` in microseconds.

    What a provider ends with one token may be all that the person has there, so that a session
    which begins anew at a step-up, or goes on elsewhere, would end with the one before.
    """
    since = uow.now - idle
    return ended.holds_another(uow.conn, token.issuer, token.subject, uow.now, since)
