"""Rights from claims: they come with a session and end with it, or with newer claims (ruling 8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from mo_access.domain.model import Event, Form, Json, Role
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import session_rights as stored
from mo_access.storage.session_rights import Held

Right = tuple[str, str | None, str | None]
"""(institution, role, theme); the role is None where it is a theme, and the other way round."""
UNKNOWN_INSTITUTION: Final = "unknown_institution"
UNKNOWN_THEME: Final = "unknown_theme"
OUTSIDE_PROVIDER: Final = "outside_provider"
OTHER_CAPACITY: Final = "other_capacity"
NO_BEHEERDERS: Final = "no_beheerders"
UNKNOWN_RIGHT: Final = "unknown_right"
REASONS: Final = frozenset(
    {
        *(UNKNOWN_INSTITUTION, UNKNOWN_THEME, OUTSIDE_PROVIDER),
        *(OTHER_CAPACITY, NO_BEHEERDERS, UNKNOWN_RIGHT),
    }
)
"""Why a role in the claims does not count; documented in ``docs/reasons.md``."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one text of the claims gives: a role, a theme, or both, at an institution."""

    institution: str
    role: str | None
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRights:
    """Everything that verified claims give.

    ``ignored`` are those outside the capacity of the session, ``unknown`` counts the texts that
    mean nothing here. ``institutions`` are those that the provider may speak of, () for all;
    ``idle`` is after how many microseconds without use the session is over.
    """

    idle: int
    given: tuple[Given, ...] = ()
    ignored: tuple[Given, ...] = ()
    unknown: int = 0
    institutions: tuple[str, ...] = ()
    beheerders: bool = True
    """Whether they may make somebody beheerder; else that role counts as gebruiker."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that holds the rights, and whose it is; ``capacity`` as in ``SignIn``."""

    session: int
    person_pk: int
    person: str
    provider: str
    issuer: str
    subject: str
    capacity: tuple[str, ...] | None


@dataclass(slots=True)
class _Sorted:
    """What counts, with the keys that it is stored by, and what is ignored by reason."""

    rights: dict[Right, tuple[int, int | None]] = field(default_factory=dict)
    ignored: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def assign(uow: UnitOfWork, holder: Holder, claimed: ClaimedRights) -> None:
    """Let a session hold exactly what its claims give.

    What they no longer confirm, the older sessions of the same identity lose too, at the
    institutions that the capacity covers: a right that was dropped is gone everywhere at once.
    The caller has taken the identity's turn.
    """
    conn = uow.write()
    found = _sorted(uow, claimed)
    held = stored.held(conn, holder.issuer, holder.subject, uow.now)
    _end(uow, holder, found, held)
    since = {_of(one): one.created for one in reversed(held)}
    mine = {_of(one) for one in held if one.session == holder.session}
    stored.add(
        conn,
        (
            {
                "session_pk": holder.session,
                "person_pk": holder.person_pk,
                "institution_pk": place,
                "theme_pk": theme,
                "role": right[1],
                "idle": claimed.idle,
                "created": since.get(right, uow.now),
            }
            for right, (place, theme) in found.rights.items()
            if right not in mine
        ),
    )
    before = {_of(one) for one in held}
    after = {_of(one) for one in stored.held(conn, holder.issuer, holder.subject, uow.now)}
    _tell(uow, holder, after - before, before - after)
    _tell_ignored(uow, holder, claimed, found)


