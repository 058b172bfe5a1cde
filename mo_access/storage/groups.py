"""Groups and their members; membership is changed as a set difference in SQL, never loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from mo_access.domain.model import Actor, GroupDraft, GroupView, IndexedValue, Query, Role
from mo_access.domain.text import fold
from mo_access.storage import criteria
from mo_access.storage.constructs import json_pairs, json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.schema import (
    BIG,
    group,
    group_value,
    institution,
    link,
    membership,
    person,
    theme,
)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as stored, with the client that it belongs to."""

    pk: int
    client_pk: int
    view: GroupView


def scope(client: ColumnElement[int], *, platform: bool) -> ColumnElement[bool]:
    """Which groups this client sees: its own; a platform client all (design section 2)."""
    return true() if platform else group.c.client_pk == client


def _rows(client: ColumnElement[int], *, platform: bool) -> Select[tuple[object, ...]]:
    return (
        select(
            group.c.pk,
            group.c.client_pk,
            group.c.id,
            group.c.display_name,
            group.c.external_id,
            group.c.document,
            group.c.version,
            group.c.created,
            group.c.modified,
            theme.c.slug,
            institution.c.number,
            group.c.role,
            group.c.size,
        )
        .outerjoin(theme, theme.c.pk == group.c.theme_pk)
        .outerjoin(institution, institution.c.pk == group.c.institution_pk)
        .where(scope(client, platform=platform))
    )


def _row(found: tuple[object, ...]) -> GroupRow:
    pk, client_pk, group_id, name, external, document, version, *rest = found
    created, modified, slug, number, role, size = rest
    view = GroupView(
        id=str(group_id),
        display_name=str(name),
        external_id=_optional(external),
        document=str(document),
        version=int(str(version)),
        created=int(str(created)),
        modified=int(str(modified)),
        theme=_optional(slug),
        institution=_optional(number),
        role=Role(str(role)) if role else None,
        size=int(str(size)),
    )
    return GroupRow(int(str(pk)), int(str(client_pk)), view)


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _get(*, platform: bool) -> Select[tuple[object, ...]]:
    seen = _rows(bindparam("client", type_=BIG), platform=platform)
    return seen.where(group.c.id == bindparam("wanted"))


_GET = {
    (platform, lock): _get(platform=platform).with_for_update(of=group)
    if lock
    else _get(platform=platform)
    for platform in (False, True)
    for lock in (False, True)
}


def get(conn: Connection, actor: Actor, group_id: str, *, lock: bool = False) -> GroupRow | None:
    """Return the group when this client sees it, else None."""
    params = _scoped(actor, wanted=group_id)
    found = conn.one(_GET[actor.platform, lock], params)
    return _row(found) if found else None


def find(conn: Connection, actor: Actor, query: Query) -> tuple[int, list[GroupRow]]:
    """Return how many of the visible groups meet the query, and the asked page of them."""
    client = None if actor.platform else actor.client_pk
    seen = _rows(literal(actor.client_pk), platform=actor.platform)
    base = seen.where(criteria.where(query.criteria, "group", client))
    total = conn.one(select(func.count()).select_from(base.subquery()))
    count = int(total[0]) if total else 0
    if query.count == 0 or query.start > count:
        return count, []
    order = criteria.order(query.sort, "group", descending=query.descending)
    page = base.order_by(*order).limit(query.count).offset(query.start - 1)
    return count, [_row(found) for found in conn.all(page)]


_theme_pk = select(theme.c.pk).where(theme.c.slug == bindparam("theme_")).scalar_subquery()
_institution_pk = (
    select(institution.c.pk).where(institution.c.number == bindparam("number_")).scalar_subquery()
)
_COLUMNS: Final = {
    "display_name": bindparam("display_name_"),
    "display_key": bindparam("display_key_"),
    "external_id": bindparam("external_id_"),
    "theme_pk": _theme_pk,
    "institution_pk": _institution_pk,
    "role": bindparam("role_"),
    "document": bindparam("document_"),
    "modified": bindparam("now_"),
}
_NEW = (
    insert(group)
    .values(
        **_COLUMNS, id=bindparam("id_"), client_pk=bindparam("client_"), created=bindparam("now_")
    )
    .returning(group.c.pk)
)
_COUNTED: Final = {"version": group.c.version + 1, "size": bindparam("size_")}
_CHANGE = update(group).values(**_COLUMNS, **_COUNTED).where(group.c.pk == bindparam("group"))
_BUMP = (
    update(group)
    .values(**_COUNTED, modified=bindparam("now_"))
    .where(group.c.pk == bindparam("group"))
)
_SIZE = update(group).values(size=bindparam("size_")).where(group.c.pk == bindparam("group"))
_DROP = delete(group).where(group.c.pk == bindparam("group"))


