"""``audit``: verify, show and export the trail."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from mo_access.commands.desk import Desk, as_json, finding, moment, opened, say_json
from mo_access.domain.model import Document
from mo_access.service import audit as trail
from mo_access.service.audit import Verdict

_SECOND = 1.0


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@as_json
def verify(*, as_json: bool) -> None:
    """Recompute every hash; 1 and the first bad record of each chain when one is not as sealed."""
    with opened().unit() as uow:
        verdict = trail.verify(uow)
    if as_json:
        say_json({**asdict(verdict), "sound": verdict.sound})
    else:
        _tell(verdict)
    if not verdict.sound:
        finding()


@audit.command()
@click.option("-n", "count", type=click.IntRange(0, 10_000), default=20, show_default=True)
@click.option("--follow", is_flag=True, help="Go on as events come, until Ctrl-C.")
@as_json
def tail(count: int, *, follow: bool, as_json: bool) -> None:
    """Show the newest events."""
    desk = opened()
    with desk.unit() as uow:
        events = trail.last(uow, count)
    for event in events:
        _show(event, as_json=as_json)
    if follow:
        _follow(desk, events, as_json=as_json)


@audit.command()
@click.option("--chain", help="Only this institution, or 'platform'.")
def export(chain: str | None) -> None:
    """Write every event as one JSON line, with its place and hashes."""
    with opened().unit() as uow:
        for event in trail.following(uow, 0):
            if chain in {None, event["chain"]}:
                _show(event, as_json=True)


def _tell(verdict: Verdict) -> None:
    for fault in verdict.faults:
        where = f"record {fault.seq}" if fault.seq is not None else "unsealed"
        click.echo(f"chain {fault.chain}, {where}: {fault.problem}")
    state = "sound" if verdict.sound else "NOT sound"
    waiting = f", {verdict.unsealed} not sealed yet" if verdict.unsealed else ""
    click.echo(f"{state}: {verdict.sealed} sealed events in {verdict.chains} chains{waiting}")


def _follow(desk: Desk, events: tuple[Document, ...], *, as_json: bool) -> None:
    last = events[-1]["pk"] if events else 0
    while isinstance(last, int):
        time.sleep(_SECOND)
        with desk.unit() as uow:
            for event in trail.following(uow, last):
                _show(event, as_json=as_json)
                last = event["pk"]


def _show(event: Document, *, as_json: bool) -> None:
    if as_json:
        return click.echo(json.dumps(event, ensure_ascii=False))
    at = event["at"]
    facts = json.dumps(event["facts"], ensure_ascii=False)
    about = " ".join(str(event[name]) for name in ("person", "theme") if event[name])
    when = moment(at if isinstance(at, int) else None)
    told = (when, event["chain"], event["kind"], event["outcome"], event["caller"], about, facts)
    return click.echo("  ".join(str(part) for part in told if part))