def _sorted(uow: UnitOfWork, claimed: ClaimedRights) -> _Sorted:
    """Keep what the provider may give and what is known here."""
    found = _Sorted()
    places = stored.places(uow.conn, {one.institution for one in claimed.given})
    themes = stored.themes(uow.conn, {one.theme for one in claimed.given if one.theme})
    bound = stored.covered(uow.conn, claimed.institutions) if claimed.institutions else None
    for one in claimed.given:
        place = places.get(one.institution)
        if bound is not None and one.institution not in bound:
            found.ignored[OUTSIDE_PROVIDER].add(one.institution)
        elif place is None:
            found.ignored[UNKNOWN_INSTITUTION].add(one.institution)
        elif one.theme is not None and one.theme not in themes:
            found.ignored[UNKNOWN_THEME].add(one.institution)
        elif one.role == Role.BEHEERDER and not claimed.beheerders:
            found.ignored[NO_BEHEERDERS].add(one.institution)
            _keep(found, replace(one, role=Role.GEBRUIKER.value), place, themes)
        else:
            _keep(found, one, place, themes)
    for one in claimed.ignored:
        found.ignored[OTHER_CAPACITY].add(one.institution)
    return found


def _keep(found: _Sorted, one: Given, place: int, themes: dict[str, int]) -> None:
    """A beheerder is a gebruiker too, so of both one row is enough."""
    gebruiker: Right = (one.institution, Role.GEBRUIKER.value, None)
    beheerder: Right = (one.institution, Role.BEHEERDER.value, None)
    if one.role == Role.BEHEERDER:
        found.rights.pop(gebruiker, None)
        found.rights[beheerder] = (place, None)
    elif one.role is not None and beheerder not in found.rights:
        found.rights[gebruiker] = (place, None)
    if one.theme is not None:
        found.rights[(one.institution, None, one.theme)] = (place, themes[one.theme])


def _end(uow: UnitOfWork, holder: Holder, found: _Sorted, held: list[Held]) -> None:
    """End what the claims do not confirm, and leave a gebruiker of who is beheerder no longer."""
    gone: list[int] = []
    less: list[int] = []
    for one in held:
        if one.session != holder.session and not _is_covered(holder, one.institution):
            continue
        confirmed = _of(one) in found.rights
        role = one.role
        if role == Role.GEBRUIKER and one.session != holder.session:
            confirmed = confirmed or (one.institution, Role.BEHEERDER.value, None) in found.rights
        if confirmed:
            continue
        kept = (one.institution, Role.GEBRUIKER.value, None) in found.rights
        older = one.session != holder.session
        (less if older and role == Role.BEHEERDER and kept else gone).append(one.pk)
    stored.demote(uow.conn, less)
    stored.drop(uow.conn, gone)


def _is_covered(holder: Holder, institution: str) -> bool:
    return holder.capacity is None or institution in holder.capacity


def _of(one: Held) -> Right:
    return one.institution, one.role, one.theme


def _tell(uow: UnitOfWork, holder: Holder, gained: set[Right], lost: set[Right]) -> None:
    """Write down what the identity has that it had not, and has no longer."""
    if not gained and not lost:
        return
    told: dict[str, Json] = {"provider": holder.provider}
    told |= {
        name: [_described(right) for right in sorted(rights, key=str)]
        for name, rights in (("gained", gained), ("lost", lost))
        if rights
    }
    at = tuple(sorted({right[0] for right in gained | lost}))
    uow.record(Event("sign_in.rights", "ok", person=holder.person, institutions=at, facts=told))


def _described(right: Right) -> dict[str, Json]:
    institution, role, theme = right
    named: dict[str, Json] = {"theme": theme}
    if theme is None:
        named = {"role": role, "form": Form.SIGN_IN.value}
    return named | {"institution": institution}


def _tell_ignored(uow: UnitOfWork, holder: Holder, claimed: ClaimedRights, found: _Sorted) -> None:
    """Write down what does not count, and why; never the texts, which may hold anything."""
    reasons: dict[str, Json] = {
        why: list[Json](sorted(numbers)) for why, numbers in sorted(found.ignored.items())
    }
    if claimed.unknown:
        reasons[UNKNOWN_RIGHT] = claimed.unknown
    if not reasons:
        return
    numbers: Iterable[str] = {number for some in found.ignored.values() for number in some}
    facts: dict[str, Json] = {
        "provider": holder.provider,
        "institutions": list[Json](sorted(numbers)),
        "reasons": reasons,
    }
    uow.record(Event("sign_in", "roles_ignored", holder.person, facts=facts))
