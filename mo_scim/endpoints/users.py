"""``/Users`` (RFC 7644 sections 3.3 to 3.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response

from mo_access.domain.model import Document, PersonDraft, PersonView
from mo_access.service import people
from mo_scim.endpoints import answer, asking, calling, listing, pace, preconditions, writing
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.calling import Call
from mo_scim.endpoints.listing import Found, List, Window
from mo_scim.endpoints.reporting import reported
from mo_scim.endpoints.writing import Change, Outcome, Write, Writers
from mo_scim.mapping import operations, patches, render, users


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    blueprint.add_url_rule("/Users", view_func=listed)
    blueprint.add_url_rule("/Users/<id:resource_id>", view_func=shown)
    writing.add_to(blueprint, "User", WRITERS)


@reported
def listed() -> Response:
    """List and filter."""
    return listing.page(asking.from_url(), lists)


def lists(call: Call, asked: Asked) -> List:
    """Read what is asked of users."""
    chosen = asked.selection("User")
    query = asked.query("User", chosen)
    pace.numbers(call.actor, query)

    def found(window: Window) -> Found:
        asked_for = window.of(query)
        page = people.find(call.uow, call.actor, asked_for, insz=chosen.asks_insz)
        return Found(
            page.total, [render.user(view, call.base, chosen) for view in page.items], page.last
        )

    return found


@reported
def shown(resource_id: str) -> Response:
    """Read one user; 304 when the caller's copy is current."""
    call, chosen = calling.current(), asking.from_url().selection("User")
    view = people.get(call.uow, call.actor, resource_id, insz=chosen.asks_insz)
    tag = render.etag(view)
    if preconditions.is_unchanged(tag):
        return answer.not_modified(tag)
    whole = render.user(view, call.base, chosen)
    return answer.resource(whole, tag, f"{call.base}/Users/{view.id}")


def created(call: Call, write: Write) -> Change:
    """Register a person (ruling 1)."""
    draft = _read(call, write.body, None)

    def change() -> Outcome:
        view = people.create(call.uow, call.actor, draft)
        return _outcome(call, write, view, draft.unmapped, 201)

    return change


def replaced(call: Call, write: Write) -> Change:
    """Replace what the caller may see (PUT)."""
    return _update(call, write, lambda view: _read(call, write.body, view))


def patched(call: Call, write: Write) -> Change:
    """Apply all operations of a PATCH, or none."""
    wanted = operations.read(write.body, "User", call.profile)

    def drafted(view: PersonView) -> PersonDraft | None:
        whole = render.full(view, call.base)
        outcome, named = patches.apply(whole, wanted, "User", call.profile)
        if outcome == whole and not named:
            return None
        return _read(call, outcome, view, named)

    return _update(call, write, drafted)


def deleted(call: Call, write: Write) -> Change:
    """End the caller's link."""

    def change() -> Outcome:
        people.delete(call.uow, call.actor, write.resource_id, write.conditions.require)
        return Outcome(204, write.resource_id, f"{call.base}/Users/{write.resource_id}")

    return change


WRITERS: Final[Writers] = {
    "POST": created,
    "PUT": replaced,
    "PATCH": patched,
    "DELETE": deleted,
}


def _update(
    call: Call, write: Write, drafted: Callable[[PersonView], PersonDraft | None]
) -> Change:
    unmapped: list[str] = []
    seen: list[PersonView] = []

    def checked(view: PersonView) -> PersonDraft | None:
        seen.append(view)
        write.conditions.require(view)
        draft = drafted(view)
        unmapped.extend(draft.unmapped if draft else ())
        return draft

    def change() -> Outcome:
        view = people.update(call.uow, call.actor, write.resource_id, checked)
        outcome = _outcome(call, write, view, tuple(unmapped), 200)
        return replace(outcome, changed=view is not seen[-1])

    return change


def _read(
    call: Call, sent: Document, view: PersonView | None, explicit: frozenset[str] | None = None
) -> PersonDraft:
    return users.read(
        sent,
        profile=call.profile,
        catalogue=call.catalogue,
        actor=call.actor,
        shown=view,
        explicit=explicit,
    )


def _outcome(
    call: Call, write: Write, view: PersonView, unmapped: tuple[str, ...], status: int
) -> Outcome:
    location, tag = f"{call.base}/Users/{view.id}", render.etag(view)
    if write.chosen is None:
        return Outcome(status, view.id, location, tag, None, unmapped)
    if write.chosen.asks_insz:
        # Read again with the number, which is audited.
        view = people.get(call.uow, call.actor, view.id, insz=True)
    body = render.user(view, call.base, write.chosen)
    return Outcome(status, view.id, location, tag, body, unmapped)
