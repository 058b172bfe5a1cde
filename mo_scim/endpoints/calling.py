"""Who calls, by which profile it is read, and in which unit of work."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from mo_access.domain.model import Actor
from mo_access.service import catalogue
from mo_access.service.catalogue import Catalogue
from mo_access.service.unit_of_work import UnitOfWork
from mo_scim.endpoints import answer, leeway
from mo_scim.profiles import Profile
from mo_web import caller, unit


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a client: all that a write needs of it beside what was sent.

    ``catalogue`` holds the institutions and themes that the client may use, ``base`` is the
    public address of this door.
    """

    uow: UnitOfWork
    actor: Actor
    profile: Profile
    catalogue: Catalogue
    base: str


def current() -> Call:
    """Return the call of this request, one for its unit; the blueprint has checked its scope."""
    actor, uow = caller.actor(), unit.current()
    held: Call | None = g.get("scim_call")
    if held is None or held.uow is not uow:
        profile = leeway.profile_of(actor)
        known = catalogue.of(uow, actor)
        held = g.scim_call = Call(uow, actor, profile, known, answer.base_url())
    return held
