"""Import of documents and their files: all or nothing, to be repeated at will (design 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from mo_access.domain.model import Document, Event, Theme
from mo_access.domain.text import fold
from mo_access.service.csv_table import BadCell, BadTable, Columns, Line, Table, read_table
from mo_access.service.document_store import NotInFolder, StoredFile, described, keep, located
from mo_access.service.imports import Outcome, difference, number_in, raced
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import catalogue as stored
from mo_access.storage.catalogue import DocumentRow
from mo_access.storage.engine import Duplicate

_DOCUMENTS: Final = Columns(
    ("id", "title", "institution", "themes", "file"), ("contact_name", "contact_email")
)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def documents(uow: UnitOfWork, path: Path, store: Path) -> Outcome:
    """Import documents and copy their files, named beside the CSV file, into ``store``.

    Files are copied before anything is committed, so that no row is without its bytes; a file
    without a row does no harm. Raises ``BadTable``.
    """
    table = read_table(path, _DOCUMENTS)
    conn = uow.write()
    places = {i.number for i in stored.institutions(conn)}
    slugs = _slugs(stored.themes(conn))
    reader = _DocumentReader(path.parent, places, slugs)
    told = table.read(reader.read, lambda d: d.id, "id")
    found = difference(told, {d.id: d for d in stored.documents(conn)})
    _keep(table, told, path.parent, store)
    try:
        stored.add_documents(conn, found.added, uow.now)
    except Duplicate:
        raise raced() from None
    stored.change_documents(conn, found.changed)
    for document in found.added + found.changed:
        facts: Document = {"document": document.id, "themes": list(document.themes)}
        facts["digest"] = document.digest
        uow.record(Event("document.import", "ok", None, (document.institution,), facts=facts))
    return found.outcome


def _slugs(every: tuple[Theme, ...]) -> dict[str, str]:
    return {fold(t.name): t.slug for t in every} | {t.slug: t.slug for t in every}


class _DocumentReader:
    """Makes a document of a row, against what is known and the files beside the CSV file."""

    def __init__(self, folder: Path, places: AbstractSet[str], slugs: Mapping[str, str]) -> None:
        self.folder = folder
        self.places = places
        self.slugs = slugs

    def read(self, line: Line) -> DocumentRow:
        """Make the document. Raises ``BadCell``."""
        document_id = line.needed("id")
        if not _ID.fullmatch(document_id):
            raise BadCell("id", f"{document_id[:40]!r} may hold letters, digits, . _ - only")
        file = self._file(line)
        return DocumentRow(
            id=document_id,
            title=line.needed("title"),
            contact_name=line["contact_name"],
            contact_email=_email(line),
            file_name=file.name,
            media_type=file.media_type,
            digest=file.digest,
            size=file.size,
            institution=self._institution(line),
            themes=self._themes(line),
        )

    def _institution(self, line: Line) -> str:
        number = number_in(line, "institution")
        if number not in self.places:
            raise BadCell("institution", f"institution {number} is unknown; import it first")
        return number

    def _themes(self, line: Line) -> tuple[str, ...]:
        texts = [text.strip() for text in line.needed("themes").split(";") if text.strip()]
        if not texts:
            raise BadCell("themes", "name at least one theme")
        if unknown := [text for text in texts if fold(text) not in self.slugs]:
            raise BadCell("themes", f"unknown theme {', '.join(unknown)[:80]}; import it first")
        return tuple(sorted({self.slugs[fold(text)] for text in texts}))

    def _file(self, line: Line) -> StoredFile:
        try:
            return described(located(self.folder, line.needed("file")))
        except NotInFolder as fault:
            raise BadCell("file", str(fault)) from None


def _email(line: Line) -> str:
    text = line["contact_email"]
    if text and not _EMAIL.fullmatch(text):
        raise BadCell("contact_email", f"{text[:40]!r} is no e-mail address")
    if not text and not line["contact_name"]:
        raise BadCell("contact_name", "a document names its contact: give a name or an address")
    return text


def _keep(table: Table, told: Mapping[str, DocumentRow], folder: Path, store: Path) -> None:
    for line, document in zip(table.lines, told.values(), strict=True):
        try:
            keep(located(folder, line["file"]), store, document.digest)
        except (NotInFolder, OSError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else str(fault)
            raise BadTable(
                [table.fault(line, BadCell("file", reason or "cannot be copied"))]
            ) from None
