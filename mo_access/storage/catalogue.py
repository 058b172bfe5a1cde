"""Institutions, themes and documents as imported data: reading them whole, writing changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, insert, select, update

from mo_access.domain.model import Confidentiality, Institution, Theme
from mo_access.storage.engine import Connection
from mo_access.storage.schema import document, document_theme, institution, theme

_i = institution.c
_t = theme.c
_d = document.c
_INSTITUTION_VALUES: Final = (
    *("name", "kind", "board", "successor"),
    *("successor_next", "successor_from"),
)
_INSTITUTIONS = select(_i.number, *(_i[name] for name in _INSTITUTION_VALUES)).order_by(_i.number)
_INSTITUTION = select(_i.pk).where(_i.number == bindparam("wanted"))
_THEMES = select(_t.slug, _t.name, _t.confidentiality, _t.min_level).order_by(_t.slug)
_DOCUMENT_COLUMNS: Final = (
    "id",
    "title",
    "contact_name",
    "contact_email",
    "file_name",
    "media_type",
    "digest",
    "size",
)
_DOCUMENTS = (
    select(*(_d[name] for name in _DOCUMENT_COLUMNS), _i.number)
    .join_from(document, institution, _i.pk == _d.institution_pk)
    .order_by(_d.id)
)
_DOCUMENT_THEMES = (
    select(_d.id, _t.slug)
    .join_from(document_theme, document, _d.pk == document_theme.c.document_pk)
    .join(theme, _t.pk == document_theme.c.theme_pk)
    .order_by(_t.slug)
)
_ADD_INSTITUTION = insert(institution).values(
    {name: bindparam(name) for name in ("number", *_INSTITUTION_VALUES)}
)
_CHANGE_INSTITUTION = (
    update(institution)
    .where(_i.number == bindparam("of"))
    .values({name: bindparam(name) for name in _INSTITUTION_VALUES})
)
_THEME_VALUES: Final = ("name", "confidentiality", "min_level")
_ADD_THEME = insert(theme).values({name: bindparam(name) for name in ("slug", *_THEME_VALUES)})
_CHANGE_THEME = (
    update(theme)
    .where(_t.slug == bindparam("of"))
    .values({name: bindparam(name) for name in _THEME_VALUES})
)
_AT = select(_i.pk).where(_i.number == bindparam("at_number")).scalar_subquery()
_ADD_DOCUMENT = insert(document).values(
    {name: bindparam(name) for name in (*_DOCUMENT_COLUMNS, "created")} | {"institution_pk": _AT}
)
_CHANGE_DOCUMENT = (
    update(document)
    .where(_d.id == bindparam("of"))
    .values({name: bindparam(name) for name in _DOCUMENT_COLUMNS[1:]} | {"institution_pk": _AT})
)
_OF = select(_d.pk).where(_d.id == bindparam("of")).scalar_subquery()
_CLEAR_THEMES = delete(document_theme).where(document_theme.c.document_pk == _OF)
_ADD_DOCUMENT_THEME = insert(document_theme).values(
    document_pk=_OF,
    theme_pk=select(_t.pk).where(_t.slug == bindparam("with_slug")).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as it is imported; ``digest`` names its bytes in the store."""

    id: str
    title: str
    contact_name: str
    contact_email: str
    file_name: str
    media_type: str
    digest: str
    size: int
    institution: str
    themes: tuple[str, ...]


def institutions(conn: Connection) -> tuple[Institution, ...]:
    """Give every institution, by number."""
    return tuple(Institution(*row) for row in conn.all(_INSTITUTIONS, {}))


def is_institution(conn: Connection, number: str) -> bool:
    """Tell whether there is an institution with this number."""
    return conn.one(_INSTITUTION, {"wanted": number}) is not None


def themes(conn: Connection) -> tuple[Theme, ...]:
    """Give every theme, by slug."""
    return tuple(
        Theme(slug, name, Confidentiality(kind), level)
        for slug, name, kind, level in conn.all(_THEMES, {})
    )


def documents(conn: Connection) -> tuple[DocumentRow, ...]:
    """Give every document with the slugs of its themes, by id."""
    slugs: dict[str, list[str]] = {}
    for document_id, slug in conn.all(_DOCUMENT_THEMES, {}):
        slugs.setdefault(document_id, []).append(slug)
    return tuple(
        DocumentRow(*[*row, tuple(slugs.get(row[0], ()))]) for row in conn.all(_DOCUMENTS, {})
    )


def add_institutions(conn: Connection, added: Iterable[Institution]) -> None:
    """Insert institutions."""
    conn.many(_ADD_INSTITUTION, [{"number": i.number, **_institution(i)} for i in added])


def change_institutions(conn: Connection, changed: Iterable[Institution]) -> None:
    """Update institutions by number."""
    conn.many(_CHANGE_INSTITUTION, [{"of": i.number, **_institution(i)} for i in changed])


def add_themes(conn: Connection, added: Iterable[Theme]) -> None:
    """Insert themes."""
    conn.many(_ADD_THEME, [{"slug": t.slug, **_theme(t)} for t in added])


def change_themes(conn: Connection, changed: Iterable[Theme]) -> None:
    """Update themes by slug."""
    conn.many(_CHANGE_THEME, [{"of": t.slug, **_theme(t)} for t in changed])


def add_documents(conn: Connection, added: Iterable[DocumentRow], now: int) -> None:
    """Insert documents with their themes."""
    rows = tuple(added)
    conn.many(_ADD_DOCUMENT, [{"id": d.id, "created": now, **_document(d)} for d in rows])
    _set_themes(conn, rows)


def change_documents(conn: Connection, changed: Iterable[DocumentRow]) -> None:
    """Update documents by id, with their themes."""
    rows = tuple(changed)
    conn.many(_CHANGE_DOCUMENT, [{"of": d.id, **_document(d)} for d in rows])
    conn.many(_CLEAR_THEMES, [{"of": d.id} for d in rows])
    _set_themes(conn, rows)


def _set_themes(conn: Connection, rows: tuple[DocumentRow, ...]) -> None:
    pairs = [(d.id, slug) for d in rows for slug in d.themes]
    conn.many(_ADD_DOCUMENT_THEME, [{"of": of, "with_slug": slug} for of, slug in pairs])


def _institution(i: Institution) -> dict[str, str | None]:
    told = (i.name, i.kind, i.board, i.successor, i.next_successor, i.successor_from)
    return dict(zip(_INSTITUTION_VALUES, told, strict=True))


def _theme(t: Theme) -> dict[str, str | int]:
    return {"name": t.name, "confidentiality": t.confidentiality.value, "min_level": t.min_level}


def _document(d: DocumentRow) -> dict[str, str | int]:
    return {
        "title": d.title,
        "contact_name": d.contact_name,
        "contact_email": d.contact_email,
        "file_name": d.file_name,
        "media_type": d.media_type,
        "digest": d.digest,
        "size": d.size,
        "at_number": d.institution,
    }


_SET_THEMES_END = (
    update(institution)
    .where(_i.number == bindparam("of"), _i.themes_end != bindparam("chosen"))
    .values(themes_end=bindparam("chosen"))
)


def set_themes_end(conn: Connection, number: str, *, on: bool) -> bool:
    """Store whether themes end with the affiliation; False where nothing changed."""
    return conn.run(_SET_THEMES_END, {"of": number, "chosen": int(on)}) == 1
