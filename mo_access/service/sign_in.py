"""Who a session is (ruling 3): all that a token says must lead to the same one person."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from mo_access.domain.errors import Refused
from mo_access.domain.model import Event
from mo_access.service import logouts, sessions, subjects
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import barred_links, identities, last_sign_ins, matching
from mo_access.storage import sessions as stored_sessions
from mo_access.storage.contested import BY_LINK, BY_NUMBER
from mo_access.storage.engine import Duplicate
from mo_access.storage.matching import Match

MESSAGES: Final = {
    "unknown_person": "Nobody has registered you for Mijn Onderwijs yet.",
    "inactive": "Your access has been withdrawn.",
    "ambiguous_identity": "Your sign-in matches more than one person.",
    "identity_conflict": "Your sign-in points at different people.",
    logouts.CODE: logouts.MESSAGE,
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """A verified sign-in, as the protocol's door understood it.

    ``links`` are (value, attribute) with attribute ``userName``, ``externalId`` or ``insz``;
    ``capacity`` the institutions that alone count, or None; times are microseconds.
    """

    provider: str
    issuer: str
    subject: str
    links: tuple[tuple[str, str], ...]
    id_token: str
    expires: int
    acr: str | None = None
    level: int = 0
    capacity: tuple[str, ...] | None = None
    sid: str | None = None
    auth_time: int | None = None
    renewal: sessions.Renewal | None = None
    issued: int = 0
    """When the provider says that it vouched for this."""
    began: int = 0
    """When the person set out for the provider."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The outcome: the new session's id (for the cookie only) and the person."""

    session_id: str
    person: str
    person_pk: int = 0


def sign_in(uow: UnitOfWork, said: SignIn) -> SignedIn:
    """Open a session for the one person that a verified sign-in belongs to.

    Raises ``Refused`` with the code ``unknown_person``, ``inactive``, ``ambiguous_identity``,
    ``identity_conflict`` or ``signed_out_meanwhile``; the caller records it with
    ``record_refusal`` in a unit of its own.
    """
    logouts.refuse(uow, said)
    said = replace(said, subject=subjects.kept_as(uow, said.issuer, said.subject))
    live = recognised(uow, said.issuer, said.subject, said.links)
    return admitted(uow, said, live)


def admitted(uow: UnitOfWork, said: SignIn, live: list[Match], mode: str = "scim") -> SignedIn:
    """Open a session for whom these ways lead to; ``mode`` is that of the provider.

    Raises ``Refused`` where a block is on what the sign-in is for.
    """
    _refuse_blocked_capacity(uow, live[0].person_pk, said.capacity)
    everywhere = stands_on(live)
    _pin(uow, said, live)
    session_id = sessions.open_session(
        uow,
        live[0].person_pk,
        reach=frozenset(match.client_pk for match in live if match.client_pk),
        everywhere=everywhere,
        provider=said.provider,
        issuer=said.issuer,
        subject=said.subject,
        sid=said.sid,
        acr=said.acr,
        level=said.level,
        capacity=said.capacity,
        id_token=said.id_token,
        expires=said.expires,
        auth_time=said.auth_time,
        renewal=said.renewal,
        mode=mode,
    )
    last_sign_ins.note(uow.conn, live[0].person_pk, uow.now)
    facts = {"provider": said.provider, "acr": said.acr, "everywhere": everywhere > 0}
    uow.record(Event("sign_in", "ok", person=live[0].person_id, facts=facts))
    return SignedIn(session_id, live[0].person_id, live[0].person_pk)


def recognised(
    uow: UnitOfWork, issuer: str, subject: str, links: tuple[tuple[str, str], ...]
) -> list[Match]:
    """Return the live ways in which a verified identity leads to its one person (ruling 3).

    ``subject`` is as it is stored (``subjects``), here and below.
    Raises ``Refused`` as ``sign_in`` does; changes nothing.
    """
    live = known(uow, issuer, subject, links)
    if not live:
        raise refused("unknown_person")
    return live


