"""``/Me``: the holder of a person's access token reads the own record (RFC 7644 section 3.11).

The one place under this door that a person's token opens, and only to read: what is written
about people is written by the brokers of their institutions.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotImplemented as NotOffered

from mo_access.domain.errors import Forbidden, Refused
from mo_access.domain.model import PersonView
from mo_access.service import own_record
from mo_access.settings import Provider
from mo_scim.endpoints import answer, asking, preconditions
from mo_scim.mapping import render
from mo_web import caller, exchange, person_claims, unit
from mo_web.faults import ClaimsRefused
from mo_web.shared import shared
from mo_web.subjects import OAuthPerson

VIEW: Final = "me"
_READS: Final = frozenset({"GET", "HEAD"})
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def add_to(blueprint: Blueprint) -> None:
    """Put the view on the door."""
    blueprint.add_url_rule("/Me", VIEW, me, methods=list(_METHODS))


def is_asked() -> bool:
    """Tell whether this request is for ``/Me``, which finds out by itself who calls."""
    endpoint = exchange.current().endpoint
    return endpoint is not None and endpoint.rpartition(".")[2] == VIEW


def me() -> Response:
    """Show a person's own record; 403 for every write, 501 for a client, which is no person."""
    holder = caller.person()
    if holder is None:
        caller.actor(scope="scim:read")
        raise NotOffered("A client that provisions is no user; /Me is for a person's token.")
    if request.method not in _READS:
        raise Forbidden("A person reads here and writes nothing: ask your organisation's broker.")
    return _answer(_own(*holder))


def _own(provider: Provider, person: OAuthPerson) -> PersonView:
    try:
        return _found(provider, person)
    except (Refused, ClaimsRefused) as refusal:
        with unit.apart() as uow:
            own_record.record_refusal(uow, provider.name, refusal.code)
            uow.commit()
        raise Forbidden(f"{refusal.code}: {_sentence(refusal)}") from None


def _found(provider: Provider, person: OAuthPerson) -> PersonView:
    settings, uow = shared().settings, unit.current()
    person_claims.check_target_group(
        person.claims, settings.oidc_target_group_claim, settings.oidc_target_groups
    )
    links = person_claims.linked(person.claims, provider.link, uow.now)
    made = provider.mode != "scim"
    return own_record.read(uow, person.issuer, person.subject, links, made=made)


def _sentence(refusal: Refused | ClaimsRefused) -> str:
    return refusal.message if isinstance(refusal, Refused) else "You came in another capacity."


def _answer(view: PersonView) -> Response:
    base, chosen = answer.base_url(), asking.from_url().shown("User")
    location = f"{base}/Users/{view.id}"
    if preconditions.is_unchanged(render.etag(view)):
        return answer.not_modified(render.etag(view))
    shown = answer.resource(render.user(view, base, chosen), render.etag(view), location)
    shown.headers["Content-Location"] = location
    return shown
