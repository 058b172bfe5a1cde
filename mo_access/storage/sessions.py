"""Server-side sessions; a session lives only while the person may sign in (rule 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Exists,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from mo_access.storage import barred_places, ended
from mo_access.storage.contested import CONTESTED
from mo_access.storage.ended import END, Ended
from mo_access.storage.engine import Connection, Params, Row
from mo_access.storage.liveness import has_live_link
from mo_access.storage.schema import BIG, client, institution, link, person, session, session_reach

_may_sign_in: Final[Exists] = exists(
    select(link.c.pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(
        link.c.person_pk == session.c.person_pk,
        link.c.active == 1,
        client.c.revoked.is_(None),
        or_(client.c.provider.is_(None), has_live_link(session.c.person_pk)),
        or_(
            session.c.reach_all != 0,
            exists(
                select(session_reach.c.client_pk).where(
                    session_reach.c.session_pk == session.c.pk,
                    session_reach.c.client_pk == link.c.client_pk,
                )
            ).correlate_except(session_reach),
        ),
    )
)


_blocked_capacity: Final[Exists] = exists(
    select(institution.c.pk).where(
        institution.c.number == session.c.capacity, institution.c.blocked.is_not(None)
    )
)
"""A session for one institution alone is over when that is blocked, or its person is there.

The second is asked of who is under a block alone (``_open``).
"""
HOLDS: Final[ColumnElement[bool]] = and_(
    ~_blocked_capacity.correlate(session), _may_sign_in.correlate(session)
)
"""A session is held up by a link, for statements about what came with sessions."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session with its person."""

    pk: int
    person_pk: int
    person_id: str
    reach_all: int
    provider: str
    issuer: str
    subject: str
    sid: str | None
    acr: str | None
    level: int
    capacity: str | None
    id_token_sealed: bytes | None
    created: int
    seen: int
    expires: int
    auth_time: int | None
    renew_at: int | None
    contested: bool
    """Somebody gives rights to the person of whom the session is perhaps not (``contested``)."""
    mode: str
    """How its provider was trusted: in ``jit`` only what came with the session counts."""
    bar: str | None
    """The human under a block whom its person stands for."""


_COLUMNS = (
    session.c.pk,
    session.c.person_pk,
    person.c.id,
    session.c.reach_all,
    session.c.provider,
    session.c.issuer,
    session.c.subject,
    session.c.sid,
    session.c.acr,
    session.c.level,
    session.c.capacity,
    session.c.id_token_sealed,
    session.c.created,
    session.c.seen,
    session.c.expires,
    session.c.auth_time,
    session.c.renew_at,
    exists(CONTESTED),
    session.c.mode,
    person.c.bar,
)
_LIVE = (
    select(*_COLUMNS)
    .join(person, person.c.pk == session.c.person_pk)
    .where(
        session.c.expires > bindparam("now"),
        session.c.seen > bindparam("idle_since"),
        person.c.active == 1,
        person.c.blocked.is_(None),
        ~_blocked_capacity,
        _may_sign_in,
    )
)
_BY_HASH = _LIVE.where(session.c.id_hash == bindparam("hash"))
_NAMES = (
    "id_hash",
    "person_pk",
    "reach_all",
    "provider",
    "issuer",
    "subject",
    "sid",
    "acr",
    "level",
    "capacity",
    "id_token_sealed",
    "created",
    "seen",
    "expires",
    "auth_time",
    "refresh_sealed",
    "renew_at",
    "mode",
)
_NEW = insert(session).values({name: bindparam(name) for name in _NAMES}).returning(session.c.pk)
_ADD_REACH = insert(session_reach).values(
    session_pk=bindparam("session"), client_pk=bindparam("client")
)
_REACH = (
    select(session_reach.c.client_pk)
    .join(client, client.c.pk == session_reach.c.client_pk)
    .where(session_reach.c.session_pk == bindparam("session"), client.c.revoked.is_(None))
)
_bar = select(person.c.bar).where(person.c.pk == bindparam("person")).scalar_subquery()
_BLOCKS = select(institution.c.blocked, _bar).where(institution.c.number == bindparam("at"))
_TOUCH = update(session).values(seen=bindparam("now")).where(session.c.pk == bindparam("pk_"))


