"""The catalogue that a trial maps to: the database's where there is one, else an assumed one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError

from mo_access.domain.errors import Invalid
from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Actor
from mo_access.domain.text import fold
from mo_access.service import catalogue, clients
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database, DatabaseDown
from mo_scim.endpoints.leeway import rules_of
from mo_scim.mapping.trial import Place
from mo_scim.profiles import Profile, profile

ANYBODY: Final = Actor(
    client_pk=0,
    client_id="",
    name="",
    platform=True,
    institutions=frozenset(),
    default_institution=None,
    profile="lenient",
    scopes=frozenset(),
)
"""Who sends where no client is named: one that may act everywhere and has no default."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Every number is an institution, and there are the themes that the configuration names."""

    slugs: frozenset[str]

    def institution(self, number: str) -> bool:
        """Tell that there is an institution with this number."""
        return bool(number)

    def theme(self, text: str) -> str | None:
        """Return the slug with this text, whatever the case."""
        folded = fold(text.strip())
        return folded if folded in self.slugs else None


@contextmanager
def reading(settings: Settings) -> Iterator[UnitOfWork | None]:
    """Lend a unit of work that only reads; None where no database of this release answers.

    Nothing is made: no file, no schema, no keys (the ring is empty of any that count).
    """
    if not _is_there(settings.database_url):
        yield None
        return
    database = Database(settings.database_url)
    try:
        ring = KeyRing({"none": bytes(32)}, "none")
        with UnitOfWork(database, keys=ring, request_id="trial", caller="cli:trial") as uow:
            yield uow
    finally:
        database.close()


def place(uow: UnitOfWork | None, settings: Settings, client: str | None) -> Place:
    """Return who sends and what exists. Raises ``NotFound`` for a client that there is not."""
    if uow is None:
        if client is not None:
            raise Invalid("--client needs the database, which is not there or of another release")
        return Place(_profile(ANYBODY, settings), Assumed(slugs(settings)), ANYBODY)
    actor = ANYBODY if client is None else clients.acting(uow, client)
    return Place(_profile(actor, settings), catalogue.of(uow, actor), actor)


def slugs(settings: Settings) -> frozenset[str]:
    """Return every theme that the configuration maps something to."""
    return frozenset((*settings.theme_rights.values(), *settings.mapping.themes.values()))


def remarks(settings: Settings) -> tuple[str, ...]:
    """Tell which rights nothing matches, and what is mapped to and the database does not know.

    The second needs a database.
    """
    idle = tuple(
        f"right {text}: holds a colon; a value is read up to its first one, so none is this right"
        for text in sorted({*settings.beheerder_rights, *settings.gebruiker_rights})
        + sorted(settings.theme_rights)
        if ":" in text
    )
    with reading(settings) as uow:
        if uow is None:
            return idle
        known = catalogue.of(uow, ANYBODY)
        themes = sorted(slug for slug in slugs(settings) if known.theme(slug) is None)
        codes = settings.mapping.institutions.items()
        lost = [(code, number) for code, number in codes if not known.institution(number)]
        taken = [
            (text, slug)
            for text, slug in settings.mapping.themes.items()
            if known.theme(text) not in {None, slug}
        ]
    return (
        *idle,
        *(f"mapping: no theme has the slug {slug}" for slug in themes),
        *(f"institutions.{code}: no institution has the number {n}" for code, n in lost),
        *(f"themes.{text}: is the name of another theme, which counts" for text, _ in taken),
    )


def _profile(actor: Actor, settings: Settings) -> Profile:
    named = profile(actor.profile)
    return Profile(named.name, named.tolerated, rules_of(settings))


def _is_there(url: str) -> bool:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and not Path(parts.database or "").is_file():
        return False
    try:
        return migrating.current(url) == migrating.head()
    except (SQLAlchemyError, DatabaseDown):
        return False
