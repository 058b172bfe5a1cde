"""``why`` and ``who``: a decision step by step, and everybody who may read a theme."""

from __future__ import annotations

import click

from mo_access.commands.desk import Desk, as_json, finding, opened, say_json, say_table
from mo_access.domain.levels import level_of
from mo_access.domain.numbers import institution_number
from mo_access.domain.policy import Decision, Session
from mo_access.service import decisions, named
from mo_access.service.decisions import ANYBODY, Question


@click.command()
@click.argument("user")
@click.argument("theme")
@click.argument("institution")
@click.option("--acr", help="As if signed in at this level; without it the level is not judged.")
@click.option("--capacity", multiple=True, help="As if signed in for this institution only.")
@as_json
def why(
    user: str,
    theme: str,
    institution: str,
    acr: str | None,
    capacity: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """May USER (id, userName or externalId) read THEME at INSTITUTION now? 1 for a no."""
    desk = opened()
    with desk.unit() as uow:
        asked = Question(
            person=named.person(uow, user),
            institution=named.institution(uow, institution),
            theme=named.theme(uow, theme),
            session=_session(desk, acr, capacity),
        )
        decision = decisions.decide(uow, asked)
    if as_json:
        say_json(_shown(asked, decision))
    else:
        _tell(asked, decision)
    if not decision.allowed:
        finding()


@click.command()
@click.argument("theme")
@click.argument("institution")
@as_json
def who(theme: str, institution: str, *, as_json: bool) -> None:
    """List everybody who may read THEME at INSTITUTION now."""
    with opened().unit() as uow:
        slug, number = named.theme(uow, theme), named.institution(uow, institution)
        ids = tuple(decisions.who(uow, slug, number))
        names = named.user_names(uow, ids)
    if as_json:
        return say_json([{"id": i, "userNames": names.get(i, [])} for i in ids])
    rows = [(i, ", ".join(names.get(i, []))) for i in ids]
    return say_table(("id", "userName (client)"), rows, empty="Nobody may read this now.")


def _session(desk: Desk, acr: str | None, capacity: tuple[str, ...]) -> Session:
    level = ANYBODY.level if acr is None else level_of(acr, desk.settings.oidc_acr_levels)
    chosen = frozenset(map(institution_number, capacity)) or None
    return Session(level=level, capacity=chosen)


def _shown(asked: Question, decision: Decision) -> dict[str, object]:
    steps = [{"rule": s.rule, "holds": s.holds, "fact": s.fact} for s in decision.steps]
    return {
        "decision": decision.allowed,
        "reason": decision.reason.value,
        "person": asked.person,
        "theme": asked.theme,
        "institution": asked.institution,
        "steps": steps,
    }


def _tell(asked: Question, decision: Decision) -> None:
    click.echo(f"{asked.person} reading {asked.theme} at {asked.institution}:")
    for step in decision.steps:
        click.echo(f"  {'yes' if step.holds else 'NO '}  {step.rule:12} {step.fact}")
    click.echo(f"{'allowed' if decision.allowed else 'refused'}: {decision.reason.value}")
