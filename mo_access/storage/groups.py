"""Groups and their members; membership is changed as a set difference in SQL, never loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    true,
    update,
)

from mo_access.domain.criteria import Criteria, Sort
from mo_access.domain.model import (
    Actor,
    GroupDraft,
    GroupView,
    IndexedValue,
    Page,
    Query,
    Role,
)
from mo_access.domain.shapes import shaped
from mo_access.domain.text import fold
from mo_access.storage import criteria, ordering, totals, trigrams
from mo_access.storage.comparing import unindexed
from mo_access.storage.engine import Connection
from mo_access.storage.listing import CLIENT, Asked, Source, kept, listed, on_page
from mo_access.storage.operands import Makers
from mo_access.storage.schema import (
    BIG,
    group,
    group_value,
    institution,
    theme,
)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as stored, with the client that it belongs to."""

    pk: int
    client_pk: int
    view: GroupView
    ends_themes: bool = False
    """Whether it gives a role where themes may end with it; read only with a lock."""


def scope(client: ColumnElement[int], *, platform: bool, start: bool = True) -> ColumnElement[bool]:
    """Which groups this client sees: its own; a platform client all (design section 2).

    ``start``: the client is a good place to start the search from.
    """
    if platform:
        return true()
    return (group.c.client_pk if start else unindexed(group.c.client_pk)) == client


def _columns() -> Select[tuple[object, ...]]:
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
    asker = bindparam("client", type_=BIG)
    found = _columns().where(group.c.id == bindparam("wanted"))
    return found.where(scope(asker, platform=platform))


_GET = {platform: _get(platform=platform) for platform in (False, True)}
# A successor may have chosen it.
_ends_themes = and_(
    group.c.role.is_not(None),
    or_(institution.c.themes_end == 1, institution.c.successor.is_not(None)),
)
_LOCK = {
    platform: found.add_columns(_ends_themes).with_for_update(of=group)
    for platform, found in _GET.items()
}


def get(conn: Connection, actor: Actor, group_id: str, *, lock: bool = False) -> GroupRow | None:
    """Return the group when this client sees it, else None."""
    params = scoped(actor, wanted=group_id)
    found = conn.one((_LOCK if lock else _GET)[actor.platform], params)
    if found is None:
        return None
    return replace(_row(found[:-1]), ends_themes=bool(found[-1])) if lock else _row(found)


_PAGE: Final = _columns().where(group.c.pk.in_(on_page))


@kept
def source(
    shape: Criteria | None, sort: Sort | None, *, descending: bool, platform: bool
) -> Source:
    """Return what a bound or a platform client lists with queries of this shape."""
    makers, start = Makers(), not criteria.selective(shape)
    seen = scope(CLIENT, platform=platform, start=start)
    client = None if platform else CLIENT
    where = criteria.where(shape, "group", client, makers)
    return Source(
        keys=select().select_from(group).where(seen, where),
        rows=_PAGE,
        order=ordering.order(sort, "group", client, descending=descending),
        makers=makers,
    )


def find(conn: Connection, actor: Actor, query: Query) -> Page[GroupRow]:
    """Return a page of the visible groups that meet the query."""
    shape, values = shaped(query.criteria)
    form = source(shape, query.sort, descending=query.descending, platform=actor.platform)
    whole_list = shape is None and not actor.platform
    whole = partial(totals.total, conn, "group", actor.client_pk) if whole_list else None
    found = listed(conn, form, Asked(query, values, actor.client_pk, whole))
    return Page(found.total, tuple(_row(row) for row in found.rows), found.last)


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
    "parts": bindparam("parts_"),
    "modified": bindparam("now_"),
}
_NEW = (
    insert(group)
    .values(
        **_COLUMNS, id=bindparam("id_"), client_pk=bindparam("client_"), created=bindparam("now_")
    )
    .returning(group.c.pk)
)
_NEW_KEYED = insert(group).values(
    **_COLUMNS,
    pk=bindparam("pk_"),
    id=bindparam("id_"),
    client_pk=bindparam("client_"),
    created=bindparam("now_"),
    size=bindparam("size_"),
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
    key = fold(draft.display_name)
    return {
        "display_name_": draft.display_name,
        "display_key_": key,
        "external_id_": draft.external_id,
        "theme_": draft.theme,
        "number_": draft.institution,
        "role_": draft.role.value if draft.role else None,
        "document_": text(draft),
        "parts_": trigrams.joined({key, *(value.folded for value in draft.values)}),
        "now_": now,
    }


def new(conn: Connection, client_pk: int, group_id: str, draft: GroupDraft, now: int) -> int:
    """Insert a group. Raises ``Duplicate`` when the externalId is taken at this client."""
    pk = conn.insert(_NEW, {**_params(draft, now), "id_": group_id, "client_": client_pk})
    totals.add(conn, "group", client_pk, pk, 1)
    return pk


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group that is made with a reserved key and all its members."""

    pk: int
    id: str
    draft: GroupDraft
    size: int


def new_all(conn: Connection, client_pk: int, made: Sequence[NewGroup], now: int) -> None:
    """Insert many groups with their searchable values. Raises ``Duplicate``."""
    rows = [
        {**_params(g.draft, now), "pk_": g.pk, "id_": g.id, "client_": client_pk, "size_": g.size}
        for g in made
    ]
    conn.many(_NEW_KEYED, rows)
    for one in made:
        totals.add(conn, "group", client_pk, one.pk, 1)
    values = [(one.pk, value.cut()) for one in made for value in one.draft.values]
    conn.many(_ADD_VALUE, [{"group_pk": pk, **value._asdict()} for pk, value in values])


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


def drop(conn: Connection, group_pk: int, client_pk: int) -> None:
    """Delete a group with its memberships."""
    gone = conn.run(_DROP, {"group": group_pk})
    totals.add(conn, "group", client_pk, group_pk, -gone)


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
    cut = map(IndexedValue.cut, values)
    conn.many(_ADD_VALUE, [{"group_pk": group_pk, **value._asdict()} for value in cut])


def scoped(actor: Actor, **params: int | str) -> dict[str, int | str]:
    """Add who asks to the parameters, unless it is a platform client, who sees all."""
    return params if actor.platform else {**params, "client": actor.client_pk}
