"""``sync report``: what came in from each client and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Final

import click

from mo_access.commands.desk import as_json, moment, opened, say_json, say_table
from mo_access.service import reports
from mo_access.service.reports import ClientReport, Refusal, Unmapped

_HINT: Final = (
    "(gives nothing: no role, theme, institution or user that the client may use is meant; see"
    " GET /Institutions and GET /Themes)"
)


@click.group()
def sync() -> None:
    """What the brokers send."""


@sync.command()
@click.option("--hours", type=click.IntRange(1, 24 * 90), help="Only the last hours.")
@as_json
def report(hours: int | None, *, as_json: bool) -> None:
    """Tell for each client what came in, was mapped, refused (and why), tolerated or unmapped."""
    with opened().unit() as uow:
        span = timedelta(hours=hours) // timedelta(microseconds=1) if hours else uow.now
        found = reports.sync(uow, uow.now - span)
    if as_json:
        return say_json([{**asdict(c), "needs_a_look": c.needs_a_look} for c in found])
    if not found:
        return click.echo("No clients yet.")
    for one in found:
        _tell(one)
    return None


def _tell(one: ClientReport) -> None:
    click.secho(one.name, bold=True, nl=False)
    click.echo(f"  {one.requests} requests, {one.requests - one.taken} refused", nl=False)
    if one.unchanged:
        click.echo(f", {one.unchanged} changed nothing", nl=False)
    click.echo(f"; last success {moment(one.last_success)}", nl=False)
    click.echo(f", last read {moment(one.last_read)}", nl=False)
    click.echo(f", last refusal {moment(one.last_refusal)}")
    now = one.mapped
    click.echo(f"  holds now  {now.people} people, {now.affiliations} affiliations", nl=False)
    click.echo(f", {now.memberships} memberships of {now.groups} groups that give", nl=False)
    click.echo(f" and {now.groups_that_give_nothing} that do not")
    if one.came_in:
        rows = [(f"  {c.method}", c.resource, c.requests, c.taken) for c in one.came_in]
        say_table(("  what", "resource", "came", "taken"), rows, empty="")
    for refusal in one.refused:
        told = f"{refusal.method} {refusal.resource} {refusal.status}: {refusal.detail}"
        click.echo(f"  refused  {told} ({_when(refusal)}{_request(refusal)})")
    for nothing in one.unmapped:
        click.echo(f"  gives nothing  {nothing.text} ({_when(nothing)})")
    if one.unmapped:
        click.echo(f"  {_HINT}")
    for name, times in one.tolerated:
        click.echo(f"  tolerated  {name} ({times}x)")


def _when(told: Refusal | Unmapped) -> str:
    named = f", as of {told.resource} {told.resource_id}" if told.resource_id else ""
    return f"{told.times}x, last {moment(told.last)}{named}"


def _request(refusal: Refusal) -> str:
    return f", request {refusal.request_id}" if refusal.request_id else ""
