"""``db``: the schema of the database."""

from __future__ import annotations

import click

from mo_access import settings as configuration
from mo_access.commands.desk import as_json, finding, say_json
from mo_access.storage import migrating


@click.group()
def db() -> None:
    """The database's schema."""


@db.command()
@as_json
def upgrade(*, as_json: bool) -> None:
    """Bring the database to the schema of this release."""
    url = configuration.load().database_url
    before = migrating.current(url)
    migrating.upgrade(url)
    _tell(before, migrating.current(url), as_json=as_json)


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def downgrade(revision: str, *, yes: bool, as_json: bool) -> None:
    """Bring the database back to REVISION; 'base' removes everything."""
    if not yes:
        click.confirm(f"This may delete data. Go back to {revision}?", abort=True, err=True)
    url = configuration.load().database_url
    before = migrating.current(url)
    migrating.downgrade(url, revision)
    _tell(before, migrating.current(url), as_json=as_json)


@db.command()
@as_json
def check(*, as_json: bool) -> None:
    """Compare the database with this release; 1 when they differ."""
    url = configuration.load().database_url
    found, wanted = migrating.current(url), migrating.head()
    # Of another revision everything differs, and the remedy is always the same.
    differing = migrating.differences(url) if found == wanted else ()
    slow = migrating.remarks(url) if found == wanted else ()
    if as_json:
        told = {"differences": differing, "remarks": slow}
        say_json({"revision": found, "head": wanted, **told})
    else:
        click.echo(f"revision {found or 'none'}, this release has {wanted}")
        for line in differing:
            click.echo(f"differs: {line}")
        for line in slow:
            click.echo(f"slower: {line}")
        if found != wanted:
            click.echo("run mo-access db upgrade")
    if found != wanted or differing:
        finding()


@db.command()
@as_json
def mend(*, as_json: bool) -> None:
    """Make search indexes, kept totals and the marks of blocks anew; writers wait meanwhile."""
    url = configuration.load().database_url
    found, wanted = migrating.current(url), migrating.head()
    if found != wanted:
        raise click.ClickException(f"revision {found or 'none'}: run mo-access db upgrade first")
    before = migrating.differences(url)
    migrating.mend(url)
    left = migrating.differences(url)
    if as_json:
        say_json({"found": before, "left": left})
    else:
        for line in before:
            click.echo(f"found: {line}")
        click.echo("nothing is left to mend" if not left else "\n".join(("left:", *left)))
    if left:
        finding()


def _tell(before: str | None, after: str | None, *, as_json: bool) -> None:
    if as_json:
        return say_json({"before": before, "after": after})
    return click.echo(f"revision {before or 'none'} -> {after or 'none'}")
