"""What a person's affiliations look like when all who said something are taken together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from mo_access.domain.model import Form, Role, ShownAffiliation, Status

KEPT: Final = 4_096


@dataclass(frozen=True, slots=True)
class Said:
    """One stored affiliation with what decides its status."""

    institution: str
    display: str
    form: Form
    role: Role
    start: str | None
    end: str | None
    primary: bool
    suspended: bool
    client: str

    def __hash__(self) -> int:
        """Look no further than what tells most of them apart: it is asked for each person."""
        return hash((self.institution, self.role))


def status(said: Said, today: str) -> Status:
    """Tell where the affiliation stands on this day; the end day still counts (rule 1)."""
    if said.end is not None and said.end < today:
        return Status.ENDED
    if said.suspended:
        return Status.SUSPENDED
    if said.start is not None and said.start > today:
        return Status.PENDING
    return Status.ACTIVE


@lru_cache(maxsize=KEPT)
def shown(rows: tuple[Said, ...], today: str) -> tuple[ShownAffiliation, ...]:
    """Join equal statements of several origins and leave out what a stronger one covers.

    Kept, as most people of an institution have the same.

    A gebruiker that follows only from ``organization`` or a group is not listed beside a
    beheerder of the same institution (design section 3: beheerder is the effective role).
    """
    kept = [row for row in rows if row.form is not Form.RETAINED]
    merged: dict[tuple[str, Role, str | None, str | None], list[Said]] = {}
    for row in kept:
        if not _covered(row, kept):
            merged.setdefault((row.institution, row.role, row.start, row.end), []).append(row)
    return tuple(_joined(group, today) for group in merged.values())


def _covered(row: Said, rows: list[Said]) -> bool:
    """A derived gebruiker says nothing beside an undated statement on the same institution."""
    if row.form is Form.AFFILIATIONS or row.role is Role.BEHEERDER:
        return False
    return any(
        other is not row
        and other.institution == row.institution
        and other.role is Role.BEHEERDER
        and other.start is None
        and other.end is None
        and not other.suspended
        for other in rows
    )


def _joined(rows: list[Said], today: str) -> ShownAffiliation:
    first = rows[0]
    live = next((r for r in rows if status(r, today) is Status.ACTIVE), first)
    return ShownAffiliation(
        institution=first.institution,
        role=first.role,
        start=_day(first.start),
        end=_day(first.end),
        primary=any(r.primary for r in rows),
        status=status(live, today),
        origins=tuple(sorted({f"{r.client}/{r.form.value}" for r in rows})),
        display=first.display,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
