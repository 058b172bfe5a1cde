"""Flaws to plant: each puts back a mistake that ruling 3 forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import pytest
from sqlalchemy import Select, bindparam, select

from mo_access.service import persons, sign_in
from mo_access.storage import identities, matching
from mo_access.storage.schema import client, link, link_identity, person

Flaw = Callable[[pytest.MonkeyPatch], None]


def _links_of_anybody() -> Select[Any]:
    found = select(
        person.c.pk,
        person.c.id,
        link.c.pk,
        link.c.client_pk,
        client.c.platform,
        link.c.active,
        person.c.active == 1,
    ).select_from(link)
    return found.join(person, person.c.pk == link.c.person_pk).join(
        client, client.c.pk == link.c.client_pk
    )


def any_clients_external_id(patch: pytest.MonkeyPatch) -> None:
    """Look for externalId in the links of clients that the provider does not trust."""
    anybody = _links_of_anybody().where(link.c.external_id == bindparam("value"))
    patch.setattr(matching, "_BY_EXTERNAL", anybody)


def any_clients_subject(patch: pytest.MonkeyPatch) -> None:
    """Believe anybody about {issuer, subject} at sign-in."""
    anybody = (
        _links_of_anybody()
        .join(link_identity, link_identity.c.link_pk == link.c.pk)
        .where(link_identity.c.subject == bindparam("value"))
    )
    patch.setattr(matching, "_BY_IDENTITY", anybody)


def first_of_several(patch: pytest.MonkeyPatch) -> None:
    """Take the first where a sign-in leads to several people."""
    patch.setattr(sign_in, "_unambiguous", lambda matches: matches)
    patch.setattr(sign_in, "_one_person", lambda matches: matches or _nobody())


def _nobody() -> NoReturn:
    raise sign_in.refused("unknown_person")


def pins_stay(patch: pytest.MonkeyPatch) -> None:
    """Keep a pin, and the sessions, when the link that made it changes."""
    patch.setattr(identities, "unpin", lambda *_: None)
    patch.setattr(persons, "end_sessions", lambda *_, **__: None)


FLAWS: Final[Mapping[str, Flaw]] = {
    flaw.__name__: flaw
    for flaw in (
        any_clients_external_id,
        any_clients_subject,
        first_of_several,
        pins_stay,
    )
}
