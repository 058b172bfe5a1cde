"""Changing a client that exists: how it is read, what it may, and where (rule 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import Document, Event
from mo_access.domain.numbers import institution_number
from mo_access.domain.text import without_numbers
from mo_access.service import beheerders, clients, oauth_clients, theme_ends
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import beheerder_changes, restructured
from mo_access.storage import client_change as stored
from mo_access.storage import clients as stored_clients
from mo_access.storage.client_change import ClientWords, Ended
from mo_access.storage.engine import Duplicate


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What an operator changes; None, or nothing to add and remove, leaves it as it is."""

    name: str | None = None
    profile: str | None = None
    scopes: tuple[str, ...] | None = None
    default_institution: str | None = None
    """"" takes the default away."""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    beheerders: bool | None = None
    """Whether it may make somebody beheerder; what it said before counts by it too."""
    left_without: str = ""
    """Why institutions may be left without beheerder, where the terms refuse that (rule 8)."""
    oauth: oauth_clients.Pairs = ()
    """What acts as it from now on, in the place of what has the same issuer and client id."""
    no_oauth: bool = False
    """Whether nothing else acts as it any more."""


def change(uow: UnitOfWork, client: str, wanted: ClientChange) -> tuple[str, Ended]:
    """Change a client; returns its id and what ended with the institutions that it lost.

    Holds from the next request on, for the tokens that it has. What it gave at an institution
    where it may act no longer ends too: nobody could take it away later. Raises ``NotFound``,
    ``Invalid`` for what cannot be, ``LastBeheerder`` and ``Conflict`` when the name or an OAuth
    client is taken; then nothing was stored.
    """
    pk, client_id, name, revoked = clients.found(uow, client)
    if revoked is not None:
        raise Invalid(f"client {name!r} is revoked; make a new one")
    conn = uow.write()
    before, bound = stored.words(conn, pk), set(stored_clients.bound(conn, pk))
    after = _worded(before, wanted)
    lost = _rebind(uow, pk, after, wanted)
    clients.check_default(uow, pk, after.default_institution, platform=after.platform)
    try:
        stored.write(conn, pk, after)
    except Duplicate:
        raise Conflict(f"there is a client named {after.name!r} already") from None
    said = beheerder_changes.of_client(conn, pk) if lost or wanted.beheerders is not None else []
    held = theme_ends.held_by(uow, pk, lost)
    ended = stored.end_rights(conn, pk, lost, uow.now)
    theme_ends.end_lost(uow, held)
    _judge_beheerders(uow, said, lost, wanted)
    acting = oauth_clients.change(uow, pk, wanted.oauth, none_else=wanted.no_oauth)
    at = bound | set(stored_clients.bound(conn, pk)) | set(ended.institutions)
    facts = _facts(client_id, before, after, wanted, ended) | acting
    uow.record(Event("client.change", "ok", institutions=tuple(sorted(at)), facts=facts))
    return client_id, ended


def _worded(before: ClientWords, wanted: ClientChange) -> ClientWords:
    name = before.name if wanted.name is None else wanted.name.strip()
    scopes = before.scopes if wanted.scopes is None else tuple(dict.fromkeys(wanted.scopes))
    profile = wanted.profile or before.profile
    clients.check_words(name, scopes, profile)
    default = before.default_institution
    if wanted.default_institution is not None:
        sent = wanted.default_institution
        default = institution_number(sent) if sent else None
    said = replace(before, name=name, scopes=scopes, profile=profile, default_institution=default)
    return said if wanted.beheerders is None else replace(said, beheerders=wanted.beheerders)


def _judge_beheerders(
    uow: UnitOfWork, said: list[tuple[str, int]], lost: frozenset[str], wanted: ClientChange
) -> None:
    """Tell rule 8 which roles of this client went; ``left_without`` lets them go."""
    for number in sorted({number for number, _ in said}):
        gone = number in lost or wanted.beheerders is False
        if gone and not wanted.left_without:
            # Who may make no beheerders keeps none on paper either.
            kept = () if wanted.beheerders is False else [pk for at, pk in said if at == number]
            beheerders.lost(uow, [number], kept)
        else:
            beheerders.touched(uow, [number])


def _rebind(
    uow: UnitOfWork, client_pk: int, after: ClientWords, wanted: ClientChange
) -> frozenset[str]:
    """Add and remove bindings; returns the institutions that the client may act for no longer."""
    conn = uow.write()
    more, less = (tuple(map(institution_number, told)) for told in (wanted.add, wanted.remove))
    known = stored_clients.institution_pks(conn)
    clients.check_known((*more, *less, *filter(None, [after.default_institution])), known)
    if after.platform and (more or less):
        raise Invalid("a platform client acts for every institution; it is bound to none")
    bound = set(stored_clients.bound(conn, client_pk))
    if foreign := sorted(set(less) - bound):
        raise Invalid(f"the client is not bound to {', '.join(foreign)}")
    if less and not (bound | set(more)) - set(less):
        raise Invalid("a client without institutions can do nothing; revoke it instead")
    scope = stored_clients.institutions(conn, client_pk)
    stored_clients.bind(conn, client_pk, (known[number] for number in sorted({*more} - bound)))
    stored.unbind(conn, client_pk, (known[number] for number in sorted({*less})))
    now = stored_clients.institutions(conn, client_pk)
    restructured.mark(conn, client_pk, now - scope, outside=False)
    return scope - now


def _facts(
    client_id: str,
    before: ClientWords,
    after: ClientWords,
    wanted: ClientChange,
    ended: Ended,
) -> Document:
    """Tell what is another than before; none of it is secret."""
    facts: Document = {"client": client_id, "name": after.name}
    for field in ("name", "default_institution", "profile", "scopes", "beheerders"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            facts[f"{field}_before"] = list(old) if isinstance(old, tuple) else old
            facts[field] = list(new) if isinstance(new, tuple) else new
    if wanted.left_without:
        facts["left_without_beheerder"] = without_numbers(wanted.left_without)
    if wanted.add or wanted.remove:
        facts |= {"added": list(wanted.add), "removed": list(wanted.remove)}
        facts["ended"] = {
            "affiliations": ended.affiliations,
            "grants": ended.grants,
            "groups": ended.groups,
        }
    return facts
