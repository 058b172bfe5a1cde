"""What every request of one application shares, handed to Flask once and asked for by type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from flask import Flask, current_app
from flask.sansio.app import App
from werkzeug.local import LocalProxy

from mo_access.domain.keys import KeyRing
from mo_access.service.held_tokens import HeldTokens
from mo_access.service.tally import Tally
from mo_access.service.unit_of_work import clock
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_web.access_token import AccessTokens
from mo_web.introspection import Introspector
from mo_web.limits import Limits
from mo_web.metrics import Metrics
from mo_web.turnstile import Turnstile

_KEY: Final = "mo_web"
_serving: Final = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001 - documented by werkzeug for this use


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that were made before the first request; all of them safe across threads."""

    settings: Settings
    database: Database
    keys: KeyRing
    introspector: Introspector
    access_tokens: AccessTokens
    limits: Limits
    metrics: Metrics
    turns: Turnstile
    clock: Callable[[], int] = clock
    tally: Tally = field(default_factory=Tally)
    held_tokens: HeldTokens = field(default_factory=HeldTokens)


def install(app: Flask, parts: Shared) -> None:
    """Hand the parts to the application; ``create_app`` is the only caller."""
    app.extensions[_KEY] = parts


def shared() -> Shared:
    """Return the parts of the application that serves this request."""
    return of(_serving())


def of(app: App) -> Shared:
    """Return the parts of an application that ``mo_web.app.create_app`` made."""
    parts = app.extensions[_KEY]
    if not isinstance(parts, Shared):
        raise TypeError("the application was not made by mo_web.app.create_app")
    return parts


def absolute(path: str) -> str:
    """Return the public address of ``path``, from the settings and never from the Host header."""
    return f"{str(shared().settings.base_url).rstrip('/')}{path}"
