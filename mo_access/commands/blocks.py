"""``block`` and ``unblock``: what the platform shuts, whatever a client provisions."""

from __future__ import annotations

import click

from mo_access.commands.desk import as_json, moment, opened, say_json, say_table
from mo_access.service import blocks, named
from mo_access.storage.blocks import Block

_reason = click.option("--reason", required=True, help="Why; kept in the audit trail.")


@click.group()
def block() -> None:
    """Shut out a person, what a person is at an institution, or an institution."""


@click.group()
def unblock() -> None:
    """Lift a block."""


@block.command("person")
@click.argument("user")
@_reason
@as_json
def block_person(user: str, reason: str, *, as_json: bool) -> None:
    """Let USER (id, userName or externalId) read nothing and not sign in; sessions end now."""
    with opened().unit() as uow:
        found = blocks.block_person(uow, named.person(uow, user), reason)
        uow.commit()
    _say(found, "blocked", as_json=as_json)


@block.command("affiliation")
@click.argument("user")
@click.argument("institution")
@_reason
@as_json
def block_affiliation(user: str, institution: str, reason: str, *, as_json: bool) -> None:
    """Let USER read nothing at INSTITUTION, whatever role is provisioned there."""
    with opened().unit() as uow:
        person, number = named.person(uow, user), named.institution(uow, institution)
        found = blocks.block_affiliation(uow, person, number, reason)
        uow.commit()
    _say(found, "blocked", as_json=as_json)


@block.command("institution")
@click.argument("number")
@_reason
@as_json
def block_institution(number: str, reason: str, *, as_json: bool) -> None:
    """Let nobody read anything of the institution."""
    with opened().unit() as uow:
        found = blocks.block_institution(uow, named.institution(uow, number), reason)
        uow.commit()
    _say(found, "blocked", as_json=as_json)


@block.command("list")
@as_json
def list_blocks(*, as_json: bool) -> None:
    """List every block that stands, the oldest first."""
    with opened().unit() as uow:
        found = blocks.listed(uow)
    if as_json:
        return say_json([_shown(one) for one in found])
    rows = [
        (one.kind, one.person, one.institution, moment(one.since), one.set_by, one.reason)
        for one in found
    ]
    columns = ("on", "person", "institution", "since", "by", "reason")
    return say_table(columns, rows, empty="Nothing is blocked.")


@unblock.command("person")
@click.argument("user")
@_reason
@as_json
def unblock_person(user: str, reason: str, *, as_json: bool) -> None:
    """Lift the block on USER; what clients provision counts again."""
    with opened().unit() as uow:
        found = blocks.unblock_person(uow, named.person(uow, user), reason)
        uow.commit()
    _say(found, "unblocked", as_json=as_json)


@unblock.command("affiliation")
@click.argument("user")
@click.argument("institution")
@_reason
@as_json
def unblock_affiliation(user: str, institution: str, reason: str, *, as_json: bool) -> None:
    """Lift the block on what USER is at INSTITUTION."""
    with opened().unit() as uow:
        person, number = named.person(uow, user), named.institution(uow, institution)
        found = blocks.unblock_affiliation(uow, person, number, reason)
        uow.commit()
    _say(found, "unblocked", as_json=as_json)


@unblock.command("institution")
@click.argument("number")
@_reason
@as_json
def unblock_institution(number: str, reason: str, *, as_json: bool) -> None:
    """Lift the block on the institution."""
    with opened().unit() as uow:
        found = blocks.unblock_institution(uow, named.institution(uow, number), reason)
        uow.commit()
    _say(found, "unblocked", as_json=as_json)


def _shown(one: Block) -> dict[str, object]:
    return {
        "id": one.id,
        "on": one.kind,
        "person": one.person,
        "institution": one.institution,
        "reason": one.reason,
        "since": one.since,
        "by": one.set_by,
    }


def _say(one: Block, done: str, *, as_json: bool) -> None:
    if as_json:
        return say_json(_shown(one))
    named_here = " at ".join(filter(None, (one.person, one.institution)))
    return click.echo(f"{done}: {one.kind} {named_here}")
