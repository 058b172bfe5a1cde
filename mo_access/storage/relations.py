"""Where the parts of a multi-valued attribute live: the value index, or a table of the core.

Both answer the same questions: which rows there are, whether a row itself meets a comparison
(``direct``), and whether another part of the same element does (``beside``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.sql.elements import Null

from mo_access.domain.criteria import Compare, Indexed, Op, Present
from mo_access.domain.errors import Invalid
from mo_access.domain.model import Form
from mo_access.domain.text import LONGEST
from mo_access.storage.comparing import stands, unindexed
from mo_access.storage.operands import Makers, Operand
from mo_access.storage.schema import (
    affiliation,
    group,
    group_value,
    institution,
    link,
    link_value,
    membership,
    person,
    theme,
)
from mo_access.storage.trigrams import may_hold

Client: TypeAlias = ColumnElement[int] | None
"""Who asks, None for a platform client."""


class Row(Protocol):
    """One element of an attribute, as rows of some table."""

    @property
    def outer(self) -> ColumnElement[int]:
        """The column of the caller's query that the rows belong to."""

    @property
    def optional(self) -> bool:
        """Whether ``outer`` may be NULL."""

    def rows(self) -> Select[int]:
        """Select the owner of every row of this attribute."""

    def direct(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Tell whether the row itself holds a value of the field that meets the leaf."""

    def beside(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Tell whether the element that the row belongs to has such a value."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """An element in the value index: one row for each of its parts."""

    table: FromClause
    owner: ColumnElement[int]
    outer: ColumnElement[int]
    attribute: str
    makers: Makers
    optional: bool = False

    @classmethod
    def of(cls, attribute: str, kind: Literal["person", "group"], makers: Makers) -> ValueRow:
        """Look at one attribute of a person's or a group's document."""
        if kind == "person":
            values = link_value.alias()
            return cls(values, values.c.link_pk, link.c.pk, attribute, makers)
        values = group_value.alias()
        return cls(values, values.c.group_pk, group.c.pk, attribute, makers)

    def rows(self) -> Select[int]:
        """Select the owners of the attribute's values."""
        return select(self.owner).where(self.table.c.attribute == self.attribute)

    def direct(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Compare this value; presence without a part is presence of any part."""
        kind: Literal["person", "group"] = "person" if self.outer is link.c.pk else "group"
        candidates = narrowing(self.owner, kind, leaf, self.makers)
        if candidates is None:
            return self._meets(self.table, field, leaf)
        return and_(candidates, self._meets(self.table, field, leaf, listed=False))

    def beside(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Look for another part with the same ordinal, through the primary key."""
        return self._has_part(lambda other: self._meets(other, field, leaf))

    def _has_part(self, meets: Callable[[FromClause], ColumnElement[bool]]) -> ColumnElement[bool]:
        other = (link_value if self.outer is link.c.pk else group_value).alias()
        same = [
            other.c[key] == self.table.c[key]
            for key in (_owner_name(self.table), "attribute", "ordinal")
        ]
        part = select(1).select_from(other).where(*same, meets(other))
        return exists(part.correlate(self.table))

    def has(self, field: Indexed) -> ColumnElement[bool]:
        """Tell whether the row of the caller's query has any such value."""
        values = select(1).select_from(self.table)
        same = (self.owner == self.outer, self.table.c.attribute == self.attribute)
        return exists(values.where(*same, self._any_part(field)).correlate(link, group))

    def _any_part(self, field: Indexed) -> ColumnElement[bool]:
        return self.table.c.sub == field.sub if field.sub else true()

    def first(self, field: Indexed) -> ColumnElement[str | None]:
        """Give the value to sort by: of the primary element where that is asked, or the first."""
        whole = self.table.c.exact if field.exact else self.table.c.folded
        # An address or a certificate may be of any length, and a cursor holds what is sorted by.
        found = select(func.substr(whole, 1, LONGEST, type_=Text))
        same = (
            self.owner == self.outer,
            self.table.c.attribute == self.attribute,
            self.table.c.sub == field.sub,
        )
        places = (self._is_primary().desc(),) if field.ranked else ()
        one = found.where(*same).order_by(*places, self.table.c.ordinal).limit(1)
        return one.correlate(link, group).scalar_subquery()

    def _is_primary(self) -> ColumnElement[bool]:
        return self._has_part(lambda part: and_(part.c.sub == "primary", part.c.folded == "true"))

    def _meets(
        self, values: FromClause, field: Indexed, leaf: Compare | Present, *, listed: bool = True
    ) -> ColumnElement[bool]:
        """Compare one value; ``listed``: the index of all values is a good place to look for it."""
        if isinstance(leaf, Present):
            return values.c.sub == field.sub if field.sub else true()
        value = Operand.of(leaf.value, self.makers)
        part = (values.c.sub if listed else unindexed(values.c.sub)) == field.sub
        if not field.exact:
            return and_(part, stands(values.c.folded, leaf.op, value.folded))
        # Both conditions on one row, so that the index (attribute, sub, folded) serves them.
        if leaf.op is Op.EQ:
            part = and_(part, values.c.folded == value.folded.text(_beginning))
        return and_(part, stands(values.c.exact, leaf.op, value))


@dataclass(frozen=True, slots=True)
class RelatedRow:
    """An element that is a row of a table of the core, with a column for each part.

    A part that is NULL has no value in any row. ``also`` are the rows of another table that
    are elements of the same attribute, with the same ``outer``.
    """

    source: FromClause
    owner: ColumnElement[int]
    outer: ColumnElement[int]
    belongs: ColumnElement[bool]
    parts: Mapping[str, ColumnElement[Any]]
    makers: Makers
    folded: frozenset[str] = frozenset()
    shown: tuple[ColumnElement[Any], ...] = ()
    """In which order they are shown, a primary one first.

    Memberships by their own key: SQLite plans without statistics, and would start at all groups of
    the client for each person if their index did not spare it the sorting.
    """
    optional: bool = False
    also: RelatedRow | None = None

    def rows(self) -> Select[int]:
        """Select the owners of the rows that the caller may see."""
        return select(self.owner).select_from(self.source).where(self.belongs)

    def direct(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Compare the column of this part; presence of the attribute is presence of a row."""
        if isinstance(leaf, Present) and field.sub not in self.parts:
            return true()
        column = self._column(field)
        if isinstance(column, Null):
            return false()
        if isinstance(leaf, Present):
            return column.is_not(None)
        value = Operand.of(leaf.value, self.makers)
        return stands(column, leaf.op, value.folded if field.sub in self.folded else value)

    def beside(self, field: Indexed, leaf: Compare | Present) -> ColumnElement[bool]:
        """Compare another column of the same row."""
        return self.direct(field, leaf)

    def _column(self, field: Indexed) -> ColumnElement[Any]:
        if field.sub not in self.parts:
            raise Invalid("this attribute cannot be searched", attribute=field.attribute)
        return self.parts[field.sub]

    def first(self, field: Indexed, *meets: ColumnElement[bool]) -> ColumnElement[Any]:
        """Give the value to sort by: of the first row that the caller may see and that has one.

        Of the primary one where there is one. Without a part it is presence, the same for all.
        Those of ``also`` are shown after these; ``meets`` is said of these alone.
        """
        present = not field.sub and "" not in self.parts
        column = literal(1) if present else self._column(field)
        if isinstance(column.type, Text):
            # The label of a member may be of any length, as in ``ValueRow.first``.
            column = func.substr(column, 1, LONGEST, type_=Text)
        mine = (self.owner == self.outer, self.belongs, *meets)
        found = select(column).select_from(self.source).where(*mine, column.is_not(None))
        one = found.order_by(*self.shown).limit(1).correlate(link, group).scalar_subquery()
        if self.also is None or isinstance(self.also.parts.get(field.sub), Null):
            return one
        return func.coalesce(one, self.also.first(field))


def find(
    attribute: str, kind: Literal["person", "group"], client: Client, makers: Makers
) -> RelatedRow | None:
    """Return where an attribute lives that is not in the value index, or None if it is there."""
    if kind == "person":
        if attribute == "groups":
            return _groups(client, makers)
        return _affiliations(client, makers) if attribute == "affiliations" else None
    if attribute == "members":
        return _members(client, makers)
    return _target(attribute, makers) if attribute in {"theme", "institution"} else None


def _groups(client: Client, makers: Makers) -> RelatedRow:
    """Groups of a person: for a bound client only its own (rule 4)."""
    held, named = membership.alias(), group.alias()
    return RelatedRow(
        held.join(named, named.c.pk == held.c.group_pk),
        held.c.person_pk,
        link.c.person_pk,
        true() if client is None else named.c.client_pk == client,
        {"value": named.c.id, "display": named.c.display_key},
        makers,
        frozenset({"display"}),
        (held.c.group_pk,),
    )


def _members(client: Client, makers: Makers) -> RelatedRow:
    """Members of a group: for a bound client only the persons that it has a link with."""
    held, who, linked = membership.alias(), person.alias(), link.alias()
    known = exists(
        select(1)
        .select_from(linked)
        .where(linked.c.person_pk == who.c.pk, linked.c.client_pk == client)
        .correlate(who)
    )
    return RelatedRow(
        held.join(who, who.c.pk == held.c.person_pk),
        held.c.group_pk,
        group.c.pk,
        true() if client is None else known,
        {"value": who.c.id, "display": held.c.display},
        makers,
        shown=(held.c.person_pk,),
    )


def _affiliations(client: Client, makers: Makers) -> RelatedRow:
    """Affiliations as the caller sees them: its own, or all of them for a platform client.

    Those that role groups give are shown among them.
    """
    said, place = affiliation.alias(), institution.alias()
    bound = client is not None
    return RelatedRow(
        said.join(place, place.c.pk == said.c.institution_pk),
        said.c.link_pk if bound else said.c.person_pk,
        link.c.pk if bound else link.c.person_pk,
        and_(said.c.form != Form.RETAINED.value, said.c.link_pk.is_not(None) if bound else true()),
        {
            "value": place.c.number,
            "display": place.c.name,
            "role": said.c.role,
            "start": said.c.start_day,
            "end": said.c.end_day,
            "primary": case((said.c.is_primary == 1, "true"), else_="false"),
            "origin": said.c.form,
        },
        makers,
        frozenset({"role", "primary"}),
        (said.c.is_primary.desc(), said.c.pk),
        also=_through_groups(client, makers),
    )


def _through_groups(client: Client, makers: Makers) -> RelatedRow:
    """What role groups say of their members, whom the group's client has to know (rule 5)."""
    held, named = membership.alias(), group.alias()
    place, known = institution.alias(), link.alias()
    bound = client is not None
    whose = and_(known.c.person_pk == held.c.person_pk, known.c.client_pk == named.c.client_pk)
    source = held.join(named, named.c.pk == held.c.group_pk)
    source = source.join(place, place.c.pk == named.c.institution_pk).join(known, whose)
    return RelatedRow(
        source,
        known.c.pk if bound else known.c.person_pk,
        link.c.pk if bound else link.c.person_pk,
        and_(named.c.role.is_not(None), named.c.client_pk == client if bound else true()),
        {
            "value": place.c.number,
            "display": place.c.name,
            "role": named.c.role,
            "start": null(),
            "end": null(),
            "primary": null(),
            "origin": literal(Form.GROUP.value),
        },
        makers,
        frozenset({"role"}),
        (held.c.group_pk,),
    )


def _target(attribute: str, makers: Makers) -> RelatedRow:
    """What a group maps to: its theme's slug or its institution's number."""
    if attribute == "theme":
        rows = theme.alias()
        outer, name = group.c.theme_pk, rows.c.slug
    else:
        rows = institution.alias()
        outer, name = group.c.institution_pk, rows.c.number
    return RelatedRow(rows, rows.c.pk, outer, true(), {"": name}, makers, optional=True)


def narrowing(
    owner: ColumnElement[int],
    kind: Literal["person", "group"],
    leaf: Compare | Present,
    makers: Makers,
) -> ColumnElement[bool] | None:
    """Tell which owners may hold the part that a leaf asks for; None where no index can tell."""
    if isinstance(leaf, Present) or leaf.op not in {Op.CO, Op.EW}:
        return None
    return may_hold(owner, kind, Operand.of(leaf.value, makers))


def _beginning(text: str) -> str:
    """Return what the index holds of a text."""
    return text[:LONGEST]


def _owner_name(table: FromClause) -> str:
    return "link_pk" if "link_pk" in table.c else "group_pk"
