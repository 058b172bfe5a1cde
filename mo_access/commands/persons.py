"""``person``: who owns somebody's record."""

from __future__ import annotations

import click

from mo_access.commands.desk import as_json, opened, say_json
from mo_access.service import named, ownership


@click.group()
def person() -> None:
    """People, whoever registered them."""


@person.command("hand-over")
@click.argument("user")
@click.argument("client")
@click.option("--reason", required=True, help="Why; it stands in the audit trail.")
@as_json
def hand_over(user: str, client: str, reason: str, *, as_json: bool) -> None:
    """Make CLIENT (name or id) the owner of USER (id, userName or externalId).

    CLIENT must have registered USER itself; no right changes.
    """
    with opened().unit() as uow:
        person_id = named.person(uow, user)
        owned = ownership.hand_over(uow, person_id, client, reason)
        uow.commit()
    if as_json:
        return say_json({"person": person_id, "before": owned.before, "now": owned.now})
    return click.echo(f"{person_id} is owned by {owned.now} now; before by {owned.before or '-'}.")
