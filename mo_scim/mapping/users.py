"""A SCIM User as a draft of a person: normalised, validated, and what it means."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from mo_access.domain.errors import Invalid
from mo_access.domain.model import (
    KEEP,
    Actor,
    Document,
    IndexedValue,
    PersonDraft,
    PersonView,
)
from mo_scim.mapping import claims, institutions, registered, strays
from mo_scim.mapping.institutions import Catalogue
from mo_scim.mapping.normalise import check_schemas, normalise, writable
from mo_scim.mapping.request import Request, objects, part
from mo_scim.mapping.shape import shape
from mo_scim.mapping.validate import validate
from mo_scim.mapping.values import indexed
from mo_scim.profiles import Profile
from mo_scim.resources import ENTERPRISE, USER_EXTENSION

_NOT_STORED: Final = frozenset({"schemas", "active", "password", ENTERPRISE, USER_EXTENSION})


def read(
    body: Document,
    *,
    profile: Profile,
    catalogue: Catalogue,
    actor: Actor,
    shown: PersonView | None,
    explicit: Collection[str] | None = None,
) -> PersonDraft:
    """Read the JSON object of a POST (``shown`` None), a PUT, or the outcome of a PATCH.

    For a PATCH, ``body`` is ``render.full(shown)`` with the operations applied and ``explicit``
    the attribute paths that they named (perhaps none); what they name is never an echo, and
    what they remove of insz, gender and birthDate is cleared. Raises ``Invalid`` that says
    which attribute, what is wrong and what to do.
    """
    user = shape("User")
    check_schemas(body, user, profile)
    whole = normalise(body, user, profile)
    sent = writable(whole, user)
    validate(sent, "User")
    request = Request(profile, catalogue, actor, shown, explicit)
    strays.refuse(sent, request.before)
    return _draft(
        sent, claims.read(whole, request), registered.cleared(body, explicit or ()), request
    )


def _draft(
    sent: Document, said: claims.Said, cleared: frozenset[str], request: Request
) -> PersonDraft:
    extension = part(sent, USER_EXTENSION)
    details = registered.kept(extension, part(request.before, USER_EXTENSION), cleared)
    number, warnings = registered.number(extension, details, cleared)
    document = _document(sent, said, details)
    if request.explicit is not None and "active" not in sent:
        # A PATCH took it away: the person stays as it was, and the answer leaves it out.
        document = {"active": None, **document}
    active = sent.get("active", request.shown.active if request.shown else True)
    return PersonDraft(
        user_name=_user_name(sent),
        external_id=str(sent["externalId"]) if "externalId" in sent else None,
        active=active is True,
        document=document,
        index=_index,
        affiliations=said.claims,
        grants=said.grants,
        identities=registered.identities(objects(extension.get("identities"))),
        insz=number,
        unmapped=(*said.unmapped, *warnings),
        changed=_changed(
            document,
            request,
            active=request.shown is None or active is not request.shown.active,
            insz=number is not KEEP,
        ),
    )


def _index(document: Document) -> tuple[IndexedValue, ...]:
    return indexed(document, shape("User"))


def _user_name(sent: Document) -> str:
    name = str(sent["userName"])
    if not name.strip():
        raise Invalid("userName: is required. Send a name that is not blank.", attribute="userName")
    return name


def _document(sent: Document, said: claims.Said, details: Document) -> Document:
    """Build what the client reads back; the extensions stand last, ours at the very end.

    ``mo_scim.mapping.render`` splices derived parts into that order.
    """
    left_out = _NOT_STORED | said.echoed
    document = {name: value for name, value in sent.items() if name not in left_out}
    enterprise = dict(part(sent, ENTERPRISE))
    enterprise.pop("organization", None)
    if said.organization is not None:
        enterprise["organization"] = said.organization
    extension: Document = dict(details)
    if said.affiliations:
        extension["affiliations"] = [institutions.entry(claim) for claim in said.affiliations]
    identities = part(sent, USER_EXTENSION).get("identities")
    if identities:
        extension["identities"] = identities
    if enterprise:
        document[ENTERPRISE] = enterprise
    if extension:
        document[USER_EXTENSION] = extension
    return document


def _changed(document: Document, request: Request, *, active: bool, insz: bool) -> tuple[str, ...]:
    """Name the attributes that are not as they were, for the audit trail; never their values."""
    now, was = _flat(document), _flat(request.before)
    names = {name for name in (*now, *was) if now.get(name) != was.get(name)}
    names |= {name for name, is_new in (("active", active), ("insz", insz)) if is_new}
    return tuple(sorted(names))


def _flat(document: Document) -> Document:
    plain = {k: v for k, v in document.items() if k not in {ENTERPRISE, USER_EXTENSION}}
    return plain | part(document, ENTERPRISE) | part(document, USER_EXTENSION)
