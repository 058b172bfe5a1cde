"""Sessions of people who signed in; only the hash of a session's id is stored (rule 7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from mo_access.domain.model import Document, Event
from mo_access.domain.policy import Session as PolicySession
from mo_access.service import subjects
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import clients, sessions
from mo_access.storage.ended import Ended
from mo_access.storage.sessions import OfProvider, SessionRow

ID_BYTES: Final = 32
TOUCH_AFTER: Final = 60_000_000
"""Note the use of a session once a minute at most: a read stays a read."""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session; ``policy`` is what it adds to a decision, times are microseconds.

    ``subject`` is the provider's, or the person's id where the provider took the INSZ for it.
    """

    pk: int
    person: str
    provider: str
    issuer: str
    subject: str
    sid: str | None
    acr: str | None
    created: int
    expires: int
    policy: PolicySession
    seen: int = 0
    auth_time: int | None = None
    """When the person signed in at the provider, as it told."""
    renew_at: int | None = None
    """When the provider is to be asked again; None where it is not."""
    mode: str = "scim"
    """The mode that its provider had at the sign-in."""
    stored_subject: str = ""
    """What the subject is stored as, which is never told outside (``subjects``)."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What renews a session: the provider's refresh token, and when it is due."""

    refresh_token: str = field(repr=False)
    due: int


def find(uow: UnitOfWork, session_id: str, idle: int) -> Session | None:
    """Return the live session with this id, or None; ``idle`` is in microseconds.

    A person who was deactivated, blocked or left without a link has no session any more.
    """
    row = sessions.live(uow.conn, _hash(session_id), uow.now, uow.now - idle)
    if row is None:
        return None
    if uow.now - row.seen > TOUCH_AFTER:
        sessions.touch(uow.write(), row.pk, uow.now)
    return _session(uow, row)


def open_session(  # noqa: PLR0913 - the facts of a sign-in
    uow: UnitOfWork,
    person_pk: int,
    *,
    reach: frozenset[int] | None,
    everywhere: int = 0,
    provider: str,
    issuer: str,
    subject: str,
    sid: str | None,
    acr: str | None,
    level: int,
    capacity: tuple[str, ...] | None,
    id_token: str,
    expires: int,
    auth_time: int | None = None,
    renewal: Renewal | None = None,
    mode: str = "scim",
) -> str:
    """Open a session with a new id and return the id; the caller puts it in a cookie.

    ``reach`` names the clients whose word it stands on, None for everywhere and everybody's.
    ``mode`` is the provider's: in ``jit`` only what came with the session counts in it.
    ``everywhere`` tells why it counts beyond them: bits of ``contested``, 0 when it does not.
    """
    session_id = secrets.token_urlsafe(ID_BYTES)
    hashed = _hash(session_id)
    row: dict[str, int | str | bytes | None] = {
        "id_hash": hashed,
        "person_pk": person_pk,
        "reach_all": 1 if reach is None else everywhere,
        "provider": provider,
        "issuer": issuer,
        "subject": subject,
        "sid": sid,
        "acr": acr,
        "level": level,
        "capacity": None if capacity is None else " ".join(capacity),
        "id_token_sealed": uow.keys.seal(context(hashed), id_token),
        "created": uow.now,
        "seen": uow.now,
        "expires": expires,
        "auth_time": auth_time,
        "refresh_sealed": _refresh(uow, hashed, renewal),
        "renew_at": renewal.due if renewal else None,
        "mode": mode,
    }
    sessions.new(uow.write(), row, reach or frozenset())
    return session_id


def end(uow: UnitOfWork, session_id: str, idle: int) -> tuple[Session, str] | None:
    """End a session and return it with its ID token (for the provider's logout); None if gone."""
    hashed = _hash(session_id)
    row = sessions.live(uow.conn, hashed, uow.now, uow.now - idle)
    uow.ended(sessions.end(uow.write(), hashed))
    if row is None or row.id_token_sealed is None:
        return None
    uow.record(Event("session.end", "ok", person=row.person_id))
    return _session(uow, row), uow.keys.open(context(hashed), row.id_token_sealed)


def end_by_provider(
    uow: UnitOfWork, issuer: str, *, sid: str | None = None, subject: str | None = None
) -> int:
    """End one session at the provider (``sid``), else every session of the subject.

    With both, a session of the subject of which the provider did not say which one it is there may
    be the one that is meant: it ends too.
    """
    conn, gone = uow.write(), list[Ended]()
    if sid is not None:
        gone += sessions.end_sid(conn, issuer, sid)
    if subject is not None:
        stored = subjects.known_as(uow, issuer, subject)
        gone += sessions.end_subject(conn, issuer, stored, nameless=sid is not None)
    ended = uow.ended(gone)
    uow.record(Event("session.end", "provider", facts={"ended": ended}))
    return ended


