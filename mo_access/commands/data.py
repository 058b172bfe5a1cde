"""``institution``, ``theme`` and ``document``: import from CSV, list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from mo_access.commands.desk import as_json, opened, say_json, say_table
from mo_access.domain.model import Institution
from mo_access.service import catalogue, import_documents, imports, named, succession
from mo_access.service.imports import Outcome
from mo_access.service.unit_of_work import UnitOfWork

_file = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def institution() -> None:
    """Schools, boards and other institutions."""


@institution.command("import")
@_file
@as_json
def import_institutions(file: Path, *, as_json: bool) -> None:
    """Import number,name,kind,board,successor,successor_from from a CSV file; all or nothing."""
    _run(imports.institutions, file, as_json=as_json)


@institution.command("list")
@as_json
def list_institutions(*, as_json: bool) -> None:
    """List every institution."""
    with opened().unit() as uow:
        found = catalogue.every_institution(uow)
    if as_json:
        return say_json([asdict(i) for i in found])
    rows = [
        (i.number, i.name, i.kind, i.board, i.successor or i.next_successor, i.successor_from)
        for i in found
    ]
    columns = ("number", "name", "kind", "board", "successor", "from")
    return say_table(columns, rows, empty="No institutions yet.")


@institution.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("--on", metavar="DAY", help="From this day on (YYYY-MM-DD); at once without it.")
@click.option("--undo", is_flag=True, help="Take it back, planned or past: all is as it was.")
@as_json
def succeed(old: str, new: str | None, on: str | None, *, undo: bool, as_json: bool) -> None:
    """Let OLD be succeeded by NEW: rights, group names and the bounds of clients follow."""
    if undo == (new is not None) or (undo and on):
        raise click.UsageError("say OLD and NEW (and --on), or OLD and --undo")
    with opened().unit() as uow:
        number = named.institution(uow, old)
        if new is None:
            now = succession.undo(uow, number)
        else:
            day = imports.imported_day(on) if on else None
            now = succession.succeed(uow, number, named.institution(uow, new), day)
        uow.commit()
    if as_json:
        return say_json(asdict(now))
    return click.echo(_told(now))


def _told(one: Institution) -> str:
    if one.next_successor is not None:
        told = f"{one.number} will be succeeded by {one.next_successor} on {one.successor_from}"
        return f"{told}; nothing changes before"
    if one.successor is not None:
        return f"{one.number} is succeeded by {one.successor}"
    return f"{one.number} has no successor any more"


@institution.command("change")
@click.argument("number")
@click.option(
    "--themes-end/--no-themes-end",
    required=True,
    help="Whether themes end with the last affiliation, so that who returns finds none.",
)
@as_json
def change_institution(number: str, *, themes_end: bool, as_json: bool) -> None:
    """Choose how an institution treats themes of people whose affiliation ended."""
    with opened().unit() as uow:
        known = named.institution(uow, number)
        changed = catalogue.set_themes_end(uow, known, on=themes_end)
        uow.commit()
    if as_json:
        return say_json({"number": known, "themesEnd": themes_end, "changed": changed})
    told = "end with the last affiliation" if themes_end else "are kept for who returns"
    return click.echo(f"{known}: themes {told}")


@click.group()
def theme() -> None:
    """Themes of documents."""


@theme.command("import")
@_file
@as_json
def import_themes(file: Path, *, as_json: bool) -> None:
    """Import slug,name,confidentiality,min_level from a CSV file; all or nothing."""
    _run(imports.themes, file, as_json=as_json)


@theme.command("list")
@as_json
def list_themes(*, as_json: bool) -> None:
    """List every theme."""
    with opened().unit() as uow:
        found = catalogue.every_theme(uow)
    if as_json:
        return say_json([asdict(t) for t in found])
    rows = [(t.slug, t.name, t.confidentiality.value, t.min_level) for t in found]
    columns = ("slug", "name", "confidentiality", "min_level")
    return say_table(columns, rows, empty="No themes yet.")


@click.group()
def document() -> None:
    """Documents that people read."""


@document.command("import")
@_file
@as_json
def import_all_documents(file: Path, *, as_json: bool) -> None:
    """Import id,title,institution,themes,contact_name,contact_email,file; files are copied."""
    desk = opened()
    store = desk.settings.documents
    _run(lambda uow, path: import_documents.documents(uow, path, store), file, as_json=as_json)


@document.command("list")
@as_json
def list_documents(*, as_json: bool) -> None:
    """List every document."""
    with opened().unit() as uow:
        found = catalogue.every_document(uow)
    if as_json:
        return say_json([asdict(d) for d in found])
    rows = [(d.id, d.institution, d.themes, d.title, d.contact_name, d.size) for d in found]
    columns = ("id", "institution", "themes", "title", "contact", "bytes")
    return say_table(columns, rows, empty="No documents yet.")


def _run(what: Callable[[UnitOfWork, Path], Outcome], file: Path, *, as_json: bool) -> None:
    with opened().unit() as uow:
        outcome = what(uow, file)
        uow.commit()
    if as_json:
        return say_json(asdict(outcome))
    told = f"{outcome.added} added, {outcome.changed} changed, {outcome.same} as before"
    return click.echo(told)
