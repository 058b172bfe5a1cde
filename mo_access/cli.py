"""The ``mo-access`` command: one group of commands for each subject (design section 4).

Exit codes: 0 all is well, 1 something was found or refused, 2 the command was used wrongly,
78 the configuration cannot be used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import click

from mo_access.commands.desk import FINDING, MISCONFIGURED
from mo_access.domain.errors import AccessError
from mo_access.key_files import KeyFileError
from mo_access.settings import ConfigError
from mo_access.storage.engine import DatabaseDown
from mo_access.storage.revision import UnknownRevision

MODULES: Final = {
    "running": ("serve", "demo"),
    "database": ("db",),
    "data": ("institution", "theme", "document"),
    "clients": ("client",),
    "rights": ("why", "who"),
    "audit": ("audit",),
    "sessions": ("session",),
    "keys": ("key",),
    "configuration": ("config", "doctor"),
    "sync": ("sync",),
    "mapping": ("mapping",),
    "persons": ("person",),
    "history": ("history",),
    "review": ("review",),
    "beheerders": ("beheerder",),
    "blocks": ("block", "unblock"),
    "standing": ("affiliation", "membership"),
    "dev": ("dev",),
}
"""Which commands each module of ``mo_access.commands`` has."""
_MODULE: Final = {name: module for module, names in MODULES.items() for name in names}


class _Program(click.Group):
    """Imports the module of a command when it is asked for, and of all for the help alone.

    The doors that some of them need take two thirds of the start, which ``why`` does not wait for.
    """

    def list_commands(self, _: click.Context) -> list[str]:
        """Name every command."""
        return sorted(_MODULE)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Give a command, or None where there is none of this name."""
        if name not in _MODULE:
            return None
        found = getattr(import_module(f"mo_access.commands.{_MODULE[name]}"), name)
        if not isinstance(found, click.Command):
            raise TypeError(f"{name} is no command")
        return found


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mo-access")
def program() -> None:
    """Access to Mijn Onderwijs for any identity broker."""


def main() -> None:
    """Run the command that was typed; every foreseen fault is a readable line and an exit code."""
    try:
        program.main(prog_name="mo-access")
    except ConfigError as fault:
        _end(MISCONFIGURED, *fault.problems)
    except KeyFileError as fault:
        _end(MISCONFIGURED, str(fault))
    except AccessError as fault:
        _end(FINDING, *fault.message.splitlines())
    except UnknownRevision as fault:
        _end(FINDING, str(fault))
    except DatabaseDown as fault:
        _end(FINDING, f"the database cannot be reached: {str(fault).splitlines()[0]}")


def _end(code: int, *lines: str) -> None:
    for line in lines:
        click.echo(f"mo-access: {line}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
