"""The roof: settings, database and doors made into one WSGI application."""

from __future__ import annotations

import sys
from typing import Final

from flask import Flask

import mo_authzen.door
import mo_oidc.door
import mo_portal.door
import mo_scim.blueprint
from mo_access import settings
from mo_access.service.upkeep import Upkeep
from mo_access.storage.engine import Database
from mo_web import shared
from mo_web.app import create_app

# A read gives up the interpreter ten times, and beside a Bulk waits this long each time.
SWITCH_SECONDS: Final = 0.001


def build() -> Flask:
    """Make the application of this process, and start what it does beside answering."""
    sys.setswitchinterval(SWITCH_SECONDS)
    chosen = settings.load()
    database, keys = Database(chosen.database_url), settings.keys(chosen)
    doors = (
        mo_scim.blueprint.door(),
        mo_oidc.door.door(chosen),
        mo_authzen.door.door(),
        mo_portal.door.door(),
    )
    made = create_app(chosen, database, keys, doors)
    idle = chosen.session_idle_seconds * 1_000_000
    parts = shared.of(made)
    Upkeep(
        *(database, keys, idle, parts.tally),
        notice_days=chosen.affiliation_notice_days,
        people_days=chosen.sign_in_people_days,
        hand_on=parts.held_tokens.put,
    ).start()
    mo_oidc.door.giving_back(made).start()
    return made
