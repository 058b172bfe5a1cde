"""What a client gives is inside its bounds when it is stored, not only when it asked (rule 4)."""

from __future__ import annotations

from collections.abc import Iterable

from mo_access.domain.errors import Overtaken
from mo_access.domain.model import Actor
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients


def keep(uow: UnitOfWork, actor: Actor, numbers: Iterable[str]) -> None:
    """Hold the client's bounds until the commit, and see that the institutions are inside.

    For those where this write gives something. A caller is identified before its write begins, and
    an operator may take an institution or the client away in between: what were stored then,
    nobody could end later. Raises ``Overtaken``; the caller's transaction is to be undone.
    """
    given = frozenset(numbers)
    if actor.platform or not given:
        return
    if actor.client_pk not in uow.bounds:
        held = clients.held_institutions(uow.write(), actor.client_pk)
        uow.bounds[actor.client_pk] = held
    if not given <= uow.bounds[actor.client_pk]:
        raise Overtaken(
            "What this client may do was changed while the request was under way. Send it again."
        )
