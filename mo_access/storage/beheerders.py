"""Who is beheerder where: asked of an institution together with all that it succeeded.

Rights follow a succession (ruling 10), so the last of a line is where it matters. The conditions
are those of ``facts`` and the policy: current, live, not blocked, inside the client's bounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    union,
)

from mo_access.domain.model import Form, Role
from mo_access.storage.bookkeeping import beheerder_watch
from mo_access.storage.comparing import unindexed
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection
from mo_access.storage.interventions import block
from mo_access.storage.liveness import has_live_link
from mo_access.storage.schema import (
    affiliation,
    client,
    group,
    institution,
    link,
    membership,
    person,
)

_BEHEERDER: Final = Role.BEHEERDER.value
_numbers = json_texts(bindparam("numbers", type_=Text))
_not_succeeded: Final = institution.c.successor.is_(None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one institution stands for beheerders.

    ``watched``: it is known to have had one. ``missing_since`` (microseconds) is set while it is
    without. ``present``: somebody acts as beheerder now; ``retained``: only a retained role is
    left, or beside it.
    """

    pk: int
    number: str
    watched: bool
    missing_since: int | None
    present: bool
    retained: bool

    @property
    def settled(self) -> bool:
        """Whether what is written down agrees with how it is."""
        if self.present:
            return self.watched and self.missing_since is None and not self.retained
        if self.retained:
            return self.missing_since is None
        return not self.watched or self.missing_since is not None


def line_of(wanted: ColumnElement[bool]) -> CTE:
    """Give (head, pk, number, blocked) of these institutions and, under each, what it succeeded."""
    own, cell = institution.c.pk, institution.c
    first = select(own.label("head"), own, cell.number, cell.blocked).where(wanted)
    line = first.cte("line", recursive=True)
    before = institution.alias()
    return line.union(
        select(line.c.head, before.c.pk, before.c.number, before.c.blocked).where(
            before.c.successor == line.c.number
        )
    )


