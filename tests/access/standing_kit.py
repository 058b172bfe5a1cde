"""People with an affiliation and a theme, for tests of blocks and of what the calendar ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GroupDraft,
    Institution,
    MemberChange,
    PersonDraft,
    PersonView,
    Role,
    Theme,
)
from mo_access.domain.policy import Reason
from mo_access.service import audit, clients, decisions, groups, people
from mo_access.service.clients import NewClient
from mo_access.service.decisions import Question
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue
from tests.access.conftest import NOW

Unit = Callable[..., UnitOfWork]
OLD, SCHOOL, OTHER = "900000", "900001", "900002"
"""The school succeeded the old one."""
ISSUER, THEME = "https://op.example", "leerlingen-openbaar"
INSZ, SECOND_INSZ = "85073003328", "85073003427"
DAY = 86_400_000_000
TODAY = date(2026, 11, 24)
"""The day of ``NOW`` in Brussels."""


def lay_out(uow: UnitOfWork, *names: str) -> dict[str, Actor]:
    """Make the institutions, a theme, and clients: ``platform``, and others for every school."""
    conn = uow.write()
    schools = [Institution(OLD, "Oud", successor=SCHOOL), Institution(SCHOOL, "De Eik")]
    catalogue.add_institutions(conn, [*schools, Institution(OTHER, "De Linde")])
    catalogue.add_themes(conn, [Theme(THEME, "Leerlingen")])
    found = {name: client(uow, name) for name in names}
    uow.commit()
    return found


def client(uow: UnitOfWork, name: str) -> Actor:
    """Make a client and give who it is."""
    platform = name == "platform"
    at = () if platform else (OLD, SCHOOL, OTHER)
    new = NewClient(name, institutions=at, platform=platform, issuers=(ISSUER,))
    _, token = clients.create(uow, new)
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def at(number: str = SCHOOL, end: date | None = None, **more: Any) -> AffiliationClaim:  # noqa: ANN401 - any field
    """Say that somebody is gebruiker of an institution until a day."""
    base = AffiliationClaim(Form.AFFILIATIONS, number, Role.GEBRUIKER, end=end)
    return replace(base, **more)


def said(name: str = "an", *claims: AffiliationClaim, **more: Any) -> PersonDraft:  # noqa: ANN401 - any field
    """Draft somebody who is what the claims say."""
    told: Document = {"userName": name, "said": str(claims), "more": str(more)}
    draft = PersonDraft(name, None, active=True, document=told, affiliations=claims)
    return replace(draft, **more)


def change(uow: UnitOfWork, actor: Actor, person: str, draft: PersonDraft) -> PersonView:
    """Replace what a client says."""
    return people.update(uow, actor, person, lambda _: draft)


def remove(uow: UnitOfWork, actor: Actor, person: str) -> None:
    """Delete what a client says."""
    people.delete(uow, actor, person, lambda _: None)


def theme_group(
    uow: UnitOfWork, actor: Actor, *members: str, institution: str | None = SCHOOL
) -> str:
    """Make a group that gives the theme at an institution, or names none."""
    draft = GroupDraft(f"g-{institution}", None, {}, (), THEME, institution)
    return groups.create(uow, actor, draft, MemberChange("add", members)).id


def reason(uow: UnitOfWork, person: str, number: str = SCHOOL) -> Reason:
    """Decide on the theme."""
    return decisions.decide(uow, Question(person, number, THEME)).reason


def events(uow: UnitOfWork, *kinds: str) -> list[dict[str, Any]]:
    """Return the events of these kinds in the order in which they were written."""
    found: list[dict[str, Any]] = [dict(event) for event in audit.last(uow, 10_000)]
    return [event for event in found if event["kind"] in kinds]


__all__ = [
    "DAY",
    "INSZ",
    "ISSUER",
    "NOW",
    "OLD",
    "OTHER",
    "SCHOOL",
    "SECOND_INSZ",
    "THEME",
    "TODAY",
    "Unit",
    "at",
    "change",
    "client",
    "events",
    "lay_out",
    "reason",
    "remove",
    "said",
    "theme_group",
]
