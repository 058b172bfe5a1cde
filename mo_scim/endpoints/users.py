"""``/Users`` (RFC 7644 sections 3.3 to 3.6)."""

from __future__ import annotations

from flask import Blueprint, Response

from mo_access.domain.model import PersonDraft, PersonView
from mo_access.service import people
from mo_scim.endpoints import answer, asking, body, calling, preconditions
from mo_scim.endpoints.asking import Asked
from mo_scim.endpoints.reporting import done, reported
from mo_scim.mapping import operations, patches, render, users
from mo_scim.mapping.render import Selection


def add_to(blueprint: Blueprint) -> None:
    """Put the views on the door."""
    for method, view in (("GET", listed), ("POST", created)):
        blueprint.add_url_rule("/Users", view_func=view, methods=[method])
    for method, view_of_one in (
        ("GET", shown),
        ("PUT", replaced),
        ("PATCH", patched),
        ("DELETE", deleted),
    ):
        blueprint.add_url_rule("/Users/<resource_id>", view_func=view_of_one, methods=[method])


@reported("User")
def listed() -> Response:
    """List and filter."""
    return page(asking.from_url())


def page(asked: Asked) -> Response:
    """Answer a query with a page of users."""
    call, chosen = calling.current(), asked.selection("User")
    query = asked.query("User", chosen)
    found = people.find(call.uow, call.actor, query, insz=chosen.asks_insz)
    base = answer.base_url()
    items = [render.user(view, base, chosen) for view in found.items]
    return answer.document(render.page(found.total, query.start, items))


@reported("User")
def shown(resource_id: str) -> Response:
    """Read one user; 304 when the caller's copy is current."""
    call, chosen = calling.current(), asking.from_url().selection("User")
    view = people.get(call.uow, call.actor, resource_id, insz=chosen.asks_insz)
    if preconditions.is_unchanged(render.etag(view)):
        return answer.not_modified(render.etag(view))
    return _answer(view, chosen)


@reported("User")
def created() -> Response:
    """Register a person (ruling 1)."""
    call, chosen = calling.current(), asking.from_url().selection("User")
    draft = users.read(
        body.read(),
        profile=call.profile,
        catalogue=call.catalogue,
        actor=call.actor,
        shown=None,
    )
    view = people.create(call.uow, call.actor, draft)
    done("User", view.id, 201, draft.unmapped)
    return _answer(_with_insz(view, chosen), chosen, 201)


@reported("User")
def replaced(resource_id: str) -> Response:
    """Replace what the caller may see (PUT)."""
    call, sent = calling.current(), body.read()

    def change(view: PersonView) -> PersonDraft:
        return users.read(
            sent,
            profile=call.profile,
            catalogue=call.catalogue,
            actor=call.actor,
            shown=view,
        )

    return _update(resource_id, change)


@reported("User")
def patched(resource_id: str) -> Response:
    """Apply all operations of a PATCH, or none."""
    call = calling.current()
    wanted = operations.read(body.read(), "User", call.profile)

    def change(view: PersonView) -> PersonDraft | None:
        whole = render.full(view, answer.base_url())
        outcome, named = patches.apply(whole, wanted, "User", call.profile)
        if outcome == whole and not named:
            return None
        return users.read(
            outcome,
            profile=call.profile,
            catalogue=call.catalogue,
            actor=call.actor,
            shown=view,
            explicit=named,
        )

    return _update(resource_id, change)


@reported("User")
def deleted(resource_id: str) -> Response:
    """End the caller's link; a body is ignored, as some brokers send one."""
    call = calling.current()
    people.delete(call.uow, call.actor, resource_id, preconditions.require)
    done("User", resource_id, 204)
    return answer.empty()


def _update(resource_id: str, change: people.Change) -> Response:
    call, chosen = calling.current(), asking.from_url().selection("User")
    unmapped: list[str] = []

    def checked(view: PersonView) -> PersonDraft | None:
        preconditions.require(view)
        draft = change(view)
        unmapped.extend(draft.unmapped if draft else ())
        return draft

    view = people.update(call.uow, call.actor, resource_id, checked)
    done("User", view.id, 200, tuple(unmapped))
    return _answer(_with_insz(view, chosen), chosen)


def _with_insz(view: PersonView, chosen: Selection) -> PersonView:
    """Read again with the number where the caller asks for it, which is audited."""
    if not chosen.asks_insz:
        return view
    call = calling.current()
    return people.get(call.uow, call.actor, view.id, insz=True)


def _answer(view: PersonView, chosen: Selection, status: int = 200) -> Response:
    base = answer.base_url()
    shown_as = render.user(view, base, chosen)
    return answer.resource(shown_as, render.etag(view), f"{base}/Users/{view.id}", status)
