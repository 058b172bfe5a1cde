"""``mapping test``: what recorded bodies and claims mean here, without writing anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click

from mo_access import settings as configuration
from mo_access.commands import mapping_places
from mo_access.commands.desk import as_json, finding, say_json
from mo_access.commands.recorded import Kind, Message, messages
from mo_access.domain.errors import AccessError
from mo_access.domain.model import AffiliationClaim, GroupDraft
from mo_access.domain.text import without_numbers
from mo_oidc import trial as claims_trial
from mo_oidc.claims import ClaimedRole
from mo_oidc.config import ClaimRules
from mo_oidc.providers import rules_of
from mo_scim.endpoints.errors import document
from mo_scim.mapping import trial
from mo_scim.mapping.trial import Place
from mo_web.errors import problem_of
from mo_web.faults import ClaimsRefused

_LONG_DIGITS = re.compile("[0-9]{7,}|[0-9](?:[-. ]?[0-9]){8,}", re.ASCII)
_SHOWN = 200
_ASSUMED = "No database of this release: every number counts, and the themes that are mapped to."


@click.group()
def mapping() -> None:
    """What the words of brokers mean here."""


@mapping.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--client", help="As if this client (id or name) sent it; else the platform.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="What bodies in FILE are.")
@as_json
def test(file: Path, client: str | None, kind: Kind | None, *, as_json: bool) -> None:
    """Tell what each body or set of claims in FILE maps to, and why the rest gives nothing.

    FILE holds one JSON object, a list, JSON lines, or a recorded conversation. Nothing is written
    and no person's number is shown. 1 when something maps to nothing or would be refused.
    """
    settings = configuration.load(make_keys=False)
    with mapping_places.reading(settings) as uow:
        place = mapping_places.place(uow, settings, client)
        told = [_tried(one, place, rules_of(settings)) for one in messages(file, kind)]
        assumed = uow is None
    if as_json:
        say_json({"catalogue": "assumed" if assumed else "database", "items": told})
    else:
        for line in (*([_ASSUMED] if assumed else ()), *_lines(told)):
            click.echo(line)
    if any("refused" in one or one.get("unmapped") for one in told):
        finding()


def _tried(one: Message, place: Place, rules: ClaimRules) -> dict[str, object]:
    """Map one message; every text that came from it passes the filter for persons' numbers."""
    head: dict[str, object] = {"where": one.where, "kind": one.kind}
    if one.skipped:
        return head | {"skipped": one.skipped}
    try:
        return head | _meaning(one, place, rules)
    except AccessError as fault:
        answer = document(problem_of(fault, ""))
        detail = _clean(str(answer["detail"]))
        return head | {"refused": {**answer, "detail": detail}}
    except ClaimsRefused as fault:
        return head | {"refused": {"status": str(int(fault.status)), "detail": fault.code}}


def _meaning(one: Message, place: Place, rules: ClaimRules) -> dict[str, object]:
    if one.kind == "claims":
        signed = claims_trial.read(one.body, rules)
        return {
            "roles": [_claimed(role) for role in signed.counts],
            "ignored": [_claimed(role) for role in signed.ignored],
            "capacity": signed.capacity if signed.capacity is None else list(signed.capacity),
            "unmapped": _unmapped(signed.unmapped),
        }
    tried = trial.user(one.body, place) if one.kind == "user" else trial.group(one.body, place)
    if tried.group is not None:
        return {"group": _group(tried.group), "unmapped": _unmapped(tried.unmapped)}
    return {
        "affiliations": [_affiliation(claim) for claim in tried.affiliations],
        "themes": [{"theme": g.theme, "institution": g.institution} for g in tried.themes],
        "unmapped": _unmapped(tried.unmapped),
    }


def _clean(text: str) -> str:
    """Take out what is or holds a person's number, also one with a digit too many."""
    return _LONG_DIGITS.sub("…", without_numbers(text))[:_SHOWN]


def _unmapped(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"text": _clean(text), "why": why} for text, why in pairs]


def _claimed(role: ClaimedRole) -> dict[str, object]:
    return {"role": role.role, "institution": role.institution, "theme": role.theme}


def _affiliation(claim: AffiliationClaim) -> dict[str, object]:
    return {
        "role": claim.role.value,
        "institution": claim.institution,
        "form": claim.form.value,
        "start": claim.start.isoformat() if claim.start else None,
        "end": claim.end.isoformat() if claim.end else None,
        "primary": claim.primary,
    }


def _group(draft: GroupDraft) -> dict[str, object]:
    return {
        "name": _clean(draft.display_name),
        "theme": draft.theme,
        "role": draft.role.value if draft.role else None,
        "institution": draft.institution,
    }


def _lines(told: list[dict[str, object]]) -> Iterator[str]:
    for one in told:
        yield f"{one['where']} ({one['kind']})"
        for name, value in one.items():
            if name not in {"where", "kind", "capacity"}:
                yield from (f"  {line}" for line in _said(name, value))


def _said(name: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield f"{name:12} {_words(each)}"
    else:
        yield f"{name:12} {_words(value)}"


def _words(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    shown = (
        {name: told for name, told in value.items() if told not in {None, False, ""}}
        if ("schemas" not in value)
        else {name: told for name, told in value.items() if name != "schemas"}
    )
    return ", ".join(f"{name} {told}" for name, told in shown.items())
