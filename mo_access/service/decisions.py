"""May U read T at I now? Read the facts, ask the policy, answer (rule 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain import policy
from mo_access.domain.model import Actor, Role
from mo_access.domain.policy import AffiliationFact, Decision, Facts, GrantFact, Reason, Session
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, facts
from mo_access.storage.facts import PersonFacts

AT_ONCE: Final = 1_000
ANYBODY = Session(level=1_000)
"""A session without limits: for questions about a person who is not signed in (``why``)."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to read which theme where, in which session; ``role`` asks for a role instead.

    ``actor`` is the client that asks, when it is one: it may ask only about its own (ruling 9).
    """

    person: str
    institution: str
    theme: str | None = None
    role: Role | None = None
    session: Session = ANYBODY
    actor: Actor | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """What a decision is about: an institution, ``at`` it and all that it succeeded, a theme."""

    institution: str
    at: frozenset[str]
    blocked: bool
    theme: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """A theme at an institution that a person may read now."""

    institution: str
    institution_name: str
    theme: str
    theme_name: str


@dataclass(frozen=True, slots=True)
class Place:
    """An institution where a person is something now, and what."""

    institution: str
    name: str
    role: Role
    came_by: AffiliationFact | None = None
    """What of the sign-in gives the role, where no client does."""


def decide(uow: UnitOfWork, question: Question) -> Decision:
    """Answer a question from what the database says now; at most seven statements."""
    known = _subject(uow, question)
    if known is None:
        return Decision(allowed=False, reason=Reason.UNKNOWN)
    spot = spot_of(uow, question.institution, question.theme)
    if spot is None:
        return Decision(allowed=False, reason=Reason.UNKNOWN)
    here, session = narrowed(uow, known, spot, question.session)
    if question.role is not None:
        return policy.decide_role(here, session, question.role.value)
    return policy.decide(here, session)


def readable(
    uow: UnitOfWork, person_id: str, session: Session, actor: Actor | None = None
) -> tuple[Right, ...]:
    """List every theme that the person may read now, with where.

    For a client, ``actor``, only of its own people and at its own institutions (ruling 9).
    """
    bound = None if actor is None or actor.platform else actor
    known = facts.person_facts(uow.conn, person_id, bound.client_pk if bound else None, uow.now)
    if known is None:
        return ()
    themes = access.themes(uow.conn)
    places = _places(uow, known, bound)
    rights = []
    for number, (name, blocked) in places.items():
        place = Spot(number, access.lineage(uow.conn, number), blocked)
        for slug in _asked(uow, known, themes):
            spot = replace(place, theme=slug, level=themes[slug][1])
            if policy.decide(*narrowed(uow, known, spot, session)).allowed:
                rights.append(Right(number, name, slug, themes[slug][0]))
    return tuple(rights)


def _asked(uow: UnitOfWork, known: PersonFacts, themes: Iterable[str]) -> list[str]:
    """Tell which themes are worth judging: those that were given, or all for a beheerder's sake."""
    reads = uow.terms.beheerder_reads
    if reads and any(a.role == Role.BEHEERDER for a in known.affiliations):
        return sorted(themes)
    return sorted({slug for slug, _ in known.grants})


def current_places(uow: UnitOfWork, person_id: str, session: Session) -> tuple[Place, ...]:
    """List the institutions where the person is gebruiker or beheerder now."""
    known = facts.person_facts(uow.conn, person_id, now=uow.now)
    if known is None:
        return ()
    found = []
    for number, (name, blocked) in _places(uow, known).items():
        spot = Spot(number, access.lineage(uow.conn, number), blocked)
        here, follow = narrowed(uow, known, spot, session)
        for role in (Role.BEHEERDER, Role.GEBRUIKER):
            if policy.decide_role(here, follow, role.value).allowed:
                found.append(Place(number, name, role, _came_by(here, role)))
                break
    return tuple(found)


def who(uow: UnitOfWork, theme: str, institution: str, actor: Actor | None = None) -> Iterator[str]:
    """Yield the ids of the people who may read the theme at the institution now, in order.

    The facts of a thousand are read at once; the policy judges each person.
    """
    if actor is not None and not actor.covers(institution):
        return
    spot = spot_of(uow, institution, theme)
    if spot is None:
        return
    client = None if actor is None or actor.platform else actor.client_pk
    ids = {i for at in sorted(spot.at) for i in access.holders(uow.conn, theme, at, client)}
    if uow.terms.beheerder_reads:
        ids |= {i for at in sorted(spot.at) for i in access.beheerders(uow.conn, at)}
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        several = facts.people_facts(uow.conn, ordered[start : start + AT_ONCE], client, uow.now)
        for known in sorted(several, key=lambda one: one.id):
            if policy.decide(*narrowed(uow, known, spot)).allowed:
                yield known.id


def judged(uow: UnitOfWork, known: PersonFacts, spot: Spot) -> Decision:
    """Answer on facts that were read before, for a person who is not signed in."""
    return policy.decide(*narrowed(uow, known, spot))


def _subject(uow: UnitOfWork, question: Question) -> PersonFacts | None:
    actor = question.actor
    if actor is None or actor.platform:
        return facts.person_facts(uow.conn, question.person, now=uow.now)
    if not actor.covers(question.institution):
        return None
    return facts.person_facts(uow.conn, question.person, actor.client_pk, uow.now)


