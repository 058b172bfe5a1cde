"""Persons and the links of clients to them (design section 2; rule 5)."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)

from mo_access.domain.keys import Indexes
from mo_access.domain.model import Actor, Form, PersonView, ShownAffiliation, ShownGroup
from mo_access.storage import bars
from mo_access.storage.comparing import unindexed
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.schema import (
    BIG,
    affiliation,
    client,
    group,
    institution,
    link,
    membership,
    person,
)

own: Final = link.alias("own")
owner: Final = person.alias("owner")


class LinkRow(NamedTuple):
    """A link with its person, as ``columns`` selects it."""

    pk: int
    person_pk: int
    client_pk: int
    id: str
    user_name: str
    external_id: str | None
    active: int
    document: str
    version: int
    created: int
    modified: int
    said_insz: int
    insz_sealed: bytes | None
    insz_index: bytes | None
    owner_pk: int | None
    bar: str | None = None
    """The bar of a person under a block; read only with a lock."""
    ends_themes: bool = False
    """Whether themes may end with an affiliation of the person; read only with a lock."""
    recovered: bool = False
    """Whether the platform ever made the person beheerder; read only with a lock."""

    def view(
        self,
        actor: Actor,
        affiliations: tuple[ShownAffiliation, ...] = (),
        groups: tuple[ShownGroup, ...] = (),
        insz: str | None = None,
    ) -> PersonView:
        """Show the person to who read the link, with what is derived."""
        return PersonView(
            self.id,
            self.user_name,
            self.external_id,
            bool(self.active),
            self.document,
            self.version,
            self.created,
            self.modified,
            self.client_pk == actor.client_pk,
            insz,
            affiliations,
            groups,
        )


def scope(client: ColumnElement[int], *, platform: bool, start: bool = True) -> ColumnElement[bool]:
    """Which links this client sees: its own; a platform client also owners' of the others.

    ``start``: the client is a good place to start the search from.
    """
    mine = (link.c.client_pk if start else unindexed(link.c.client_pk)) == client
    if not platform:
        return mine
    none_of_mine = ~exists(
        select(own.c.pk).where(own.c.person_pk == link.c.person_pk, own.c.client_pk == client)
    )
    owners = exists(
        select(owner.c.pk).where(
            owner.c.pk == link.c.person_pk, owner.c.owner_pk == link.c.client_pk
        )
    )
    return or_(mine, and_(owners, none_of_mine))


def columns(*, platform: bool) -> Select[Row]:
    """Select a ``LinkRow``; its ``active`` is the person's own for a platform client."""
    active = person.c.active if platform else link.c.active
    return select(
        link.c.pk,
        link.c.person_pk,
        link.c.client_pk,
        person.c.id,
        link.c.user_name,
        link.c.external_id,
        active,
        link.c.document,
        link.c.version,
        link.c.created,
        link.c.modified,
        link.c.said_insz,
        person.c.insz_sealed,
        person.c.insz_index,
        person.c.owner_pk,
    ).join(person, person.c.pk == link.c.person_pk)


def _get(*, platform: bool) -> Select[Row]:
    asker = bindparam("client", type_=BIG)
    found = columns(platform=platform).where(person.c.id == bindparam("person"))
    return found.where(scope(asker, platform=platform))


_GET = {platform: _get(platform=platform) for platform in (False, True)}
# A successor may have chosen it.
_chosen: Final = or_(institution.c.themes_end == 1, institution.c.successor.is_not(None))
_ends_themes: Final = or_(
    exists(
        select(affiliation.c.pk)
        .join(institution, institution.c.pk == affiliation.c.institution_pk)
        .where(affiliation.c.person_pk == link.c.person_pk, _chosen)
    ),
    exists(
        select(group.c.pk)
        .join(membership, membership.c.group_pk == group.c.pk)
        .join(institution, institution.c.pk == group.c.institution_pk)
        .where(membership.c.person_pk == link.c.person_pk, group.c.role.is_not(None), _chosen)
    ),
)
_recovered: Final = exists(
    select(affiliation.c.pk).where(
        affiliation.c.person_pk == link.c.person_pk, affiliation.c.form == Form.RECOVERY.value
    )
)
_LOCK = {
    platform: found.add_columns(person.c.bar, _ends_themes, _recovered).with_for_update(of=link)
    for platform, found in _GET.items()
}
# Who writes for the platform may come to change every link of the person. Two who each held their
# own and then asked for the other's would wait in a circle, so both first take those of all
# platform clients, in one order. A count of the rows, because only what is read is locked.
_theirs, _whose, _whom = link.alias("theirs"), client.alias("whose"), person.alias("whom")
_in_order: Final = (
    select(_theirs.c.pk)
    .join(_whose, _whose.c.pk == _theirs.c.client_pk)
    .join(_whom, _whom.c.pk == _theirs.c.person_pk)
    .where(_whom.c.id == bindparam("person"), _whose.c.platform == 1)
    .order_by(_theirs.c.pk)
    .with_for_update(of=_theirs)
    .cte("in_order")
)
_LOCK[True] = _LOCK[True].where(select(func.count()).select_from(_in_order).scalar_subquery() >= 0)


