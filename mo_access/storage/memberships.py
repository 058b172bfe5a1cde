"""Who belongs to a group: changed as a set difference in SQL, never loaded for a change."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from mo_access.domain.model import Actor
from mo_access.storage.constructs import json_pairs, json_texts
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.groups import scoped
from mo_access.storage.schema import BIG, group, link, membership, person

_ids: Final = json_texts(bindparam("ids", type_=Text))
_texts: Final = select(_ids.c.value)
_anybody = select(person.c.pk).where(person.c.id.in_(_texts))
# Whom nobody knows any more has no owner and is nobody, to a platform client too.
_lives = person.c.owner_pk.is_not(None)
_known_anywhere = _anybody.where(_lives)
_already = exists(
    select(membership.c.group_pk).where(
        membership.c.group_pk == bindparam("group"), membership.c.person_pk == person.c.pk
    )
)


_labels: Final = json_pairs(bindparam("labels", type_=Text))


def _adding(*, platform: bool) -> ReturningInsert[tuple[int]]:
    """Insert who is known; whoever is being deleted at this moment is waited for, and left out."""
    known = select(
        bindparam("group", type_=BIG), person.c.pk, _labels.c.value, bindparam("now", type_=BIG)
    ).join_from(_labels, person, person.c.id == _labels.c.key)
    known = known.where(_lives, ~_already)
    if platform:
        known = known.with_for_update(read=True, of=person)
    else:
        # Joined, since PostgreSQL can only lock, and look at again, what is. The
        # sum keeps SQLite from starting at the client and walking all its links.
        mine = and_(link.c.person_pk == person.c.pk, link.c.client_pk + 0 == bindparam("client"))
        known = known.join(link, mine).with_for_update(read=True, key_share=True, of=link)
    columns = ["group_pk", "person_pk", "display", "created"]
    return insert(membership).from_select(columns, known).returning(membership.c.person_pk)


_ADD = {platform: _adding(platform=platform) for platform in (False, True)}
_HELD = (
    select(person.c.id, membership.c.display)
    .join(person, person.c.pk == membership.c.person_pk)
    .where(membership.c.group_pk == bindparam("group"))
)
_REMOVE = (
    delete(membership)
    .where(
        membership.c.group_pk == bindparam("group"),
        membership.c.person_pk.in_(_anybody),
    )
    .returning(membership.c.person_pk)
)
_CLEAR = (
    delete(membership)
    .where(membership.c.group_pk == bindparam("group"))
    .returning(membership.c.person_pk)
)
_ID_OF = select(person.c.id).where(person.c.pk.in_(select(cast(_ids.c.value, BIG))))
_seen = exists(
    select(person.c.pk)
    .join(link, link.c.person_pk == person.c.pk)
    .where(person.c.id == _ids.c.value, link.c.client_pk == bindparam("client"))
)
_seen_anywhere = exists(select(person.c.pk).where(person.c.id == _ids.c.value, _lives))
_UNKNOWN = {
    platform: select(_ids.c.value).where(~seen)
    for platform, seen in ((False, _seen), (True, _seen_anywhere))
}


def unknown(conn: Connection, actor: Actor, ids: tuple[str, ...]) -> list[str]:
    """Return which of these ids are no person of this client (foreign and absent alike)."""
    rows = conn.all(_UNKNOWN[actor.platform], scoped(actor, ids=json.dumps(ids)))
    return [str(row[0]) for row in rows]


def add(
    conn: Connection, actor: Actor, group_pk: int, labels: dict[str, str | None], now: int
) -> tuple[str, ...]:
    """Add the known people among these ids; return who were not members before.

    ``labels`` holds, by id, how the client labels them; people who were members keep theirs.
    """
    params = scoped(actor, group=group_pk, labels=json.dumps(labels), now=now)
    return _among(conn, tuple(labels), conn.all(_ADD[actor.platform], params))


def remove(conn: Connection, group_pk: int, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Remove these people; return who of them were members."""
    rows = conn.all(_REMOVE, {"group": group_pk, "ids": json.dumps(ids)})
    return _among(conn, tuple(dict.fromkeys(ids)), rows)


def held(conn: Connection, group_pk: int) -> dict[str, str | None]:
    """Return every member by id, with the label that the client gave."""
    return dict(conn.all(_HELD, {"group": group_pk}))


def clear(conn: Connection, group_pk: int) -> tuple[str, ...]:
    """Remove every member; return who they were."""
    return _named(conn, conn.all(_CLEAR, {"group": group_pk}))


def _among(conn: Connection, asked: tuple[str, ...], rows: list[Row]) -> tuple[str, ...]:
    """Return the ids of the people with these keys, who are among those that were asked for."""
    return asked if len(rows) == len(asked) else _named(conn, rows)


