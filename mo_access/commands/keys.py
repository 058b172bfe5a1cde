"""``key``: a new key for people's numbers, while the service runs."""

from __future__ import annotations

import click

from mo_access.commands.desk import Desk, as_json, make_current, opened, say_json
from mo_access.domain.errors import Conflict
from mo_access.domain.keys import KeyRing
from mo_access.key_files import add_key, drop_keys
from mo_access.service import resealing
from mo_access.service.unit_of_work import UnitOfWork


@click.group()
def key() -> None:
    """The keys that seal people's numbers."""


@key.command()
@click.option("--finish", is_flag=True, help="No new key: seal what is left under the current one.")
@as_json
def rotate(*, finish: bool, as_json: bool) -> None:
    """Make a new key and seal every number anew under it; servers take it up by themselves."""
    desk = opened()
    # A database that is not there must be found before a key is made.
    make_current(desk.settings)
    ring = desk.keys if finish else add_key(desk.settings.key_file)
    resealed = _reseal(desk, ring)
    if as_json:
        return say_json({"key": ring.current, "people": resealed})
    return click.echo(f"{resealed} numbers sealed under {ring.current}; back up the key file now")


@key.command()
@as_json
def forget(*, as_json: bool) -> None:
    """Remove old keys that seal nothing any more. Restart every server first."""
    desk = opened()
    with desk.unit() as uow:
        used = resealing.in_use(uow)
    if old := {k: n for k, n in used.items() if k != desk.keys.current}:
        told = ", ".join(f"{name} ({count} values)" for name, count in sorted(old.items()))
        raise Conflict(
            f"still in use: {told}; run key rotate --finish, or wait for sessions to end"
        )
    ring = drop_keys(desk.settings.key_file)
    if as_json:
        return say_json({"key": ring.current})
    return click.echo(f"only {ring.current} and the root of index and signatures are left")


def _reseal(desk: Desk, ring: KeyRing) -> int:
    last, resealed, done = 0, 0, False
    while not done:
        with _unit(desk, ring) as uow:
            step = resealing.page(uow, last)
            uow.commit()
        last, done, resealed = step.last, step.done, resealed + step.resealed
    with _unit(desk, ring) as uow:
        resealing.record(uow, resealed)
        uow.commit()
    return resealed


def _unit(desk: Desk, ring: KeyRing) -> UnitOfWork:
    uow = desk.unit()
    uow.keys = ring
    return uow