def get(conn: Connection, actor: Actor, person_id: str, *, lock: bool = False) -> LinkRow | None:
    """Return the link that this client sees of the person, or None when it sees none."""
    params: dict[str, int | str | bytes | None] = {
        "client": actor.client_pk,
        "person": person_id,
    }
    found = conn.one((_LOCK if lock else _GET)[actor.platform], params)
    return LinkRow(*found) if found else None


_BY_INSZ = (
    select(person.c.pk, person.c.id)
    .where(person.c.insz_index.in_([bindparam("insz"), bindparam("or_")]))
    .with_for_update(read=True, of=person)
)
_OWN_LINK = select(link.c.pk).where(
    link.c.person_pk == bindparam("person"), link.c.client_pk == bindparam("client")
)


def by_insz(conn: Connection, indexes: Indexes) -> tuple[int, str] | None:
    """Return (pk, id) of the person with one of these blind indexes, or None.

    It stays somebody until the end of the transaction, so that a link can be made to it.
    """
    found = conn.one(_BY_INSZ, {"insz": indexes[0], "or_": indexes[1]})
    return (int(found[0]), str(found[1])) if found else None


_TURN = select(func.pg_advisory_xact_lock(bindparam("turn", type_=BIG)))


def take_turn(conn: Connection, turn: int) -> None:
    """Wait until no other transaction has this turn, and keep it until the end of this one."""
    if conn.database.dialect_name == "postgresql":
        # SQLite lets one transaction write at a time anyway.
        conn.one(_TURN, {"turn": turn})


def own_link(conn: Connection, person_pk: int, client_pk: int) -> int | None:
    """Return the pk of the client's own link to the person, or None."""
    found = conn.one(_OWN_LINK, {"person": person_pk, "client": client_pk})
    return int(found[0]) if found else None


_SET_INSZ = (
    update(person)
    .values(
        insz_sealed=bindparam("sealed"),
        insz_index=bindparam("index"),
        bar=func.coalesce(person.c.bar, bars.bar_of_number()),
    )
    .where(person.c.pk == bindparam("person"))
    .returning(person.c.bar)
)
_SET_FIRST_INSZ = _SET_INSZ.where(person.c.insz_index.is_(None))
_SET_ACTIVE = (
    update(person)
    .values(active=bindparam("flag"), modified=bindparam("now"))
    .where(person.c.pk == bindparam("person"))
)
_OWNER = (
    select(person.c.owner_pk).where(person.c.pk == bindparam("person")).with_for_update(of=person)
)
_SET_OWNER = (
    update(person).values(owner_pk=bindparam("owner")).where(person.c.pk == bindparam("person"))
)


def set_insz(
    conn: Connection,
    person_pk: int,
    sealed: bytes | None,
    known_as: Indexes | None,
    *,
    first: bool = False,
) -> tuple[bool, str | None]:
    """Store or clear the sealed number and its blind index. Raises ``Duplicate``.

    The index is the first of ``known_as``; the bar of the human whom one of them names is the
    person's from now on, and the caller lets the person follow its blocks. ``first``: only where
    the person has none, also by now. Returns whether it was done, and the bar that the person is
    under.
    """
    index = known_as[0] if known_as else None
    row: Params = {"person": person_pk, "sealed": sealed, "index": index}
    statement = _SET_FIRST_INSZ if first else _SET_INSZ
    found = conn.one(statement, {**row, **bars.number_params(known_as)})
    return (True, found[0]) if found else (False, None)


def set_active(conn: Connection, person_pk: int, now: int, *, active: bool) -> None:
    """Turn the person's own switch (a platform client's ``active``)."""
    conn.run(_SET_ACTIVE, {"person": person_pk, "flag": int(active), "now": now})


def pass_ownership(conn: Connection, person_pk: int) -> bool:
    """Make the oldest living link the owner, if the owner's own is gone; False when none is left.

    A link that moved here may be older than that of the owner, whose attributes stay (rule 5).
    The person is locked first and looked at then: who links to it, or ends another link of it, at
    the same moment either came before or waits.
    """
    found = conn.one(_OWNER, {"person": person_pk})
    clients = [client_pk for _, client_pk in links_of(conn, person_pk)]
    if not clients or found is None or found[0] not in clients:
        conn.run(_SET_OWNER, {"person": person_pk, "owner": clients[0] if clients else None})
    return bool(clients)


_LINKS_OF = (
    select(link.c.pk, link.c.client_pk)
    .where(link.c.person_pk == bindparam("person"))
    .order_by(link.c.pk)
)


def links_of(conn: Connection, person_pk: int) -> list[tuple[int, int]]:
    """Return (link, client) for every link to the person, oldest first."""
    return [(int(pk), int(client)) for pk, client in conn.all(_LINKS_OF, {"person": person_pk})]
