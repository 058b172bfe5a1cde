"""My institutions, my themes, my documents with whom to ask; open one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from flask.typing import ResponseReturnValue

from mo_access.service import decisions, documents
from mo_access.service.decisions import Place, Right
from mo_access.service.documents import Document
from mo_access.service.sessions import Session
from mo_oidc import guards
from mo_portal import files
from mo_portal.people import called
from mo_web import pages, unit
from mo_web.pages import Choice
from mo_web.shared import shared


@dataclass(frozen=True, slots=True)
class Shelf:
    """One institution with what the person is, and may read, there."""

    number: str
    name: str
    role: str
    origin: str
    """From which provider the role came with the sign-in; "" where a client gave it."""
    themes: tuple[str, ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to ask, and about which documents."""

    name: str
    email: str
    documents: tuple[Document, ...]


def home() -> ResponseReturnValue:
    """GET my institutions, themes and documents; the public entry without a session."""
    session = guards.current_session()
    if session is None:
        return pages.page("portal/entry.html", choices=_choices())
    uow = unit.current()
    places = decisions.current_places(uow, session.person, session.policy)
    rights = decisions.readable(uow, session.person, session.policy)
    found = documents.readable(uow, session.person, session.policy)
    shelves = _shelves(places, rights, found)
    return pages.page("portal/home.html", person=called(session), shelves=shelves, here="home")


@guards.login_required
def contacts() -> ResponseReturnValue:
    """GET whom to ask about the documents that I may read."""
    session = _session()
    found = documents.readable(unit.current(), session.person, session.policy)
    people = _contacts(found)
    return pages.page(
        "portal/contacts.html", person=called(session), people=people, here="contacts"
    )


@guards.login_required
def document(document_id: str) -> ResponseReturnValue:
    """GET the bytes of a document, if the person may read it now (rules 7 and 9).

    A refusal is a 403 page with its reason code, and in the audit trail. Raises ``NotFound``.
    """
    session, uow = _session(), unit.current()
    wanted = documents.get(uow, document_id)
    decision = documents.decide(uow, session.person, wanted, session.policy)
    documents.record_reading(uow, session.person, wanted, decision)
    uow.commit()
    if decision.allowed:
        return files.send(shared().settings.documents, wanted)
    return guards.denied(decision)


def _session() -> Session:
    session = guards.current_session()
    if session is None:
        raise RuntimeError("login_required let somebody in without a session")
    return session


def _choices() -> list[Choice]:
    providers = shared().settings.providers
    return [
        Choice(p.shown, f"/oidc/login?{urlencode({'next': '/', 'provider': p.name})}")
        for p in providers
    ]


def _shelves(
    places: Iterable[Place], rights: Iterable[Right], found: Iterable[Document]
) -> list[Shelf]:
    """Sort rights and documents by institution.

    An institution stands here when the person is something there or may read something of it.
    """
    themes = {number: tuple(g) for number, g in groupby(rights, key=lambda r: r.institution)}
    shelved = {number: tuple(g) for number, g in groupby(found, key=lambda d: d.institution)}
    roles = {place.institution: place for place in places}
    names = {d[0].institution: d[0].institution_name for d in shelved.values()}
    names |= {place.institution: place.name for place in roles.values()}
    return [
        Shelf(
            number,
            name,
            roles[number].role.value if number in roles else "",
            _origin(roles.get(number)),
            tuple(right.theme_name for right in themes.get(number, ())),
            shelved.get(number, ()),
        )
        for number, name in sorted(names.items())
    ]


def _origin(place: Place | None) -> str:
    came_by = place.came_by if place else None
    return came_by.client or "" if came_by else ""


def _contacts(found: Iterable[Document]) -> list[Contact]:
    ordered = sorted(found, key=lambda d: (d.contact_name, d.contact_email, d.title))
    grouped = groupby(ordered, key=lambda d: (d.contact_name, d.contact_email))
    return [Contact(name, email, tuple(group)) for (name, email), group in grouped]