def _params(draft: GroupDraft, now: int) -> dict[str, int | str | bytes | None]:
    return {
        "display_name_": draft.display_name,
        "display_key_": fold(draft.display_name),
        "external_id_": draft.external_id,
        "theme_": draft.theme,
        "number_": draft.institution,
        "role_": draft.role.value if draft.role else None,
        "document_": text(draft),
        "now_": now,
    }


def new(conn: Connection, client_pk: int, group_id: str, draft: GroupDraft, now: int) -> int:
    """Insert a group. Raises ``Duplicate`` when the externalId is taken at this client."""
    return conn.insert(_NEW, {**_params(draft, now), "id_": group_id, "client_": client_pk})


def text(draft: GroupDraft) -> str:
    """Return the document of a group as it is stored."""
    return json.dumps(draft.document, ensure_ascii=False, separators=(",", ":"))


def change(conn: Connection, group_pk: int, draft: GroupDraft, size: int, now: int) -> None:
    """Replace what a group is and count the change; ``size`` as in ``bump``. Raises ``Duplicate``.

    The members themselves are not touched.
    """
    conn.run(_CHANGE, {**_params(draft, now), "group": group_pk, "size_": size})


def bump(conn: Connection, group_pk: int, size: int, now: int) -> None:
    """Count a change of the members, of whom there are now ``size``; the row is locked."""
    conn.run(_BUMP, {"group": group_pk, "size_": size, "now_": now})


def set_size(conn: Connection, group_pk: int, size: int) -> None:
    """Store how many members a new group has, which counts as no further change."""
    conn.run(_SIZE, {"group": group_pk, "size_": size})


def drop(conn: Connection, group_pk: int) -> None:
    """Delete a group with its memberships."""
    conn.run(_DROP, {"group": group_pk})


_DROP_VALUES = delete(group_value).where(group_value.c.group_pk == bindparam("group"))
_ADD_VALUE = insert(group_value).values(
    {
        name: bindparam(name)
        for name in ("group_pk", "attribute", "ordinal", "sub", "exact", "folded")
    }
)


def replace_values(conn: Connection, group_pk: int, values: Iterable[IndexedValue]) -> None:
    """Replace the searchable values of a group."""
    conn.run(_DROP_VALUES, {"group": group_pk})
    add_values(conn, group_pk, values)


def add_values(conn: Connection, group_pk: int, values: Iterable[IndexedValue]) -> None:
    """Store the searchable values of a group that has none yet."""
    conn.many(
        _ADD_VALUE,
        [
            {
                "group_pk": group_pk,
                "attribute": value.attribute,
                "ordinal": value.ordinal,
                "sub": value.sub,
                "exact": value.exact,
                "folded": value.folded,
            }
            for value in values
        ],
    )


_ids: Final = json_texts(bindparam("ids", type_=Text))
_texts: Final = select(_ids.c.value)
# Asked of each person: a join would let SQLite start at the client and walk all its links.
_mine = exists(
    select(link.c.pk).where(
        link.c.person_pk == person.c.pk, link.c.client_pk == bindparam("client")
    )
)
_known = select(person.c.pk).where(person.c.id.in_(_texts), _mine)
_known_anywhere = select(person.c.pk).where(person.c.id.in_(_texts))
_already = exists(
    select(membership.c.group_pk).where(
        membership.c.group_pk == bindparam("group"), membership.c.person_pk == person.c.pk
    )
)


_labels: Final = json_pairs(bindparam("labels", type_=Text))


