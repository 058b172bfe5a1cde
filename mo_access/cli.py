"""The ``mo-access`` command: one group of commands for each subject (design section 4).

Exit codes: 0 all is well, 1 something was found or refused, 2 the command was used wrongly,
78 the configuration cannot be used.
"""

from __future__ import annotations

import sys

import click

from mo_access.commands import (
    audit,
    beheerders,
    blocks,
    clients,
    configuration,
    data,
    database,
    dev,
    history,
    keys,
    mapping,
    persons,
    review,
    rights,
    running,
    sessions,
    standing,
    sync,
)
from mo_access.commands.desk import FINDING, MISCONFIGURED
from mo_access.domain.errors import AccessError
from mo_access.key_files import KeyFileError
from mo_access.settings import ConfigError
from mo_access.storage.engine import DatabaseDown
from mo_access.storage.migrating import UnknownRevision


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mo-access")
def program() -> None:
    """Access to Mijn Onderwijs for any identity broker."""


for command in (
    *(running.serve, running.demo, database.db, data.institution, data.theme, data.document),
    *(clients.client, rights.why, rights.who, audit.audit, sessions.session, keys.key),
    *(configuration.config, configuration.doctor, sync.sync, mapping.mapping),
    *(persons.person, history.history, review.review, beheerders.beheerder),
    *(blocks.block, blocks.unblock, standing.affiliation, standing.membership, dev.dev),
):
    program.add_command(command)


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