def current(today: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell whether an affiliation has begun, is not over (its last day counts) nor blocked."""
    return and_(
        or_(affiliation.c.start_day.is_(None), affiliation.c.start_day <= today),
        or_(affiliation.c.end_day.is_(None), affiliation.c.end_day >= today),
        affiliation.c.blocked.is_(None),
    )


_today: Final = bindparam("today", type_=Text)
_person_on: Final = and_(person.c.active == 1, person.c.blocked.is_(None))
_any_live: Final = has_live_link(person.c.pk)


def _free(line: CTE, place: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell that no block is on what a person is there, nor anywhere in the same line.

    A block goes with its institution to what succeeded it, as what it is on does (ruling 10).
    """
    here, there = line.alias(), line.alias()
    barred = select(block.c.pk).where(
        *(block.c.bar == person.c.bar, block.c.institution_pk == there.c.pk),
        *(here.c.pk == place, here.c.head == there.c.head),
    )
    return or_(person.c.bar.is_(None), ~exists(barred))


def _said(line: CTE, form: ColumnElement[bool]) -> Select[Any]:
    """Select where clients said it of people, in these forms."""
    found = select(affiliation.c.institution_pk).select_from(affiliation)
    found = found.join(person, person.c.pk == affiliation.c.person_pk)
    found = found.join(link, link.c.pk == affiliation.c.link_pk)
    return found.join(client, client.c.pk == link.c.client_pk).where(
        *(affiliation.c.role == _BEHEERDER, form, current(_today)),
        *(_person_on, link.c.active == 1, affiliation.c.outside == 0, client.c.beheerders == 1),
        _free(line, affiliation.c.institution_pk),
    )


def _recovered(line: CTE) -> Select[Any]:
    """Select where the platform gave it by itself, which stands on no link."""
    found = select(affiliation.c.institution_pk).select_from(affiliation)
    return found.join(person, person.c.pk == affiliation.c.person_pk).where(
        *(affiliation.c.role == _BEHEERDER, affiliation.c.link_pk.is_(None)),
        affiliation.c.form == Form.RECOVERY.value,
        *(current(_today), _person_on, _any_live, _free(line, affiliation.c.institution_pk)),
    )


def _through_groups(line: CTE) -> Select[Any]:
    """Select where role groups have members whom the group's client knows."""
    # From the groups and their members, of whom there are few, and not from the client, who may
    # know a nation and have a hundred thousand groups: each person with each group is for ever.
    whose = unindexed(group.c.client_pk)
    knows = and_(link.c.person_pk == person.c.pk, unindexed(link.c.client_pk) == whose)
    found = select(group.c.institution_pk).select_from(group)
    found = found.join(membership, membership.c.group_pk == group.c.pk)
    found = found.join(person, person.c.pk == membership.c.person_pk).join(link, knows)
    return found.join(client, client.c.pk == whose).where(
        *(group.c.role == _BEHEERDER, _person_on, link.c.active == 1),
        *(group.c.outside == 0, client.c.beheerders == 1, _free(line, group.c.institution_pk)),
    )


_KNOWN: Final = (
    *(institution.c.pk, institution.c.number),
    *(beheerder_watch.c.institution_pk, beheerder_watch.c.missing_since),
)
_retained: Final = affiliation.c.form == Form.RETAINED.value


def _acting(line: CTE) -> tuple[Select[Any], ...]:
    """Select where somebody acts as beheerder, by each way to be one."""
    return _said(line, not_(_retained)), _recovered(line), _through_groups(line)


def _any(line: CTE, found: Select[Any]) -> ColumnElement[int]:
    """Give 1 where there is such a row, else 0.

    One row sought by index for each place; of EXISTS PostgreSQL would make a join of everything.
    """
    (place,) = found.selected_columns
    one = found.where(place == line.c.pk).with_only_columns(literal(1)).limit(1)
    return func.coalesce(one.correlate(line).scalar_subquery(), 0)


def _standing() -> Select[Any]:
    """Select how one institution stands, with all that it succeeded."""
    line = line_of(institution.c.pk == bindparam("head"))
    acting: ColumnElement[int] = literal(0)
    for source in _acting(line):
        acting = acting + _any(line, source)
    held = (
        select(
            line.c.head, acting.label("acting"), _any(line, _said(line, _retained)).label("kept")
        )
        # What a blocked institution gives counts at no successor; its own head may be blocked.
        .where(or_(line.c.blocked.is_(None), line.c.pk == line.c.head))
        .subquery()
    )
    return (
        select(*_KNOWN, func.max(held.c.acting), func.max(held.c.kept))
        .join_from(institution, held, held.c.head == institution.c.pk)
        .outerjoin(beheerder_watch, beheerder_watch.c.institution_pk == institution.c.pk)
        .group_by(*_KNOWN)
    )


def _last_of() -> CTE:
    """Give these institutions with all that succeeded them."""
    cell = institution.c
    up = select(cell.pk, cell.number, cell.successor)
    named = up.where(cell.number.in_(select(_numbers.c.value))).cte("up", recursive=True)
    later = institution.alias()
    return named.union(
        select(later.c.pk, later.c.number, later.c.successor).where(
            later.c.number == named.c.successor
        )
    )


_up = _last_of()
_STANDING: Final = _standing()
_EVERY: Final = select(*_KNOWN, institution.c.successor, institution.c.blocked).outerjoin(
    beheerder_watch, beheerder_watch.c.institution_pk == institution.c.pk
)
_every_line: Final = line_of(_not_succeeded)
_EVERY_ACTING: Final = union(*_acting(_every_line))
_EVERY_KEPT: Final = _said(_every_line, _retained).distinct()
# PostgreSQL: of two who take away the last two beheerders, the second sees what the first did.
# A key is never changed, so who refers to the institution does not wait.
_LOCK: Final = (
    select(institution.c.pk)
    .where(institution.c.pk.in_(select(_up.c.pk).where(_up.c.successor.is_(None))))
    .order_by(institution.c.pk)
    .with_for_update(key_share=True)
)
_MISSING: Final = (
    select(institution.c.number, institution.c.name, beheerder_watch.c.missing_since)
    .join_from(beheerder_watch, institution, institution.c.pk == beheerder_watch.c.institution_pk)
    .where(beheerder_watch.c.missing_since.is_not(None), _not_succeeded)
    .order_by(institution.c.number)
)
_COUNT: Final = select(func.count()).select_from(_MISSING.order_by(None).subquery())


def locked(conn: Connection, numbers: Iterable[str]) -> list[int]:
    """Hold the institutions in which these ended up until the commit; give their keys."""
    rows = conn.all(_LOCK, {"numbers": json.dumps(sorted(numbers))})
    return [int(row[0]) for row in rows]


def standing(conn: Connection, head: int, today: str) -> Standing:
    """Tell how this institution stands, whose key the caller has from the database."""
    row = conn.one(_STANDING, {"head": head, "today": today})
    if row is None:
        raise LookupError("there is no institution with this key")
    return _row(*row)


def every_standing(conn: Connection, today: str) -> tuple[Standing, ...]:
    """Tell how every institution stands that was not succeeded, by number; three statements."""
    acting, kept = (
        {int(row[0]) for row in conn.all(statement, {"today": today})}
        for statement in (_EVERY_ACTING, _EVERY_KEPT)
    )
    rows = conn.all(_EVERY, {})
    later = {str(row[1]): row[4] for row in rows}
    ends = {
        int(row[0]): _end(str(row[1]), later) for row in rows if row[4] is None or row[5] is None
    }
    with_one, with_kept = ({ends[pk] for pk in pks & ends.keys()} for pks in (acting, kept))
    return tuple(
        _row(pk, number, watched, since, number in with_one, number in with_kept)
        for pk, number, watched, since, successor, _ in sorted(rows, key=lambda row: str(row[1]))
        if successor is None
    )


def _end(number: str, later: Mapping[str, str | None]) -> str:
    """Follow successors to the last; imports let none form a circle."""
    seen = {number}
    while (after := later.get(number)) is not None and after not in seen:
        seen.add(after)
        number = after
    return number


def missing(conn: Connection) -> list[tuple[str, str, int]]:
    """Give (number, name, since when) of institutions that are without beheerder."""
    return [(str(n), str(name), int(at)) for n, name, at in conn.all(_MISSING, {})]


def missing_count(conn: Connection) -> int:
    """Count the institutions that are without beheerder."""
    found = conn.one(_COUNT, {})
    return int(found[0]) if found else 0


def _row(
    pk: int, number: str, watched: int | None, since: int | None, present: int, retained: int
) -> Standing:
    return Standing(pk, number, watched is not None, since, bool(present), bool(retained))