def live(conn: Connection, id_hash: bytes, now: int, idle_since: int) -> SessionRow | None:
    """Return the session with this hash while it, its person and a link of theirs are live.

    One statement, and one more for who is under a block.
    """
    found = conn.all(_BY_HASH, {"hash": id_hash, "now": now, "idle_since": idle_since})
    return next(iter(_open(conn, found)), None)


def _open(conn: Connection, rows: Iterable[Row]) -> list[SessionRow]:
    """Leave out sessions for one institution alone where a block shuts the person out.

    A block on what somebody is at an institution goes along its line (``barred_places``).
    """
    found = [SessionRow(*row) for row in rows]
    shut = barred_places.of(conn, {one.bar for one in found if one.bar and one.capacity})
    return [one for one in found if (one.bar, one.capacity) not in shut]


def new(conn: Connection, row: dict[str, int | str | bytes | None], reach: frozenset[int]) -> None:
    """Insert a session; the keys are the columns, ``reach`` the clients that vouch for it."""
    pk = conn.insert(_NEW, row)
    conn.many(_ADD_REACH, [{"session": pk, "client": client} for client in sorted(reach)])


def reach(conn: Connection, pk: int) -> list[int]:
    """Return the clients that vouch for a session that is not for everywhere."""
    return [int(row[0]) for row in conn.all(_REACH, {"session": pk})]


def is_blocked(conn: Connection, person_pk: int, capacity: str) -> bool:
    """Tell whether a block shuts the one institution that a session would be for."""
    found = conn.one(_BLOCKS, {"person": person_pk, "at": capacity})
    if found is None:
        return False
    blocked, bar = found
    if blocked is not None:
        return True
    return bar is not None and (bar, capacity) in barred_places.of(conn, [str(bar)])


_CONTESTED = (
    select(link.c.client_pk, client.c.platform)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.pk.in_(CONTESTED), session.c.pk == bindparam("session"))
)
_UNCONTESTED = select(link.c.client_pk).where(
    link.c.person_pk == session.c.person_pk,
    link.c.pk.not_in(CONTESTED),
    session.c.pk == bindparam("session"),
)


def contested(conn: Connection, pk: int) -> list[tuple[int, bool]]:
    """Return the clients whose word about the person is perhaps not about whose session it is.

    With each, whether it is the platform's, which speaks for every institution.
    """
    rows = conn.all(_CONTESTED, {"session": pk})
    return [(int(client_pk), bool(platform)) for client_pk, platform in rows]


def uncontested(conn: Connection, pk: int) -> list[int]:
    """Return the other clients that know the person of a session."""
    return [int(row[0]) for row in conn.all(_UNCONTESTED, {"session": pk})]


def touch(conn: Connection, pk: int, now: int) -> None:
    """Note that the session was used."""
    conn.run(_TOUCH, {"pk_": pk, "now": now})


_END_HASH = END.where(session.c.id_hash == bindparam("hash"))
_END_PERSON = END.where(session.c.person_pk == bindparam("person"))
_of_person = select(session.c.pk).where(session.c.person_pk == bindparam("person"))
_DROP_REACH = delete(session_reach).where(
    session_reach.c.client_pk == bindparam("client"), session_reach.c.session_pk.in_(_of_person)
)
_END_REACHLESS = _END_PERSON.where(
    session.c.reach_all == 0,
    ~exists(select(session_reach.c.client_pk).where(session_reach.c.session_pk == session.c.pk)),
)
_END_WITHOUT_LINK = _END_PERSON.where(~has_live_link(bindparam("person", type_=BIG)))
_END_SID = END.where(session.c.issuer == bindparam("issuer"), session.c.sid == bindparam("sid"))
_END_SUBJECT = END.where(
    session.c.issuer == bindparam("issuer"), session.c.subject == bindparam("subject")
)
_END_NAMELESS = _END_SUBJECT.where(session.c.sid.is_(None))
_SWEEP = END.where(
    or_(session.c.expires <= bindparam("now"), session.c.seen <= bindparam("idle_since"))
)
_END_PK = END.where(session.c.pk == bindparam("pk_"))
_END_OWN = _END_PK.where(
    session.c.person_pk.in_(select(person.c.pk).where(person.c.id == bindparam("person")))
)
_OF_PERSON = _LIVE.where(person.c.id == bindparam("person")).order_by(session.c.created.desc())


