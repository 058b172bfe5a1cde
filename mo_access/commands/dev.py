"""``dev``: what developers and testers need, and no installation that people use."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from mo_access.commands.desk import as_json, opened, say_json
from mo_access.domain.errors import Invalid
from mo_demo.nation import filling
from mo_demo.nation.filling import Filled
from mo_demo.nation.plan import PEOPLE, Nation


@click.group()
def dev() -> None:
    """For developers and testers: never on an installation that people use."""


@dev.command()
@click.option("--people", default=PEOPLE, show_default=True, help="How many people.")
@click.option("--institutions", type=int, help="How many.  [default: one for 50 people]")
@click.option("--affiliations", type=int, help="How many.  [default: 1.2 for each person]")
@click.option("--groups", type=int, help="How many.  [default: 0.4 for each person]")
@click.option("--largest", type=int, help="Members of the largest.  [default: 0.4 of all]")
@click.option("--crowd", default=0, show_default=True, help="How many are at the first school.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same nation.")
@click.option("--beside", is_flag=True, help="Write also where there are people already.")
@as_json
def generate(
    people: int,
    institutions: int | None,
    affiliations: int | None,
    groups: int | None,
    largest: int | None,
    crowd: int,
    seed: int,
    *,
    beside: bool,
    as_json: bool,
) -> None:
    """Fill the database with a made-up nation, by default of the size that this is made for.

    Boards and schools (900001 and on), people with made-up numbers, what the government's broker
    and some boards' brokers say of them, and groups with members: as those brokers would have
    left it. Tells the brokers' tokens, which are shown only now.
    """
    began = time.monotonic()
    try:
        usual = Nation.of(people, institutions, crowd=crowd, seed=seed)
        told = {"affiliations": affiliations, "groups": groups, "largest": largest}
        nation = replace(usual, **{name: n for name, n in told.items() if n is not None})
    except ValueError as fault:
        raise Invalid(str(fault)) from None
    filled = filling.fill(opened().unit, nation, beside=beside, tell=_tell)
    if as_json:
        return say_json(_shown(nation, filled))
    for broker in filled.brokers:
        click.echo(f"{broker.actor.name}: {broker.actor.client_id} {broker.token}")
    return click.echo(f"Made in {time.monotonic() - began:.0f} seconds.")


def _tell(text: str) -> None:
    """Tell what is being done, beside the answer itself."""
    click.echo(text, err=True)


def _shown(nation: Nation, filled: Filled) -> dict[str, object]:
    return {
        "institutions": nation.institutions,
        "people": len(filled.people),
        "affiliations": nation.affiliations,
        "groups": filled.groups,
        "seed": nation.seed,
        "clients": [
            {"name": one.actor.name, "id": one.actor.client_id, "token": one.token}
            for one in filled.brokers
        ],
    }
