"""People whom a sign-in makes: kept by the client of their provider, refreshed each time.

That client vouches for nobody else and finds nobody by name (``storage/provider_clients``). Whom
it may be matched to, by the usual pairs, goes before whom it made itself (ruling 3).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from mo_access.domain.errors import Conflict, Forbidden, Stale
from mo_access.domain.model import (
    KEEP,
    Actor,
    Document,
    Event,
    IndexedValue,
    PersonDraft,
    PersonView,
)
from mo_access.domain.text import without_numbers
from mo_access.domain.vouching import Says
from mo_access.service import blocks, people, sign_in, subjects
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import (
    barred_links,
    clients,
    identities,
    links,
    matching,
    provider_clients,
    session_rights,
)
from mo_access.storage import people as stored
from mo_access.storage.links import LinkValues
from mo_access.storage.matching import Match
from mo_access.storage.people import LinkRow

_TURN: Final = "provider-client"


@dataclass(frozen=True, slots=True)
class Described:
    """What the claims say of who somebody is; ``insz`` are digits that were found valid."""

    document: Document = field(repr=False, default_factory=dict)
    user_name: str | None = None
    insz: str | None = field(repr=False, default=None)
    links: tuple[tuple[str, str], ...] = field(repr=False, default=())
    """(value, attribute) as in ``SignIn``: by those a human under a block is known again."""


def take_turn(uow: UnitOfWork, issuer: str, subject: str) -> None:
    """Let one sign-in of this identity after the other in: two first ones make one person."""
    session_rights.take_turn(uow.write(), "sign-in", issuer, subject)


def found_or_made(
    uow: UnitOfWork,
    provider: str,
    identity: tuple[str, str],
    described: Described,
    usual: list[Match],
) -> list[Match]:
    """Return the live ways to the one person of an identity, who is made when unknown.

    ``usual`` are those that lead to whom the provider may be matched to; they go first. The
    caller has taken the identity's turn. Raises ``Refused`` with ``inactive``,
    ``ambiguous_identity`` or ``identity_conflict``.
    """
    own = matching.of_provider(uow.conn, *identity)
    if len({match.person_pk for match in own}) > 1:
        raise sign_in.refused("ambiguous_identity")
    if usual:
        _give_up(uow, provider, identity, own, usual[0])
        return usual
    if own and not own[0].live:
        raise sign_in.refused("inactive", own[0].person_id)
    mine = own[0].person_pk if own else 0
    if barred_links.is_another(uow.conn, identity[0], described.links, mine):
        raise sign_in.refused("inactive")
    try:
        _written(uow, provider, identity, described, own)
    except Forbidden:
        # The record, or the number, is that of a human under a block.
        raise sign_in.refused("inactive") from None
    except (Conflict, Stale):
        raise sign_in.refused("identity_conflict") from None
    live = [match for match in matching.of_provider(uow.conn, *identity) if match.live]
    if not live:
        raise sign_in.refused("inactive")
    return live


def made_before(
    uow: UnitOfWork, identity: tuple[str, str], links: tuple[tuple[str, str], ...]
) -> list[Match]:
    """Return the live ways to whom an earlier sign-in of this identity made; changes nothing.

    ``links`` are those of ``Described``. Raises ``Refused`` with ``unknown_person`` for nobody,
    ``inactive`` or ``ambiguous_identity``.
    """
    own = matching.of_provider(uow.conn, *identity)
    if not own:
        raise sign_in.refused("unknown_person")
    if len({match.person_pk for match in own}) > 1:
        raise sign_in.refused("ambiguous_identity")
    if not own[0].live or barred_links.is_another(uow.conn, identity[0], links, own[0].person_pk):
        raise sign_in.refused("inactive", own[0].person_id)
    return own


def _give_up(
    uow: UnitOfWork, provider: str, identity: tuple[str, str], own: list[Match], usual: Match
) -> None:
    """Let go of whom a sign-in made, now that a client registered that human apart from it.

    Only who is nobody else's and under no block; else the sign-in points at two people.
    """
    if not own or own[0].person_pk == usual.person_pk:
        return
    actor = _actor(uow, provider, identity[0])
    row = stored.get(uow.conn, actor, own[0].person_id, lock=True)
    alone = len(stored.links_of(uow.conn, own[0].person_pk)) == 1
    if row is None or row.bar is not None or not alone or not own[0].live:
        raise sign_in.refused("identity_conflict")
    with _acting(uow, actor):
        people.delete(uow, actor, own[0].person_id, lambda _view: None)
    facts: Document = {"provider": provider, "instead_of": own[0].person_id}
    uow.record(Event("sign_in", "joined", person=usual.person_id, facts=facts))


def _written(
    uow: UnitOfWork,
    provider: str,
    identity: tuple[str, str],
    described: Described,
    own: list[Match],
) -> None:
    """Make the person, or write anew what the claims say of one whom this client knows."""
    actor = _actor(uow, provider, identity[0])
    known = own[0].person_id if own else _numbered(uow, actor, described)
    with _acting(uow, actor):
        if known is None:
            _make(uow, actor, identity, described)
        else:
            _refresh(uow, actor, known, identity, described)


def _numbered(uow: UnitOfWork, actor: Actor, described: Described) -> str | None:
    """Return whom this client knows by the number: an account that got another subject."""
    if described.insz is None:
        return None
    # Two accounts of one human may come for the first time at the same moment.
    stored.take_turn(uow.conn, uow.keys.turn(described.insz))
    known = stored.by_insz(uow.conn, uow.keys.indexes(described.insz))
    if known is None or stored.own_link(uow.conn, known[0], actor.client_pk) is None:
        return None
    return known[1]


def _make(uow: UnitOfWork, actor: Actor, identity: tuple[str, str], described: Described) -> None:
    external = _plain(identity[1])
    names = [name for name in (described.user_name, external) if name]
    for name in names:
        # What people call themselves at a provider may be another's name there.
        with suppress(_NameTaken), _or_taken(uow):
            people.create(uow, actor, _draft(described, name, external, (identity,)))
            return
    people.create(uow, actor, _draft(described, str(uuid.uuid4()), external, (identity,)))


def _refresh(
    uow: UnitOfWork, actor: Actor, person: str, identity: tuple[str, str], described: Described
) -> None:
    """Write what the claims say now; nothing is written where that is as it was."""
    row = stored.get(uow.conn, actor, person)
    if row is None:
        raise Stale("the person went meanwhile")
    if identity not in identities.said_by(uow.conn, row.pk):
        _add_identity(uow, row, identity)
    pairs = tuple(sorted(identities.said_by(uow.conn, row.pk)))

    def change(view: PersonView, name: str) -> PersonDraft:
        return _draft(described, name, view.external_id, pairs)

    with suppress(_NameTaken), _or_taken(uow):
        wanted = described.user_name
        people.update(uow, actor, person, lambda view: change(view, wanted or view.user_name))
        return
    people.update(uow, actor, person, lambda view: change(view, view.user_name))


def _draft(
    described: Described, name: str, external: str | None, pairs: tuple[tuple[str, str], ...]
) -> PersonDraft:
    """Write what a client would say of this person, as it is stored of any client."""
    said: Document = {"userName": name}
    if external is not None:
        said["externalId"] = external
    return PersonDraft(
        user_name=name,
        external_id=external,
        active=True,
        document=said | described.document,
        index=_index,
        identities=pairs,
        insz=described.insz or KEEP,
        changed=("userName", "name", "emails"),
    )


class _NameTaken(Exception):
    """Somebody else of this client is called so."""


@contextmanager
def _or_taken(uow: UnitOfWork) -> Iterator[None]:
    """Undo the block where a name is taken. Raises ``_NameTaken``."""
    try:
        with uow.attempt():
            yield
    except Conflict as taken:
        if taken.attribute == "userName":
            raise _NameTaken from None
        raise


def _add_identity(uow: UnitOfWork, row: LinkRow, identity: tuple[str, str]) -> None:
    """Know the human whom the number told by this subject too, unless a block knows another."""
    columns = LinkValues(row.user_name, row.external_id, True, Says(row.said_insz), "", None)
    if links.is_barred(uow.conn, row, row.person_pk, columns, (identity,)):
        raise blocks.kept("identities")
    links.add_identities(uow.conn, row.pk, (identity,))


def _plain(subject: str) -> str | None:
    """Return the subject where it may be shown: some providers take the INSZ for it."""
    shown = not subjects.is_name(subject) and without_numbers(subject) == subject
    return subject if shown else None


def _actor(uow: UnitOfWork, provider: str, issuer: str) -> Actor:
    """Return the client of the provider, made when there is none."""
    known = provider_clients.find(uow.conn, issuer)
    if known is None:
        session_rights.take_turn(uow.write(), _TURN, issuer)
        known = provider_clients.find(uow.conn, issuer) or _new_client(uow, provider, issuer)
    return clients.by_pk(uow.conn, known[0])


def _new_client(uow: UnitOfWork, provider: str, issuer: str) -> tuple[int, str]:
    client_id, name = str(uuid.uuid4()), f"provider {provider}"
    pk = provider_clients.add(uow.write(), issuer, client_id, name, uow.now)
    facts: Document = {"client": client_id, "name": name, "provider": provider}
    uow.record(Event("client.create", "ok", facts=facts))
    return pk, client_id


@contextmanager
def _acting(uow: UnitOfWork, actor: Actor) -> Iterator[None]:
    """Let the audit trail say for a while that the client of a provider acts."""
    before, uow.caller = uow.caller, f"client:{actor.client_id}"
    try:
        yield
    finally:
        uow.caller = before


_NAMES: Final = ("givenName", "familyName")


def _index(document: Document) -> tuple[IndexedValue, ...]:
    """Find what is searched of a document that was made here: names and addresses."""
    name, emails = document.get("name"), document.get("emails")
    found = []
    if isinstance(name, dict):
        found += [_value("name", 0, part, str(name[part])) for part in _NAMES if part in name]
    if isinstance(emails, list):
        told = [one for one in emails if isinstance(one, dict)]
        found += [_value("emails", at, "value", str(one["value"])) for at, one in enumerate(told)]
    return tuple(found)


def _value(attribute: str, ordinal: int, sub: str, text: str) -> IndexedValue:
    return IndexedValue(attribute, ordinal, sub.casefold(), text, text.casefold()).cut()
