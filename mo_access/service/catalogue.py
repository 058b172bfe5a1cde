"""What there is to give access to, as one actor may name it: institutions and themes (rule 4)."""

from __future__ import annotations

from functools import cached_property

from mo_access.domain.model import Actor, Document, Event, Institution, Theme
from mo_access.domain.text import fold
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue as stored
from mo_access.storage.catalogue import DocumentRow


class Catalogue:
    """The institutions in an actor's scope and every theme; read once for each unit of work."""

    def __init__(self, uow: UnitOfWork, actor: Actor) -> None:
        """Remember whose catalogue it is; nothing is read yet."""
        self._uow = uow
        self._actor = actor
        self._known: dict[str, bool] = {}

    def institution(self, number: str) -> bool:
        """Tell whether the number is known and inside the scope: foreign equals unknown."""
        if not self._actor.platform:
            return number in self._actor.institutions
        if number not in self._known:
            self._known[number] = stored.is_institution(self._uow.conn, number)
        return self._known[number]

    def theme(self, text: str) -> str | None:
        """Give the slug of the theme with this slug or name, whatever the case; else None."""
        return self._slugs.get(fold(text.strip()))

    def themes(self) -> tuple[Theme, ...]:
        """Give every theme, by slug."""
        return self._themes

    def institutions(self) -> tuple[Institution, ...]:
        """Give every institution in the scope, by number."""
        return tuple(i for i in stored.institutions(self._uow.conn) if self._actor.covers(i.number))

    @cached_property
    def _themes(self) -> tuple[Theme, ...]:
        return stored.themes(self._uow.conn)

    @cached_property
    def _slugs(self) -> dict[str, str]:
        by_name = {fold(theme.name): theme.slug for theme in self._themes}
        return by_name | {fold(theme.slug): theme.slug for theme in self._themes}


def of(uow: UnitOfWork, actor: Actor) -> Catalogue:
    """Give the actor's catalogue; keep it for as long as the unit of work."""
    return Catalogue(uow, actor)


def every_institution(uow: UnitOfWork) -> tuple[Institution, ...]:
    """Give every institution, for the operator."""
    return stored.institutions(uow.conn)


def every_theme(uow: UnitOfWork) -> tuple[Theme, ...]:
    """Give every theme, for the operator."""
    return stored.themes(uow.conn)


def every_document(uow: UnitOfWork) -> tuple[DocumentRow, ...]:
    """Give every document, for the operator."""
    return stored.documents(uow.conn)


def set_themes_end(uow: UnitOfWork, number: str, *, on: bool) -> bool:
    """Choose whether themes end with the last affiliation here; False where it was so already.

    It counts for affiliations that end from now on.
    """
    if not stored.set_themes_end(uow.write(), number, on=on):
        return False
    told: Document = {"themes_end": on}
    uow.record(Event("institution.change", "ok", institutions=(number,), facts=told))
    return True