def spot_of(uow: UnitOfWork, number: str, theme: str | None = None) -> Spot | None:
    """Read what a question is about; None where there is no such institution or theme."""
    place = access.place(uow.conn, number)
    level = 0 if theme is None else access.level(uow.conn, theme)
    if place is None or level is None:
        return None
    return Spot(number, access.lineage(uow.conn, number), place[1], theme, level)


def narrowed(
    uow: UnitOfWork, known: PersonFacts, spot: Spot, session: Session = ANYBODY
) -> tuple[Facts, Session]:
    """Narrow what is known about a person, and a session, to what counts at a place: for reports.

    ``policy.decide`` of both is what ``decide`` answers.
    """
    follow = _followed(session, spot)
    if follow.reach is None or spot.institution in follow.reach:
        return _here(uow, known, spot, session.counts), follow
    if not any(_came_with(a, session, spot) for a in known.affiliations):
        return _here(uow, known, spot, session.counts), follow
    # What the provider itself said of who signed in needs no client to vouch for who that is.
    here = _here(uow, known, spot, lambda fact: fact.session == session.pk)
    return here, replace(follow, reach=None)


def _came_with(fact: AffiliationFact, session: Session, spot: Spot) -> bool:
    here = fact.institution in spot.at
    return here and fact.session is not None and fact.session == session.pk


def _came_by(here: Facts, role: Role) -> AffiliationFact | None:
    """Return what came with the session and makes the person this, if nothing else does."""
    found = [
        a
        for a in here.affiliations
        if policy.is_current(a, here.today) and a.role in {role, Role.BEHEERDER}
    ]
    return found[0] if found and all(a.session is not None for a in found) else None


def _here(
    uow: UnitOfWork,
    known: PersonFacts,
    spot: Spot,
    counts: Callable[[AffiliationFact | GrantFact], bool],
) -> Facts:
    """Narrow a person's facts to one institution, its predecessors and one theme."""
    affiliations = tuple(a for a in known.affiliations if a.institution in spot.at and counts(a))
    granted = () if spot.theme is None else (pair for pair in known.grants if counts(pair[1]))
    if _is_barred(uow, known, spot):
        affiliations = tuple(a._replace(blocked=True) for a in affiliations)
    return Facts(
        known=True,
        active=known.active,
        person_blocked=known.blocked,
        institution_blocked=spot.blocked,
        institution=spot.institution,
        level_asked=spot.level,
        today=uow.today,
        affiliations=affiliations,
        grants=tuple(_grants(granted, spot, affiliations, uow.today)),
        terms=uow.terms,
    )


def _is_barred(uow: UnitOfWork, known: PersonFacts, spot: Spot) -> bool:
    """Tell whether a block is on what the person is here.

    It goes with the institution to its successor, as what it is on does (ruling 10), and shuts
    what that succeeded too. Asks something more for who is under such a block alone.
    """
    if not known.blocked_at:
        return False
    if known.blocked_at & spot.at:
        return True
    return any(spot.institution in access.lineage(uow.conn, at) for at in known.blocked_at)


def _grants(
    grants: Iterable[tuple[str, GrantFact]],
    spot: Spot,
    affiliations: tuple[AffiliationFact, ...],
    today: str,
) -> Iterator[GrantFact]:
    """Keep what gives this theme here."""
    for slug, grant in grants:
        if slug == spot.theme and (given := _given(grant, spot.at, affiliations, today)):
            yield given


def held_here(
    known: PersonFacts, at: frozenset[str], here: Facts
) -> dict[str, tuple[GrantFact, ...]]:
    """Return what gives each theme here, by slug, of all that somebody holds."""
    found: dict[str, tuple[GrantFact, ...]] = {}
    for slug, grant in known.grants:
        if given := _given(grant, at, here.affiliations, here.today):
            found[slug] = (*found.get(slug, ()), given)
    return found


def _given(
    grant: GrantFact, at: frozenset[str], affiliations: tuple[AffiliationFact, ...], today: str
) -> GrantFact | None:
    """Return what a grant is here, None where it is none.

    One without institution is given where its client put the person, and counts while what that
    client says the person is there counts (design section 3): what another client says there
    does not wake what this one ended.
    """
    if grant.institution:
        return grant if grant.institution in at else None
    placed = [a for a in affiliations if a.client == grant.client and a.session is None]
    if not placed:
        return None
    idle = [why for a in placed if (why := policy.why_idle(a, today))]
    if grant.suspended or len(idle) < len(placed):
        return grant
    return grant._replace(suspended=True, idle=min(idle))


def _places(
    uow: UnitOfWork, known: PersonFacts, bound: Actor | None = None
) -> dict[str, tuple[str, bool]]:
    """Every institution where the person is something, with those that succeeded it.

    For a bound client its own, in as many statements whatever others know of the person.
    """
    later = access.with_successors(uow.conn, {a.institution for a in known.affiliations})
    if bound is not None:
        later &= bound.institutions
    return dict(sorted(access.institutions(uow.conn, later).items()))


def _followed(session: Session, spot: Spot) -> Session:
    """Let capacity and reach at a predecessor count at its successor (ruling 10)."""
    if session.capacity is None and session.reach is None:
        return session
    at, here = spot.at, frozenset({spot.institution})
    none = frozenset[str]()
    return replace(
        session,
        capacity=None if session.capacity is None else (here if session.capacity & at else none),
        reach=None if session.reach is None else (here if session.reach & at else none),
    )