def _adding(*, platform: bool) -> object:
    known = select(
        bindparam("group", type_=BIG), person.c.pk, _labels.c.value, bindparam("now", type_=BIG)
    ).join_from(_labels, person, person.c.id == _labels.c.key)
    if not platform:
        known = known.where(_mine)
    columns = ["group_pk", "person_pk", "display", "created"]
    return insert(membership).from_select(columns, known.where(~_already))


_ADD = {platform: _adding(platform=platform) for platform in (False, True)}
_KEEP_ONLY = {
    platform: delete(membership).where(
        membership.c.group_pk == bindparam("group"), membership.c.person_pk.not_in(known)
    )
    for platform, known in ((False, _known), (True, _known_anywhere))
}
_REMOVE = delete(membership).where(
    membership.c.group_pk == bindparam("group"),
    membership.c.person_pk.in_(_known_anywhere),
)
_CLEAR = delete(membership).where(membership.c.group_pk == bindparam("group"))
_seen = exists(
    select(person.c.pk)
    .join(link, link.c.person_pk == person.c.pk)
    .where(person.c.id == _ids.c.value, link.c.client_pk == bindparam("client"))
)
_seen_anywhere = exists(select(person.c.pk).where(person.c.id == _ids.c.value))
_UNKNOWN = {
    platform: select(_ids.c.value).where(~seen)
    for platform, seen in ((False, _seen), (True, _seen_anywhere))
}


def _scoped(actor: Actor, **params: int | str) -> dict[str, int | str]:
    return params if actor.platform else {**params, "client": actor.client_pk}


def unknown(conn: Connection, actor: Actor, ids: tuple[str, ...]) -> list[str]:
    """Return which of these ids are no person of this client (foreign and absent alike)."""
    rows = conn.all(_UNKNOWN[actor.platform], _scoped(actor, ids=json.dumps(ids)))
    return [str(row[0]) for row in rows]


def add(
    conn: Connection, actor: Actor, group_pk: int, labels: dict[str, str | None], now: int
) -> int:
    """Add the known people among these ids; return how many were not members before.

    ``labels`` holds, by id, how the client labels them; people who were members keep theirs.
    """
    params = _scoped(actor, group=group_pk, labels=json.dumps(labels), now=now)
    return conn.run(_ADD[actor.platform], params)  # type: ignore[arg-type]  # an INSERT from SELECT


def remove(conn: Connection, group_pk: int, ids: tuple[str, ...]) -> int:
    """Remove these people; return how many were members."""
    return conn.run(_REMOVE, {"group": group_pk, "ids": json.dumps(ids)})


def keep_only(conn: Connection, actor: Actor, group_pk: int, ids: tuple[str, ...]) -> int:
    """Remove every member who is not among these; return how many that were."""
    params = _scoped(actor, group=group_pk, ids=json.dumps(ids))
    return conn.run(_KEEP_ONLY[actor.platform], params)


def clear(conn: Connection, group_pk: int) -> int:
    """Remove every member; return how many there were."""
    return conn.run(_CLEAR, {"group": group_pk})


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
_joined = and_(membership.c.person_pk == bindparam("person"), membership.c.group_pk.in_(_of_client))
_BUMP_JOINED = (
    update(group)
    .values(version=group.c.version + 1, size=group.c.size - 1, modified=bindparam("now_"))
    .where(
        group.c.client_pk == bindparam("client"),
        group.c.pk.in_(
            select(membership.c.group_pk).where(membership.c.person_pk == bindparam("person"))
        ),
    )
)
_LEAVE = delete(membership).where(_joined)
_MOVE = update(membership).values(person_pk=bindparam("to_person")).where(_joined)


def leave_all(conn: Connection, client_pk: int, person_pk: int, now: int) -> None:
    """Take the person out of every group of this client."""
    params = {"client": client_pk, "person": person_pk}
    conn.run(_BUMP_JOINED, {**params, "now_": now})
    conn.run(_LEAVE, params)


def move_memberships(conn: Connection, client_pk: int, person_pk: int, to_person: int) -> None:
    """Give the memberships in this client's groups to another person (ruling 2)."""
    conn.run(_MOVE, {"client": client_pk, "person": person_pk, "to_person": to_person})
