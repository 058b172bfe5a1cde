"""``config`` and ``doctor``: whether the settings can be used and the installation is well."""

from __future__ import annotations

from collections.abc import Iterator

import click
from pydantic import SecretStr
from sqlalchemy.engine.url import make_url

from mo_access import provider_rules
from mo_access import settings as configuration
from mo_access.commands import distrusted, health, mapping_places
from mo_access.commands.desk import as_json, finding, say_json, say_table
from mo_access.mapping_file import json_schema
from mo_access.settings import SECRETS, Settings
from mo_access.settings_sources import origins, unknown_variables

MASK = "********"
_MAPPED = "MO_MAPPING_FILE"


@click.group()
def config() -> None:
    """The settings."""


@config.command()
@as_json
def check(*, as_json: bool) -> None:
    """Check every setting and the mapping file.

    78 when one cannot be used, 1 when a variable is unknown. What the mapping names and the
    database does not know is a warning, and so are sessions of a provider that is gone.
    """
    settings = configuration.load(make_keys=False)
    unknown = unknown_variables(Settings.model_fields)
    warnings = (
        *provider_rules.remarks(settings.providers),
        *mapping_places.remarks(settings),
        *_ending(settings),
    )
    if as_json:
        say_json({"findings": unknown, "warnings": warnings})
    else:
        for line in (*unknown, *(f"warning: {text}" for text in warnings)):
            click.echo(line)
        click.echo("The configuration can be used.")
    if unknown:
        finding()


@config.command()
@as_json
def show(*, as_json: bool) -> None:
    """Show every setting and where it comes from; secrets are masked."""
    settings = configuration.load(make_keys=False)
    told = origins(Settings.model_fields)
    told |= dict.fromkeys((name for name, _ in settings.mapping.settings()), _MAPPED)
    rows = [(name, _shown(settings, name), told.get(name, "")) for name in Settings.model_fields]
    rows += [(f"mapping.{name}", value, origin) for name, value, origin in _mapped(settings)]
    if as_json:
        return say_json({name: {"value": v, "origin": o or "default"} for name, v, o in rows})
    shown = [(name, str(value), origin or "default") for name, value, origin in rows]
    return say_table(("setting", "value", "origin"), shown, empty="")


@config.command()
def schema() -> None:
    """Print the JSON Schema of the mapping file, for editors and checkers."""
    say_json(json_schema())


@click.command()
@as_json
def doctor(*, as_json: bool) -> None:
    """Examine the installation; one remedy for each finding, 1 when there is one."""
    settings = configuration.load()
    checks = health.examined(settings)
    if as_json:
        say_json([{"check": c.name, "well": c.well, "remedy": c.remedy} for c in checks])
    else:
        for one in checks:
            click.echo(f"{'ok  ' if one.well else 'BAD '} {one.name}")
            if not one.well:
                click.echo(f"      {one.remedy}")
    if not all(one.well for one in checks):
        finding()


def _ending(settings: Settings) -> tuple[str, ...]:
    with mapping_places.reading(settings) as uow:
        return () if uow is None else distrusted.remarks(uow, settings)


def _mapped(settings: Settings) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the tables that only the mapping file can say."""
    found = settings.mapping
    yield "roles", dict(found.words), "" if found.roles is None else _MAPPED
    yield "themes", found.themes, _MAPPED if found.themes else ""
    yield "institutions", found.institutions, _MAPPED if found.institutions else ""


def _shown(settings: Settings, name: str) -> object:
    value = getattr(settings, name)
    if name == "database_url":
        return make_url(value).render_as_string(hide_password=True)
    if name == "oidc_providers":
        return [{**table, "client_secret": MASK} for table in value]
    if name in SECRETS or isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, tuple | dict):
        return dict(value) if isinstance(value, dict) else list(value)
    return value if isinstance(value, int | str | None) else str(value)