def end_distrusted(uow: UnitOfWork, session: Session, code: str) -> None:
    """End a session whose provider is not believed any more; ``code`` says why.

    Of several requests that find it so, one writes it down.
    """
    if uow.ended(sessions.end_pk(uow.write(), session.pk)):
        facts: Document = {"session": session.pk, "code": code}
        uow.record(Event("session.end", "not_trusted", person=session.person, facts=facts))


def by_provider(uow: UnitOfWork, idle: int) -> list[OfProvider]:
    """Count the sessions that are not over, by what they stand on."""
    return sessions.by_provider(uow.conn, uow.now, uow.now - idle)


def listed(uow: UnitOfWork, idle: int) -> list[Session]:
    """Return every live session, newest first (for the command line)."""
    rows = sessions.all_live(uow.conn, uow.now, uow.now - idle)
    return sorted((_session(uow, row) for row in rows), key=lambda s: -s.created)


def end_one(uow: UnitOfWork, pk: int) -> bool:
    """End the session with this number; False when there is none."""
    ended = uow.ended(sessions.end_pk(uow.write(), pk)) == 1
    if ended:
        uow.record(Event("session.end", "operator", facts={"session": pk}))
    return ended


def own(uow: UnitOfWork, person: str, idle: int) -> list[Session]:
    """Return a person's live sessions, newest first."""
    rows = sessions.live_of_person(uow.conn, person, uow.now, uow.now - idle)
    return [_session(uow, row) for row in rows]


def end_own(uow: UnitOfWork, person: str, numbers: Iterable[int]) -> int:
    """End those of a person's own sessions; numbers of others' are passed over, untold."""
    ended = [pk for pk in numbers if uow.ended(sessions.end_own(uow.write(), person, pk))]
    if ended:
        uow.record(Event("session.end", "own", person=person, facts={"sessions": list(ended)}))
    return len(ended)


def sweep(uow: UnitOfWork, idle: int) -> int:
    """Delete the sessions that are over."""
    return uow.ended(sessions.sweep(uow.write(), uow.now, uow.now - idle))


def _session(uow: UnitOfWork, row: SessionRow) -> Session:
    capacity = None if row.capacity is None else frozenset(row.capacity.split())
    reach = None if row.reach_all and not row.contested else _reach(uow, row)
    return Session(
        pk=row.pk,
        person=row.person_id,
        provider=row.provider,
        issuer=row.issuer,
        subject=row.person_id if subjects.is_name(row.subject) else row.subject,
        sid=row.sid,
        acr=row.acr,
        created=row.created,
        expires=row.expires,
        policy=PolicySession(row.level, capacity, reach, row.pk, row.mode == "jit"),
        seen=row.seen,
        auth_time=row.auth_time,
        renew_at=row.renew_at,
        mode=row.mode,
        stored_subject=row.subject,
    )


def _reach(uow: UnitOfWork, row: SessionRow) -> frozenset[str]:
    """Return the institutions for which the clients behind a session may speak (ruling 3).

    One that counts everywhere: all but those of whom its person is perhaps somebody else.
    """
    own = sessions.reach(uow.conn, row.pk)
    if not row.reach_all:
        return _spoken_for(uow, own)
    contested = sessions.contested(uow.conn, row.pk)
    return frozenset(clients.institution_pks(uow.conn)) - closed(
        uow, own, contested, lambda: sessions.uncontested(uow.conn, row.pk)
    )


def closed(
    uow: UnitOfWork,
    own: Collection[int],
    contested: Collection[tuple[int, bool]],
    sure: Callable[[], Collection[int]],
) -> frozenset[str]:
    """Return where who stands on ``own`` clients' words does not count: at contested clients'.

    With each of those, whether it is the platform's: that one may give anything anywhere, and
    only where the clients speak that are ``sure`` whom they mean is open beside it.
    """
    if any(platform for _, platform in contested):
        shut = frozenset(clients.institution_pks(uow.conn)) - _spoken_for(uow, sure())
    else:
        shut = _spoken_for(uow, [client_pk for client_pk, _ in contested])
    return shut - _spoken_for(uow, own)


def _spoken_for(uow: UnitOfWork, client_pks: Collection[int]) -> frozenset[str]:
    found = (clients.institutions(uow.conn, client_pk) for client_pk in client_pks)
    return frozenset().union(*found)


def _hash(session_id: str) -> bytes:
    return sha256(session_id.encode()).digest()


def context(hashed: bytes) -> str:
    """Name the row that a sealed ID token belongs to."""
    return f"mo:session:id-token:{hashed.hex()}"


def refresh_context(hashed: bytes) -> str:
    """Return what binds a sealed refresh token to its session."""
    return f"mo:session:refresh-token:{hashed.hex()}"


def _refresh(uow: UnitOfWork, hashed: bytes, renewal: Renewal | None) -> bytes | None:
    if renewal is None:
        return None
    return uow.keys.seal(refresh_context(hashed), renewal.refresh_token)
