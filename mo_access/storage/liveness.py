"""Whether a person has a registration that lives: what clients said goes before any sign-in.

A provider in mode ``jit`` or ``hybrid`` has a client of its own, which keeps the people whom a
sign-in made. Its link holds somebody up only while no provisioning client knows the person: whom
all of those switched off is off (ruling 8).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select

from mo_access.storage.schema import client, link

_any, _whose = link.alias("any_link"), client.alias("any_client")
_known: Final = select(_any.c.pk).join(_whose, _whose.c.pk == _any.c.client_pk)
_said: Final = _known.where(_whose.c.provider.is_(None)).correlate_except(_any, _whose)
_every: Final = select(_any.c.pk).correlate_except(_any)


def has_live_link(person_pk: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a provisioning client has an active link, or a provider where none has any."""
    said = _said.where(_any.c.person_pk == person_pk)
    by_sign_in = _every.where(_any.c.person_pk == person_pk, _any.c.active == 1)
    return or_(exists(said.where(_any.c.active == 1)), and_(~exists(said), exists(by_sign_in)))