def _named(conn: Connection, rows: list[Row]) -> tuple[str, ...]:
    """Return the ids of the people with these keys; no statement for nobody."""
    if not rows:
        return ()
    keys = json.dumps([str(row[0]) for row in rows])
    return tuple(row[0] for row in conn.all(_ID_OF, {"ids": keys}))


_RELABEL = (
    update(membership)
    .values(display=_labels.c.value)
    .where(
        membership.c.group_pk == bindparam("group"),
        # The sum keeps SQLite from starting at the members and reading the labels for each.
        membership.c.person_pk == person.c.pk + 0,
        person.c.id == _labels.c.key,
        membership.c.display.is_distinct_from(_labels.c.value),
    )
)


def label(conn: Connection, group_pk: int, labels: dict[str, str | None]) -> int:
    """Set how the client labels these members; return how many labels changed."""
    return conn.run(_RELABEL, {"group": group_pk, "labels": json.dumps(labels)})


_groups = json_texts(bindparam("groups", type_=Text))
_MEMBERS = (
    select(membership.c.group_pk, person.c.id, membership.c.display)
    .select_from(membership)
    .join(person, person.c.pk == membership.c.person_pk)
    .where(membership.c.group_pk.in_(select(cast(_groups.c.value, BIG))))
    .order_by(membership.c.group_pk, person.c.pk)
)
_MEMBERS_OF = (
    select(person.c.id, membership.c.display)
    .select_from(membership)
    .join(person, person.c.pk == membership.c.person_pk)
    .join(group, group.c.pk == membership.c.group_pk)
    .where(group.c.id == bindparam("wanted"))
    .order_by(person.c.pk)
)


def members(conn: Connection, pks: list[int]) -> dict[int, list[tuple[str, str | None]]]:
    """Return (person id, label as the client sent it) of every member, by group.

    One statement for any number of groups.
    """
    found: dict[int, list[tuple[str, str | None]]] = {pk: [] for pk in pks}
    for pk, person_id, name in conn.all(_MEMBERS, {"groups": json.dumps([*map(str, pks)])}):
        found[pk].append((person_id, name))
    return found


def members_of(conn: Connection, group_id: str) -> tuple[tuple[str, str | None], ...]:
    """Return (person id, label) of every member of one group, which the caller has seen before."""
    return tuple((row[0], row[1]) for row in conn.all(_MEMBERS_OF, {"wanted": group_id}))


_of_client = select(group.c.pk).where(group.c.client_pk == bindparam("client"))
_of_person = membership.c.person_pk == bindparam("person")
_joined = and_(_of_person, membership.c.group_pk.in_(_of_client))


def _leaving(where: ColumnElement[bool]) -> tuple[Select[int], Update, Delete]:
    """Lock the groups, then count the member out of them, and end the memberships."""
    those = group.c.pk.in_(select(membership.c.group_pk).where(where))
    less = {"version": group.c.version + 1, "size": group.c.size - 1, "modified": bindparam("now_")}
    return (
        select(group.c.pk).where(those).order_by(group.c.pk).with_for_update(),
        update(group).where(those).values(less),
        delete(membership).where(where),
    )


_LEAVING, _LEAVING_EVERY = _leaving(_joined), _leaving(_of_person)
_MOVE = update(membership).values(person_pk=bindparam("to_person")).where(_joined)


def leave_all(conn: Connection, client_pk: int, person_pk: int, now: int) -> None:
    """Take the person out of every group of this client."""
    _leave(conn, _LEAVING, {"client": client_pk, "person": person_pk}, now)


def leave_every(conn: Connection, person_pk: int, now: int) -> None:
    """Take the person out of every group: those of a platform client outlive the last link."""
    _leave(conn, _LEAVING_EVERY, {"person": person_pk}, now)


def _leave(
    conn: Connection, leaving: tuple[Select[int], Update, Delete], whose: Params, now: int
) -> None:
    """Leave the groups; who changes one of them at the same moment came before or comes after.

    Counted without the lock, a member whom another removes at that moment would count twice.
    """
    lock, count, end = leaving
    if conn.all(lock, whose):
        conn.run(count, {**whose, "now_": now})
        conn.run(end, whose)


def move(conn: Connection, client_pk: int, person_pk: int, to_person: int) -> None:
    """Give the memberships in this client's groups to another person (ruling 2)."""
    conn.run(_MOVE, {"client": client_pk, "person": person_pk, "to_person": to_person})


_REVIVE = (
    update(membership)
    .values(ended=null(), created=bindparam("now_"))
    .where(
        membership.c.group_pk == bindparam("group"),
        membership.c.person_pk.in_(_known_anywhere),
        membership.c.ended.is_not(None),
    )
)


def revive(conn: Connection, group_pk: int, ids: tuple[str, ...], now: int) -> int:
    """Let memberships that ended with the affiliation count again; return how many."""
    return conn.run(_REVIVE, {"group": group_pk, "ids": json.dumps(ids), "now_": now})
