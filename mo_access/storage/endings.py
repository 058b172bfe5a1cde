"""Affiliations by their last day: what ended, what soon will, and what was told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Select, Text, and_, bindparam, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.domain.model import Form
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.interventions import affiliation_end
from mo_access.storage.schema import affiliation, institution, person

Told = Literal["noticed", "ended"]
"""What is told of an end, each once: that it is near, that it was."""


@dataclass(frozen=True, slots=True)
class End:
    """One affiliation with a last day; two clients that say the same are two with one key."""

    pk: int
    person_pk: int
    person: str
    institution_pk: int
    institution: str
    role: str
    end: str
    told: int | None
    """When it was told (microseconds), None for not yet."""

    @property
    def key(self) -> tuple[int, int, str, str]:
        """What is told once."""
        return self.person_pk, self.institution_pk, self.role, self.end


_e, _a = affiliation_end.c, affiliation.c
_same: Final = and_(
    _e.person_pk == _a.person_pk,
    _e.institution_pk == _a.institution_pk,
    _e.role == _a.role,
    _e.end_day == _a.end_day,
)


def _ends(told: Told) -> Select[Row]:
    columns = (_a.pk, person.c.pk, person.c.id, institution.c.pk, institution.c.number)
    return (
        select(*columns, _a.role, _a.end_day, _e[told])
        .select_from(affiliation)
        .join(person, person.c.pk == _a.person_pk)
        .join(institution, institution.c.pk == _a.institution_pk)
        .outerjoin(affiliation_end, _same)
        .where(
            *(_a.form != Form.RETAINED.value, _a.outside == 0),
            _a.end_day >= bindparam("first", type_=Text),
            _a.end_day <= bindparam("last", type_=Text),
        )
    )


_PAGE: Final = {
    told: _ends(told)
    .where(_e[told].is_(None), _a.pk > bindparam("after"))
    .order_by(_a.pk)
    .limit(bindparam("page"))
    for told in ("noticed", "ended")
}
_at = bindparam("at", type_=Text)
_BETWEEN = (
    _ends("noticed")
    .where(or_(_at == "", institution.c.number == _at))
    .order_by(_a.end_day, institution.c.number, person.c.id, _a.pk)
)


def page(conn: Connection, told: Told, days: tuple[str, str], after: int, count: int) -> list[End]:
    """Give affiliations whose last day is among these (inclusive) and of which it was not told."""
    params: Params = {"first": days[0], "last": days[1], "after": after, "page": count}
    return [End(*row) for row in conn.all(_PAGE[told], params)]


def between(conn: Connection, days: tuple[str, str], number: str | None) -> list[End]:
    """Give every affiliation whose last day is among these, the first to end first."""
    params = {"first": days[0], "last": days[1], "at": number or ""}
    return [End(*row) for row in conn.all(_BETWEEN, params)]


def _claiming(told: Told) -> object:
    new = upsert(affiliation_end).values(
        {name: bindparam(name) for name in ("person_pk", "institution_pk", "role", "end_day", told)}
    )
    return new.on_conflict_do_update(
        index_elements=["person_pk", "institution_pk", "role", "end_day"],
        set_={told: new.excluded[told]},
        where=_e[told].is_(None),
    )


_CLAIM: Final = {told: _claiming(told) for told in ("noticed", "ended")}


def claim(conn: Connection, told: Told, end: End, now: int) -> bool:
    """Write down that it is told; False when it was before, on this node or another."""
    names = ("person_pk", "institution_pk", "role", "end_day")
    row = dict(zip(names, end.key, strict=True)) | {told: now}
    return conn.run(_CLAIM[told], row) == 1  # type: ignore[arg-type]  # an upsert


_KEYS: Final = (_e.person_pk, _e.institution_pk, _e.role, _e.end_day)
_STALE = select(*_KEYS).where(~exists(select(_a.pk).where(_same))).limit(bindparam("page"))
_FORGET = delete(affiliation_end).where(
    *(column == bindparam(f"of_{column.name}") for column in _KEYS)
)


def stale(conn: Connection, count: int) -> list[Row]:
    """Give keys of what was told of affiliations that are no more."""
    return conn.all(_STALE, {"page": count})


def forget(conn: Connection, keys: list[Row]) -> None:
    """Delete what was told of these."""
    names = [f"of_{column.name}" for column in _KEYS]
    conn.many(_FORGET, [dict(zip(names, key, strict=True)) for key in keys])


_OPTED = select(institution.c.number).where(institution.c.themes_end == 1)


def opted(conn: Connection) -> frozenset[str]:
    """Give the institutions where themes end with the affiliation."""
    return frozenset(str(row[0]) for row in conn.all(_OPTED, {}))
