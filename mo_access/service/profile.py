"""What to call the person of a session, for pages and `/me`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mo_access.domain.called import full_name
from mo_access.service.sessions import Session
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import profile


@dataclass(frozen=True, slots=True)
class Profile:
    """The names of a person as a broker that the sign-in's provider trusts wrote them."""

    user_name: str | None
    name: str | None


def of(uow: UnitOfWork, session: Session) -> Profile:
    """Return the names of the session's person; None for what no trusted broker said."""
    found = profile.named(uow.conn, session.person, session.issuer)
    if found is None:
        return Profile(None, None)
    user_name, document = found
    return Profile(user_name, full_name(json.loads(document)))
