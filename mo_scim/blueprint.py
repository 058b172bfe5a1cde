"""The door as ``mo_web.app.create_app`` takes it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from mo_access.domain.errors import NotFound
from mo_scim.endpoints import (
    bulk,
    calling,
    catalogue,
    discovery,
    errors,
    groups,
    leeway,
    me,
    reporting,
    search,
    users,
)
from mo_scim.endpoints.answer import PREFIX
from mo_web import caller, exchange
from mo_web.app import Door


def door() -> Door:
    """Return the SCIM door; every call makes a new one."""
    blueprint = Blueprint("scim", __name__, url_prefix=PREFIX)
    blueprint.record(_know_ids)
    blueprint.record(leeway.install)
    blueprint.before_request(_authenticate)
    blueprint.before_request(_refuse_impossible_ids)
    blueprint.after_request(leeway.count_at_end)
    blueprint.after_request(reporting.count_read)
    for part in (users, groups, bulk, search, discovery, catalogue, me):
        part.add_to(blueprint)
    return Door("scim", blueprint, (PREFIX, *_MISTAKEN), errors.render)


_MISTAKEN: Final = ("/scim", "/v2", "/Users", "/Groups", "/ServiceProviderConfig")
"""Where a broker asks whose base address is short of a part: it reads SCIM, not a page."""
_allowed = reporting.reported(caller.actor)


class _Id(BaseConverter):
    """What ``<id:…>`` is in the routes: any name but that of a search, which is no resource."""

    regex = r"(?!\.search\Z)[^/]+"


def _know_ids(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["id"] = _Id


def _authenticate() -> None:
    """Ask the scope of a read or a write before anything of the request is looked at.

    A person's token opens nothing but ``/Me``, which knows persons.
    """
    if me.is_asked():
        return
    reads = reporting.is_read() or exchange.current().method == "OPTIONS"
    _allowed("scim:read" if reads else "scim:write")
    calling.current()


def _refuse_impossible_ids() -> None:
    """Answer that nothing has such an id; PostgreSQL faults on a NUL instead."""
    for value in (exchange.current().view_args or {}).values():
        if "\x00" in str(value):
            raise NotFound("There is no such resource.")
