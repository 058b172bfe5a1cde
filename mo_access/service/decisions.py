"""May U read T at I now? Read the facts, ask the policy, answer (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mo_access.domain import policy
from mo_access.domain.model import Actor, Role
from mo_access.domain.policy import AffiliationFact, Decision, Facts, GrantFact, Reason, Session
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access
from mo_access.storage.access import PersonFacts

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


def decide(uow: UnitOfWork, question: Question) -> Decision:
    """Answer a question from what the database says now; at most seven statements."""
    known = _subject(uow, question)
    if known is None:
        return Decision(allowed=False, reason=Reason.UNKNOWN)
    facts = _facts(uow, known, question)
    if facts is None:
        return Decision(allowed=False, reason=Reason.UNKNOWN)
    session = _followed(uow, question.session, question.institution)
    if question.role is not None:
        return policy.decide_role(facts, session, question.role.value)
    return policy.decide(facts, session)


def readable(uow: UnitOfWork, person_id: str, session: Session) -> tuple[Right, ...]:
    """List every theme that the person may read now, with where."""
    known = access.person_facts(uow.conn, person_id)
    if known is None:
        return ()
    themes = access.themes(uow.conn)
    places = _places(uow, known)
    rights = [
        Right(number, name, slug, themes[slug][0])
        for number, (name, blocked) in places.items()
        for slug in sorted({slug for slug, _ in known.grants})
        if policy.decide(
            _here(uow, known, number, slug, blocked=blocked, asked=themes[slug][1]),
            _followed(uow, session, number),
        ).allowed
    ]
    return tuple(rights)


def current_places(uow: UnitOfWork, person_id: str, session: Session) -> tuple[Place, ...]:
    """List the institutions where the person is gebruiker or beheerder now."""
    known = access.person_facts(uow.conn, person_id)
    if known is None:
        return ()
    found = []
    for number, (name, blocked) in _places(uow, known).items():
        facts = _here(uow, known, number, None, blocked=blocked, asked=0)
        follow = _followed(uow, session, number)
        for role in (Role.BEHEERDER, Role.GEBRUIKER):
            if policy.decide_role(facts, follow, role.value).allowed:
                found.append(Place(number, name, role))
                break
    return tuple(found)


def who(uow: UnitOfWork, theme: str, institution: str, actor: Actor | None = None) -> Iterator[str]:
    """Yield the ids of the people who may read the theme at the institution now."""
    if actor is not None and not actor.covers(institution):
        return
    client = None if actor is None or actor.platform else actor.client_pk
    at = sorted(access.lineage(uow.conn, institution))
    ids = {i for number in at for i in access.holders(uow.conn, theme, number, client)}
    for person_id in sorted(ids):
        if decide(uow, Question(person_id, institution, theme, actor=actor)).allowed:
            yield person_id


def _subject(uow: UnitOfWork, question: Question) -> PersonFacts | None:
    actor = question.actor
    if actor is None or actor.platform:
        return access.person_facts(uow.conn, question.person)
    if not actor.covers(question.institution):
        return None
    return access.person_facts(uow.conn, question.person, actor.client_pk)


def _facts(uow: UnitOfWork, known: PersonFacts, question: Question) -> Facts | None:
    place = access.place(uow.conn, question.institution)
    asked = 0 if question.theme is None else access.level(uow.conn, question.theme)
    if place is None or asked is None:
        return None
    number, theme = question.institution, question.theme
    return _here(uow, known, number, theme, blocked=place[1], asked=asked)


def _here(
    uow: UnitOfWork,
    known: PersonFacts,
    number: str,
    theme: str | None,
    *,
    blocked: bool,
    asked: int,
) -> Facts:
    """Narrow a person's facts to one institution, its predecessors and one theme."""
    at = access.lineage(uow.conn, number)
    affiliations = tuple(a for a in known.affiliations if a.institution in at)
    return Facts(
        known=True,
        active=known.active,
        person_blocked=known.blocked,
        institution_blocked=blocked,
        institution=number,
        level_asked=asked,
        today=uow.today,
        affiliations=affiliations,
        grants=tuple(_grants(known.grants, theme, at, affiliations)),
    )


def _grants(
    grants: Iterable[tuple[str, GrantFact]],
    theme: str | None,
    at: frozenset[str],
    affiliations: tuple[AffiliationFact, ...],
) -> Iterator[GrantFact]:
    """Keep what gives this theme here.

    One without institution counts where its client put the person (design section 3).
    """
    clients = {a.client for a in affiliations}
    for slug, grant in grants:
        if slug == theme and (
            grant.institution in at or (not grant.institution and grant.client in clients)
        ):
            yield grant


def _places(uow: UnitOfWork, known: PersonFacts) -> dict[str, tuple[str, bool]]:
    """Every institution where the person is something, with those that succeeded it."""
    numbers = {a.institution for a in known.affiliations}
    later = {n for number in numbers for n in access.successors(uow.conn, number)}
    return dict(sorted(access.institutions(uow.conn, frozenset(later)).items()))


def _followed(uow: UnitOfWork, session: Session, number: str) -> Session:
    """Let capacity and reach at a predecessor count at its successor (ruling 10)."""
    if session.capacity is None and session.reach is None:
        return session
    at = access.lineage(uow.conn, number)
    here = frozenset({number})
    return Session(
        session.level,
        None if session.capacity is None else (here if session.capacity & at else frozenset()),
        None if session.reach is None else (here if session.reach & at else frozenset()),
    )
