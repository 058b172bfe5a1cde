"""Changing a provisioning client, and ending what it gave where it may act no longer (rule 4)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, null, select, union, update

from mo_access.domain.model import Form
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
from mo_access.storage.schema import (
    affiliation,
    client,
    client_institution,
    direct_grant,
    group,
    institution,
    link,
)


@dataclass(frozen=True, slots=True)
class ClientWords:
    """What of a client can be changed in its own row."""

    name: str
    platform: bool
    default_institution: str | None
    profile: str
    scopes: tuple[str, ...]
    beheerders: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How many rights ended, and at which institutions."""

    affiliations: int = 0
    grants: int = 0
    groups: int = 0
    """Groups that give nothing any more."""
    institutions: tuple[str, ...] = ()


_c = client.c
_THIS = _c.pk == bindparam("of_client")
_WORDS = (
    select(_c.name, _c.platform, _c.default_institution, _c.profile, _c.scopes, _c.beheerders)
    .where(_THIS)
    .with_for_update()
)
_WRITE = (
    update(client)
    .where(_THIS)
    .values(
        {
            f: bindparam(f"new_{f}")
            for f in ("name", "default_institution", "profile", "scopes", "beheerders")
        }
    )
)
_UNBIND = delete(client_institution).where(
    client_institution.c.client_pk == bindparam("of_client"),
    client_institution.c.institution_pk == bindparam("at"),
)
_lost = select(institution.c.pk).where(
    institution.c.number.in_(select(json_texts(bindparam("numbers")).c.value))
)
_links = select(link.c.pk).where(link.c.client_pk == bindparam("of_client"))
_SAID: Final = (
    affiliation.c.link_pk.in_(_links),
    affiliation.c.institution_pk.in_(_lost),
    affiliation.c.form != Form.RETAINED.value,
)
_GIVEN: Final = (direct_grant.c.link_pk.in_(_links), direct_grant.c.institution_pk.in_(_lost))
_MAPPED: Final = (group.c.client_pk == bindparam("of_client"), group.c.institution_pk.in_(_lost))
_places = union(
    select(affiliation.c.institution_pk).where(*_SAID),
    select(direct_grant.c.institution_pk).where(*_GIVEN),
    select(group.c.institution_pk).where(*_MAPPED),
).subquery()
_PLACES = (
    select(institution.c.number)
    .where(institution.c.pk.in_(select(_places.c.institution_pk)))
    .order_by(institution.c.number)
)
_END_AFFILIATIONS = delete(affiliation).where(*_SAID)
_END_GRANTS = delete(direct_grant).where(*_GIVEN)
_END_GROUPS = (
    update(group)
    .where(*_MAPPED)
    .values(
        theme_pk=null(),
        institution_pk=null(),
        role=null(),
        version=group.c.version + 1,
        modified=bindparam("now"),
    )
)


def words(conn: Connection, client_pk: int) -> ClientWords:
    """Give what a client is now; the caller has its key from the database."""
    row = conn.one(_WORDS, {"of_client": client_pk})
    if row is None:
        raise LookupError("there is no client with this key")
    name, platform, default, profile, scopes, beheerders = row
    told = tuple(scopes.split())
    return ClientWords(name, bool(platform), default, profile, told, bool(beheerders))


def write(conn: Connection, client_pk: int, new: ClientWords) -> None:
    """Store all but ``platform``. Raises ``Duplicate`` when the name is taken."""
    values: Params = {
        "of_client": client_pk,
        "new_name": new.name,
        "new_default_institution": new.default_institution,
        "new_profile": new.profile,
        "new_scopes": " ".join(new.scopes),
        "new_beheerders": int(new.beheerders),
    }
    conn.run(_WRITE, values)


def unbind(conn: Connection, client_pk: int, institution_pks: Iterable[int]) -> None:
    """Take bindings away."""
    conn.many(_UNBIND, [{"of_client": client_pk, "at": pk} for pk in institution_pks])


def end_rights(conn: Connection, client_pk: int, numbers: Iterable[str], now: int) -> Ended:
    """End all that the client gave at these institutions; its people and groups stay."""
    where: Params = {"of_client": client_pk, "numbers": json.dumps(sorted(numbers))}
    places = tuple(str(row[0]) for row in conn.all(_PLACES, where))
    if not places:
        return Ended()
    return Ended(
        conn.run(_END_AFFILIATIONS, where),
        conn.run(_END_GRANTS, where),
        conn.run(_END_GROUPS, {**where, "now": now}),
        places,
    )
