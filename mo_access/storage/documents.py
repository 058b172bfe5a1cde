"""Documents as they are read: where they belong, under which themes, where the bytes are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, Text, bindparam, exists, select

from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Connection, Row
from mo_access.storage.schema import document, document_theme, institution, theme


@dataclass(frozen=True, slots=True)
class Document:
    """A document without its bytes; any one of ``themes`` suffices to read it."""

    id: str
    title: str
    institution: str
    institution_name: str
    contact_name: str
    contact_email: str
    file_name: str
    media_type: str
    digest: str
    size: int
    themes: tuple[str, ...]
    confidential: bool
    shut: bool = False
    """Whether a block is on its institution as a whole."""


_ROWS: Final[Select[Row]] = (
    select(
        document.c.id,
        document.c.title,
        institution.c.number,
        institution.c.name,
        document.c.contact_name,
        document.c.contact_email,
        document.c.file_name,
        document.c.media_type,
        document.c.digest,
        document.c.size,
        theme.c.slug,
        theme.c.confidentiality,
        institution.c.blocked,
    )
    .select_from(document)
    .join(institution, institution.c.pk == document.c.institution_pk)
    .join(document_theme, document_theme.c.document_pk == document.c.pk)
    .join(theme, theme.c.pk == document_theme.c.theme_pk)
    .order_by(institution.c.number, document.c.title, document.c.pk, theme.c.slug)
)
_BY_ID = _ROWS.where(document.c.id == bindparam("document"))


_place: Final = (
    select(institution.c.number)
    .join(document, document.c.institution_pk == institution.c.pk)
    .where(document.c.id == bindparam("document"))
    .cte("lineage", recursive=True)
)
_heir: Final = institution.alias("heir")
_lineage: Final = _place.union(
    select(_heir.c.successor)
    .join(_place, _heir.c.number == _place.c.number)
    .where(_heir.c.successor.is_not(None))
)
_numbers: Final = json_texts(bindparam("numbers", type_=Text))
_BY_ID_AT = _BY_ID.where(
    exists(select(_lineage.c.number).where(_lineage.c.number.in_(select(_numbers.c.value))))
)


def get(
    conn: Connection, document_id: str, within: frozenset[str] | None = None
) -> Document | None:
    """Return a document with its themes, or None.

    ``within``: only where its institution, or one that succeeded it (ruling 10), is among these.
    """
    wanted: dict[str, int | str | bytes | None] = {"document": document_id}
    if within is None:
        rows = conn.all(_BY_ID, wanted)
    else:
        rows = conn.all(_BY_ID_AT, {**wanted, "numbers": json.dumps(sorted(within))})
    found = _joined(rows)
    return found[0] if found else None


def at(conn: Connection, numbers: list[str]) -> list[Document]:
    """Return every document of these institutions, by institution and title."""
    if not numbers:
        return []
    return _joined(conn.all(_ROWS.where(institution.c.number.in_(numbers))))


def _joined(rows: list[Row]) -> list[Document]:
    themes: dict[str, list[Row]] = {}
    for row in rows:
        themes.setdefault(str(row[0]), []).append(row)
    return [_document(group) for group in themes.values()]


def _document(rows: list[Row]) -> Document:
    document_id, title, number, name, contact, email, file, media, digest, size, *_ = rows[0]
    return Document(
        id=document_id,
        title=title,
        institution=number,
        institution_name=name,
        contact_name=contact,
        contact_email=email,
        file_name=file,
        media_type=media,
        digest=digest,
        size=size,
        themes=tuple(str(row[10]) for row in rows),
        confidential=any(row[11] == "confidential" for row in rows),
        shut=rows[0][12] is not None,
    )
