"""The ``mo-access`` command: one group of commands for each subject (design section 4).

Exit codes: 0 all is well, 1 something was found or refused, 2 the command was used wrongly,
78 the configuration cannot be used.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

import click

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


GARBAGE_AT: Final = 20_000
"""How many more objects than before make Python look for circles of them that nobody holds.

A command makes hardly any, and lists of tens of thousands of people: at the usual 700 the looking
takes a fifth of its time.
"""


class _Program(click.Group):
    """Imports the module of a command when it is asked for, and of all for the help alone.

    The doors that some of them need take two thirds of the start, which ``why`` does not wait for;
    settings and database take nearly all the rest, which ``--version`` does not.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was typed; every foreseen fault is a readable line."""
        from mo_access.commands.desk import foreseen  # noqa: PLC0415 - as said

        with foreseen():
            return super().invoke(ctx)

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
    """Run the command that was typed."""
    gc.set_threshold(GARBAGE_AT)
    program.main(prog_name="mo-access")


if __name__ == "__main__":
    main()
