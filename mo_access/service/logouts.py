"""Sign-ins on their way whose end their provider has told (Back-Channel Logout 1.0).

A logout token may come between the exchange of the code and the opening of the session: it finds
nothing to end, and the session would open all the same. So it is remembered for as long as a
sign-in may be on its way. Both take the same turns, on whichever node: who comes second sees what
the first one did, and a logout ends the session or the sign-in is refused.

What was said is found by a keyed index: a subject may be a number of the national register, of
which a plain hash is broken in seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mo_access.domain.errors import Refused
from mo_access.domain.keys import Indexes
from mo_access.domain.model import Document
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import one_time, people

if TYPE_CHECKING:
    from mo_access.service.sign_in import SignIn

CODE: Final = "signed_out_meanwhile"
MESSAGE: Final = "The provider ended this sign-in before it was complete; begin again."
_KIND: Final = "signed-out"
_SID, _SUBJECT, _NAMELESS = "sid", "subject", "subject without sid"


def take_turns(uow: UnitOfWork, issuer: str, sid: str | None, subject: str | None) -> None:
    """Let nobody else open or end sessions of these until the end of the transaction.

    Whoever takes them does so first of all, and always in the same order: none waits for another
    in a circle.
    """
    named = ((_SID, sid), (_SUBJECT, subject))
    texts = [_text(what, issuer, value) for what, value in named if value is not None]
    conn = uow.write()
    for turn in sorted(map(uow.keys.turn, texts)):
        people.take_turn(conn, turn)


def remember(
    uow: UnitOfWork, issuer: str, *, sid: str | None, subject: str | None, issued: int, until: int
) -> None:
    """Remember a logout token until then, in microseconds as ``issued``; its turns are taken.

    With both names it is about the one session, or about one that has no ``sid`` (as
    ``sessions.end_by_provider``).
    """
    if sid is not None:
        _remember(uow, _text(_SID, issuer, sid), issued, until)
    if subject is not None:
        what = _SUBJECT if sid is None else _NAMELESS
        _remember(uow, _text(what, issuer, subject), issued, until)


def refuse(uow: UnitOfWork, said: SignIn) -> None:
    """Take the turns of a sign-in; ``Refused`` where its end was told while it was on its way.

    One that began after that is a new one. Of a subject, who signed in at the provider after the
    end has come back; a ``sid`` that ended does not.
    """
    take_turns(uow, said.issuer, said.sid, said.subject)
    by_subject, by_session = _places(uow, said)
    told = one_time.find(uow.conn, _KIND, (*by_subject, *by_session), uow.now)
    for index, payload in told.items():
        notice = _read(payload)
        if said.began > notice["received"]:
            continue
        is_sid = said.sid is not None and index in by_session
        if is_sid or said.issued <= notice["issued"]:
            raise Refused(CODE, MESSAGE)


def _places(uow: UnitOfWork, said: SignIn) -> tuple[Indexes, Indexes]:
    """Return where the end of a sign-in may stand: by its subject, and by its ``sid`` or none."""
    if said.sid is None:
        session = _text(_NAMELESS, said.issuer, said.subject)
    else:
        session = _text(_SID, said.issuer, said.sid)
    subject = _text(_SUBJECT, said.issuer, said.subject)
    return uow.keys.indexes(subject), uow.keys.indexes(session)


def _remember(uow: UnitOfWork, text: str, issued: int, until: int) -> None:
    """Put a notice in the place of an earlier one, of which the later times stay."""
    conn, index = uow.write(), uow.keys.index(text)
    before = one_time.take(conn, _KIND, index)
    if before is not None:
        issued = max(issued, _read(before[0])["issued"])
    payload: Document = {"issued": issued, "received": uow.now}
    one_time.put(conn, _KIND, index, None, json.dumps(payload), until)


def _read(payload: str) -> dict[str, int]:
    told: dict[str, int] = json.loads(payload)
    return told


def _text(what: str, issuer: str, value: str) -> str:
    return f"signed out\n{what}\n{issuer}\n{value}"
