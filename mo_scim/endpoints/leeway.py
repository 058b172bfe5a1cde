"""By which profile a request is read, and which deviations it needed: counted, and reported."""

from __future__ import annotations

from typing import Final

import structlog
from flask import Response, current_app, g
from flask.blueprints import BlueprintSetupState

from mo_access.domain.model import Actor
from mo_access.service.tally import Kind
from mo_access.settings import Settings
from mo_scim.profiles import LENIENT, Deviation, Profile, Rules, profile, rules
from mo_web import caller
from mo_web.shared import of, shared

_RULES: Final = "mo_scim_rules"


def install(state: BlueprintSetupState) -> None:
    """Build how rights and group names map, which the settings of the application say."""
    state.app.extensions[_RULES] = rules_of(of(state.app).settings)


def rules_of(settings: Settings) -> Rules:
    """Return how texts of brokers map at this installation."""
    return rules(
        settings.beheerder_rights,
        settings.gebruiker_rights,
        settings.theme_rights,
        settings.group_patterns,
        settings.mapping,
    )


def profile_of(actor: Actor) -> Profile:
    """Return the caller's profile, which notes what this request needs; one for each request."""
    known: Profile | None = g.get("scim_profile")
    if known is None:
        named = _named(actor.profile)
        known = Profile(named.name, named.tolerated, current_app.extensions[_RULES], set())
        g.scim_profile = known
    return known


def asked(deviation: Deviation) -> bool:
    """Tell whether answers to this caller deviate so; not before it is known who calls."""
    known: Profile | None = g.get("scim_profile")
    return known is not None and known.allows(deviation)


def count() -> None:
    """Count the deviations noted since the last time: each once for a request or an operation."""
    known: Profile | None = g.get("scim_profile")
    if known is None or not known.noted:
        return
    parts, client_pk = shared(), caller.actor().client_pk
    for deviation in known.noted:
        parts.metrics.count_tolerated(deviation.value, known.name)
        parts.tally.count(client_pk, Kind.TOLERATED, deviation.value)
    known.noted.clear()


def count_at_end(response: Response) -> Response:
    """Count what this request needed, whatever came of it."""
    count()
    return response


def _named(text: str) -> Profile:
    """Return the profile that the client was given, the default for one that is gone."""
    try:
        return profile(text)
    except ValueError:
        structlog.get_logger("mo_scim").warning("profile_unknown", profile=text)
        return LENIENT
