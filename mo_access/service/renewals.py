"""Renewing a session at its provider: one at a time, on whichever node (OpenID Connect Core §12).

``claim``, commit, ask the provider while nothing is held, then ``keep``, ``postpone`` or ``end``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mo_access.domain.keys import SealBroken
from mo_access.domain.model import Document, Event
from mo_access.service import sessions
from mo_access.service.claimed_rights import ClaimedRights
from mo_access.service.sessions import Session
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import ended, renewals
from mo_access.storage import sessions as stored
from mo_access.storage.ended import Ended

TURN: Final = 60_000_000
"""How long a turn lasts: longer than any answer is waited for, so that no token is used twice."""
AGAIN: Final = 60_000_000
"""When to try again after a provider that is down."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to renew a session, and the tokens that it takes."""

    pk: int
    person: str
    until: int
    hashed: bytes
    expires: int
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    provider: str = ""
    issuer: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a provider gave; ``id_token`` is None when it sent none, times are microseconds."""

    refresh_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    due: int
    expires: int
    rights: ClaimedRights | None = None
    """What the new claims give, where the provider's mode lets them."""


def claim(uow: UnitOfWork, session: Session) -> Turn | None:
    """Take the turn to renew a session; None when it is not due or another request has it.

    A session whose tokens cannot be read any more, since their key is gone, ends.
    """
    until = uow.now + TURN
    if not renewals.claim(uow.write(), session.pk, uow.now, until):
        return None
    held = renewals.held(uow.conn, session.pk)
    if held is None:
        return None
    hashed, refresh, id_token = held
    try:
        tokens = (
            uow.keys.open(sessions.refresh_context(hashed), refresh),
            uow.keys.open(sessions.context(hashed), id_token),
        )
    except SealBroken:
        _end(uow, session, hashed, "seal_broken")
        return None
    whose = (session.provider, session.issuer, session.stored_subject)
    return Turn(session.pk, session.person, until, hashed, session.expires, *tokens, *whose)


def keep(uow: UnitOfWork, turn: Turn, got: Renewed) -> bool:
    """Keep what the provider gave; the session ends no later than it would have.

    False when the turn was lost meanwhile: of a session that ended, the token goes back.
    """
    id_token = got.id_token
    sealed = id_token and uow.keys.seal(sessions.context(turn.hashed), id_token)
    refresh = uow.keys.seal(sessions.refresh_context(turn.hashed), got.refresh_token)
    kept = renewals.keep(
        uow.write(),
        turn.pk,
        turn.until,
        refresh=refresh,
        id_token=sealed or None,
        at=got.due,
        expires=min(turn.expires, got.expires),
    )
    if not kept and not ended.is_there(uow.conn, turn.hashed):
        uow.ended([_left_over(turn, refresh)])
    return kept


def postpone(uow: UnitOfWork, turn: Turn, brought: str | None = None) -> None:
    """Give the turn back: the provider is in trouble, the session goes on.

    A refresh token that came before the trouble is kept: the one that it replaces is used up.
    """
    again = uow.now + AGAIN
    if brought is None:
        renewals.postpone(uow.write(), turn.pk, turn.until, again)
    else:
        keep(uow, turn, Renewed(brought, None, again, turn.expires))


def end(uow: UnitOfWork, turn: Turn, code: str, brought: str | None = None) -> None:
    """End the session: its provider no longer vouches for it.

    A refresh token that the renewal brought is given back like the one that is held.
    """
    _end(uow, turn, turn.hashed, code)
    if brought is not None:
        sealed = uow.keys.seal(sessions.refresh_context(turn.hashed), brought)
        uow.ended([_left_over(turn, sealed)])


def _left_over(turn: Turn, refresh: bytes) -> Ended:
    return Ended(turn.provider, turn.issuer, turn.subject, turn.hashed, refresh)


def _end(uow: UnitOfWork, of: Session | Turn, hashed: bytes, code: str) -> None:
    if uow.ended(stored.end(uow.write(), hashed)):
        facts: Document = {"session": of.pk, "code": code}
        uow.record(Event("session.end", "not_renewed", person=of.person, facts=facts))
