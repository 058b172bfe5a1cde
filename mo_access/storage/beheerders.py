"""Who is beheerder where: asked of an institution together with all that it succeeded.

Rights follow a succession (ruling 10), so the last of a line is where it matters. The conditions
are those of ``facts`` and the policy: current, live, not blocked, inside the client's bounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from mo_access.domain.model import Form, Role
from mo_access.storage.bookkeeping import beheerder_watch
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Params
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

_BEHEERDER: Final = Role.BEHEERDER.value
_numbers = json_texts(bindparam("numbers", type_=Text))
_heads = json_texts(bindparam("heads", type_=Text))
_of_heads: Final = institution.c.pk.in_(select(cast(_heads.c.value, BIG)))
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
    """Give (head, pk, number) of these institutions and, under each, all that it succeeded."""
    own = institution.c.pk
    first = select(own.label("head"), own, institution.c.number).where(wanted)
    line = first.cte("line", recursive=True)
    before = institution.alias()
    return line.union(
        select(line.c.head, before.c.pk, before.c.number).where(before.c.successor == line.c.number)
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
_any_live: Final = exists(
    select(link.c.pk).where(link.c.person_pk == person.c.pk, link.c.active == 1)
)


def _said(line: CTE) -> Select[Any]:
    """Select what clients said of people, retained roles among it."""
    at = and_(affiliation.c.institution_pk == line.c.pk, affiliation.c.role == _BEHEERDER)
    found = select(line.c.head, affiliation.c.form).join_from(line, affiliation, at)
    found = found.join(person, person.c.pk == affiliation.c.person_pk)
    found = found.join(link, link.c.pk == affiliation.c.link_pk)
    return found.join(client, client.c.pk == link.c.client_pk).where(
        *(current(_today), _person_on, link.c.active == 1),
        *(affiliation.c.outside == 0, client.c.beheerders == 1),
    )


def _recovered(line: CTE) -> Select[Any]:
    """Select what the platform gave by itself, which stands on no link."""
    at = and_(affiliation.c.institution_pk == line.c.pk, affiliation.c.role == _BEHEERDER)
    found = select(line.c.head, affiliation.c.form).join_from(line, affiliation, at)
    return found.join(person, person.c.pk == affiliation.c.person_pk).where(
        affiliation.c.link_pk.is_(None),
        affiliation.c.form == Form.RECOVERY.value,
        *(current(_today), _person_on, _any_live),
    )


def _through_groups(line: CTE) -> Select[Any]:
    """Select the members of role groups whom the group's client knows."""
    at = and_(group.c.institution_pk == line.c.pk, group.c.role == _BEHEERDER)
    knows = and_(link.c.person_pk == person.c.pk, link.c.client_pk == group.c.client_pk)
    found = select(line.c.head, literal(Form.GROUP.value)).join_from(line, group, at)
    found = found.join(membership, membership.c.group_pk == group.c.pk)
    found = found.join(person, person.c.pk == membership.c.person_pk).join(link, knows)
    return found.join(client, client.c.pk == group.c.client_pk).where(
        *(_person_on, link.c.active == 1, group.c.outside == 0, client.c.beheerders == 1)
    )


def _holders(line: CTE) -> CompoundSelect[Any]:
    return union_all(_said(line), _recovered(line), _through_groups(line))


def _standing(wanted: ColumnElement[bool]) -> Select[Any]:
    holders = _holders(line_of(wanted)).subquery()
    head, form = holders.c
    retained = form == Form.RETAINED.value
    held = (
        select(
            head.label("head"),
            func.max(case((retained, 0), else_=1)).label("present"),
            func.max(case((retained, 1), else_=0)).label("retained"),
        )
        .group_by(head)
        .subquery()
    )
    watch = beheerder_watch
    return (
        select(
            institution.c.pk,
            institution.c.number,
            watch.c.institution_pk,
            watch.c.missing_since,
            func.coalesce(held.c.present, 0),
            func.coalesce(held.c.retained, 0),
        )
        .outerjoin(watch, watch.c.institution_pk == institution.c.pk)
        .outerjoin(held, held.c.head == institution.c.pk)
        .where(wanted)
        .order_by(institution.c.number)
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
_STANDING: Final = _standing(_of_heads)
_EVERY: Final = _standing(_not_succeeded)
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


def standing(conn: Connection, heads: Iterable[int], today: str) -> tuple[Standing, ...]:
    """Tell how these institutions stand, by number."""
    params: Params = {"heads": json.dumps([*map(str, heads)]), "today": today}
    return tuple(_row(*row) for row in conn.all(_STANDING, params))


def every_standing(conn: Connection, today: str) -> tuple[Standing, ...]:
    """Tell how every institution stands that was not succeeded, by number."""
    return tuple(_row(*row) for row in conn.all(_EVERY, {"today": today}))


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