def known(
    uow: UnitOfWork, issuer: str, subject: str, links: tuple[tuple[str, str], ...]
) -> list[Match]:
    """Return the same, or nothing where nobody whom a provider may be matched to is meant."""
    matches = _matches(uow, issuer, subject, links)
    _one_person(matches)
    live = [match for match in matches if match.live]
    if matches and not live:
        raise refused("inactive", matches[0].person_id)
    if live and all(match.link_pk is not None for match in live):
        _refuse_blocked_human(uow, links, live[0])
    return live


def record_refusal(uow: UnitOfWork, provider: str, code: str, person: str | None = None) -> None:
    """Write down a refused sign-in: the provider's name and the code, nothing it sent.

    ``person`` is the one whom it would have been, where that is known.
    """
    uow.record(Event("sign_in", "refused", person, facts={"provider": provider, "code": code}))


def _matches(
    uow: UnitOfWork, issuer: str, subject: str, links: tuple[tuple[str, str], ...]
) -> list[Match]:
    """Collect what every pair leads to; a pair that leads to two people is ambiguous."""
    found: list[Match] = []
    for value, attribute in links:
        if attribute == "insz":
            indexes = uow.keys.indexes(value)
            found += _unambiguous(matching.by_insz(uow.conn, issuer, indexes))
        else:
            rows = matching.by_attribute(uow.conn, issuer, attribute, value)
            found += _unambiguous(rows)
    found += _unambiguous(matching.by_subject(uow.conn, issuer, subject))
    return found + matching.pinned(uow.conn, issuer, subject)


def _refuse_blocked_human(
    uow: UnitOfWork, links: tuple[tuple[str, str], ...], match: Match
) -> None:
    """Let nobody in as another whose number tells a human under a block.

    A client may have made that human anew without the number; the provider says it all the same.
    """
    for value, attribute in links:
        if attribute != "insz":
            continue
        number = uow.keys.indexes(value)
        if barred_links.has_number_of_another(uow.conn, number, match.person_pk):
            raise refused("inactive", match.person_id)


def _unambiguous(matches: list[Match]) -> list[Match]:
    if len({match.person_pk for match in matches}) > 1:
        raise refused("ambiguous_identity")
    return matches


def _one_person(matches: list[Match]) -> None:
    people = {match.person_pk for match in matches}
    if len(people) > 1:
        raise refused("identity_conflict")


def stands_on(live: list[Match]) -> int:
    """Tell on what stands that counts everywhere, 0 when it does not (ruling 3, ``contested``)."""
    wide = [match for match in live if match.everywhere]
    by_link = BY_LINK if any(match.link_pk is not None for match in wide) else 0
    return by_link | (BY_NUMBER if any(match.link_pk is None for match in wide) else 0)


def _pin(uow: UnitOfWork, said: SignIn, matches: list[Match]) -> None:
    """Remember the link that told who this is; the pin goes when that link changes or ends."""
    linked = [match for match in matches if match.link_pk is not None and not match.by_provider]
    if not linked or matching.pinned(uow.conn, said.issuer, said.subject):
        return
    first = next((match for match in linked if match.everywhere), linked[0])
    conn = uow.write()
    # Of two first sign-ins at the same moment one pins for both.
    with suppress(Duplicate), conn.savepoint():
        identities.pin(
            conn,
            said.issuer,
            said.subject,
            person_pk=first.person_pk,
            link_pk=first.link_pk,
            proof=", ".join(attribute for _, attribute in said.links) or "identities",
            now=uow.now,
        )


def refused(code: str, person: str | None = None) -> Refused:
    """Make the refusal of a sign-in by its code, which names who it would have been if known."""
    return Refused(code, MESSAGES[code], person=person)


def _refuse_blocked_capacity(
    uow: UnitOfWork, person_pk: int, capacity: tuple[str, ...] | None
) -> None:
    """Let nobody in for one institution alone when a block is on what the sign-in is for."""
    if capacity and stored_sessions.is_blocked(uow.conn, person_pk, " ".join(capacity)):
        raise refused("inactive")
