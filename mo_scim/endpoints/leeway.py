"""By which profile a request is read, and which deviations it needed: counted, and reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog
from flask import Response, g

from mo_access.domain.model import Actor
from mo_scim.profiles import LENIENT, Deviation, Profile, Rules, profile
from mo_web.shared import shared


def profile_of(actor: Actor, rules: Callable[[], Rules]) -> Profile:
    """Return the caller's profile, which notes what this request needs; one for each request."""
    if "scim_profile" not in g:
        g.scim_profile = replace(_named(actor.profile), rules=rules(), noted=set())
    known: Profile = g.scim_profile
    return known


def asked(deviation: Deviation) -> bool:
    """Tell whether answers to this caller deviate so; not before it is known who calls."""
    known: Profile | None = g.get("scim_profile")
    return known is not None and known.allows(deviation)


def taken() -> tuple[str, ...]:
    """Count the deviations noted since the last time, and return their names."""
    known: Profile | None = g.get("scim_profile")
    if known is None or not known.noted:
        return ()
    names = tuple(sorted(deviation.value for deviation in known.noted))
    known.noted.clear()
    for name in names:
        shared().metrics.count_tolerated(name, known.name)
    return names


def count_rest(response: Response) -> Response:
    """Count what no write has told: the deviations of reads and of refused requests."""
    taken()
    return response


def _named(text: str) -> Profile:
    """Return the profile that the client was given, the default for one that is gone."""
    try:
        return profile(text)
    except ValueError:
        structlog.get_logger("mo_scim").warning("profile_unknown", profile=text)
        return LENIENT
