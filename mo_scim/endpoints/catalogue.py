"""``/Institutions`` and ``/Themes``: read-only choices for a broker's console."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Blueprint, Response

from mo_access.domain.errors import NotFound
from mo_access.domain.model import Institution, Theme
from mo_access.domain.text import fold
from mo_scim.endpoints import answer, asking, calling, listing
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.calling import Call
from mo_scim.endpoints.listing import Found, List, Window
from mo_scim.endpoints.reporting import reported
from mo_scim.mapping import render, short_lists
from mo_scim.mapping.render import Selection, selection

T = TypeVar("T", Institution, Theme)


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Institutions", view_func=institutions)
    blueprint.add_url_rule("/Institutions/<id:number>", view_func=institution)
    blueprint.add_url_rule("/Themes", view_func=themes)
    blueprint.add_url_rule("/Themes/<id:slug>", view_func=theme)


@reported
def institutions() -> Response:
    """List the institutions that the caller may use."""
    return listing.page(asking.from_url(), institutions_asked)


def institutions_asked(call: Call, asked: Asked) -> List:
    """Read what is asked of institutions."""
    return _asked(call, asked, call.catalogue.institutions(), "Institution", render.institution)


@reported
def institution(number: str) -> Response:
    """Read one of them; a foreign number answers as an unknown one (rule 4)."""
    chosen = asking.from_url().selection("Institution")
    for found in calling.current().catalogue.institutions():
        if found.number == number:
            return answer.document(render.institution(found, answer.base_url(), chosen))
    raise NotFound("There is no such institution. GET /Institutions lists those that you may use.")


@reported
def themes() -> Response:
    """List the themes."""
    return listing.page(asking.from_url(), themes_asked)


def themes_asked(call: Call, asked: Asked) -> List:
    """Read what is asked of themes."""
    return _asked(call, asked, call.catalogue.themes(), "Theme", render.theme)


@reported
def theme(slug: str) -> Response:
    """Read one theme."""
    chosen = asking.from_url().selection("Theme")
    for found in calling.current().catalogue.themes():
        if fold(found.slug) == fold(slug):
            return answer.document(render.theme(found, answer.base_url(), chosen))
    raise NotFound("There is no such theme. GET /Themes lists them.")


def _asked(
    call: Call,
    asked: Asked,
    known: Sequence[T],
    resource: str,
    rendered: Callable[[T, str, Selection], bytes],
) -> List:
    chosen = asked.selection(resource)
    places = _places(call, asked, known, resource, rendered)

    def found(window: Window) -> Found:
        start = window.start - 1 if window.after is None else window.after[1]
        end = start + window.count
        items = [rendered(known[place], call.base, chosen) for place in places[start:end]]
        return Found(len(places), items, (None, end) if end < len(places) else None)

    return found


def _places(
    call: Call,
    asked: Asked,
    found: Sequence[T],
    resource: str,
    rendered: Callable[[T, str, Selection], bytes],
) -> list[int]:
    """Return which of the list meet the filter, in the asked order."""
    wanted, sort = asked.text("filter"), (asked.text("sortby") or "").strip()
    places = list(range(len(found)))
    if not wanted and not sort:
        return places
    whole = selection(None, None, resource)
    documents = [json.loads(rendered(item, call.base, whole)) for item in found]
    if wanted:
        asking.check_quotes(wanted, numbers=resource == "Theme")
        places = short_lists.matching(documents, wanted, resource, asked.across)
    if sort:
        name = short_lists.sort_name(sort, resource)
        places = short_lists.ordered(documents, places, name, descending=asked.descending)
    return places