def end(conn: Connection, id_hash: bytes) -> list[Ended]:
    """End the session with this hash."""
    return ended.end(conn, _END_HASH, {"hash": id_hash})


def end_pk(conn: Connection, pk: int) -> list[Ended]:
    """End the session with this number (as ``session list`` shows it)."""
    return ended.end(conn, _END_PK, {"pk_": pk})


def end_own(conn: Connection, person_id: str, pk: int) -> list[Ended]:
    """End the session with this number if it is this person's."""
    return ended.end(conn, _END_OWN, {"person": person_id, "pk_": pk})


def live_of_person(conn: Connection, person_id: str, now: int, idle_since: int) -> list[SessionRow]:
    """Return a person's live sessions, newest first."""
    asked: Params = {"person": person_id, "now": now, "idle_since": idle_since}
    return _open(conn, conn.all(_OF_PERSON, asked))


def end_of_person(conn: Connection, person_pk: int) -> list[Ended]:
    """End every session of a person."""
    return ended.end(conn, _END_PERSON, {"person": person_pk})


def end_of_reach(conn: Connection, person_pk: int, client_pk: int) -> list[Ended]:
    """Take back this client's word for a person; sessions that no other word holds up end."""
    conn.run(_DROP_REACH, {"person": person_pk, "client": client_pk})
    return ended.end(conn, _END_REACHLESS, {"person": person_pk})


def end_without_link(conn: Connection, person_pk: int) -> list[Ended]:
    """End a person's sessions when no client has an active link any more."""
    return ended.end(conn, _END_WITHOUT_LINK, {"person": person_pk})


def end_sid(conn: Connection, issuer: str, sid: str) -> list[Ended]:
    """End the sessions of one session at the provider."""
    return ended.end(conn, _END_SID, {"issuer": issuer, "sid": sid})


def end_subject(
    conn: Connection, issuer: str, subject: str, *, nameless: bool = False
) -> list[Ended]:
    """End every session of one subject of the provider, or those without a ``sid`` only."""
    which = _END_NAMELESS if nameless else _END_SUBJECT
    return ended.end(conn, which, {"issuer": issuer, "subject": subject})


def sweep(conn: Connection, now: int, idle_since: int) -> list[Ended]:
    """Delete the sessions that are over."""
    return ended.end(conn, _SWEEP, {"now": now, "idle_since": idle_since})


class OfProvider(NamedTuple):
    """How many sessions came from a provider in a mode."""

    provider: str
    issuer: str
    mode: str
    number: int


_OF_PROVIDER = (session.c.provider, session.c.issuer, session.c.mode)
_BY_PROVIDER = (
    select(*_OF_PROVIDER, func.count())
    .where(session.c.expires > bindparam("now"), session.c.seen > bindparam("idle_since"))
    .group_by(*_OF_PROVIDER)
    .order_by(*_OF_PROVIDER)
)


def by_provider(conn: Connection, now: int, idle_since: int) -> list[OfProvider]:
    """Count the sessions that are not over, by provider, issuer and mode."""
    asked: Params = {"now": now, "idle_since": idle_since}
    return [OfProvider(*row) for row in conn.all(_BY_PROVIDER, asked)]


def all_live(conn: Connection, now: int, idle_since: int) -> list[SessionRow]:
    """Return every live session, newest first (for the command line)."""
    newest = _LIVE.order_by(session.c.created.desc())
    return _open(conn, conn.all(newest, {"now": now, "idle_since": idle_since}))
