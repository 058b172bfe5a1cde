"""Which OAuth clients act as a client of ours, and that none of them is a person (P2)."""

from __future__ import annotations

from mo_access.domain import oauth_client
from mo_access.domain.errors import Conflict, Invalid
from mo_access.domain.model import Document, Json
from mo_access.domain.text import without_numbers
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import matching
from mo_access.storage import oauth_clients as stored
from mo_access.storage.engine import Duplicate

Pairs = tuple[tuple[str, str], ...]
"""Each an issuer, and what it calls the client (`mo_access.domain.oauth_client.named`)."""


def add(uow: UnitOfWork, client_pk: int, pairs: Pairs) -> None:
    """Let access tokens of these act as the client.

    Raises ``Invalid`` for a name that cannot be, and for a subject that is somebody's: the token
    of a person never provisions. ``Conflict`` when it acts as another client.
    """
    for issuer, name in pairs:
        oauth_client.check(name)
        _refuse_person(uow, issuer, oauth_client.parts(name)[1])
    try:
        stored.add(uow.write(), client_pk, pairs)
    except Duplicate:
        raise Conflict("that OAuth client acts as another client already") from None


def change(uow: UnitOfWork, client_pk: int, pairs: Pairs, *, none_else: bool) -> Document:
    """Add these in the place of what has the same issuer and client id, or of all (``none_else``).

    Returns the facts of what is another than before; raises as ``add`` does.
    """
    before = stored.of_client(uow.write(), client_pk)
    told = {(issuer, oauth_client.parts(name)[0]) for issuer, name in pairs}
    gone = [(i, n) for i, n in before if none_else or (i, oauth_client.parts(n)[0]) in told]
    stored.remove(uow.write(), client_pk, gone)
    add(uow, client_pk, pairs)
    after = stored.of_client(uow.conn, client_pk)
    return {} if after == before else {"oauth_before": facts(before), "oauth": facts(after)}


def facts(pairs: Pairs) -> list[Json]:
    """Return what may stand in the audit trail of these: no number of a person (rule 9)."""
    return [_fact(issuer, *oauth_client.parts(name)) for issuer, name in pairs]


def _fact(issuer: str, client_id: str, subject: str | None) -> Document:
    told: Document = {"issuer": issuer, "client": without_numbers(client_id)}
    return told if subject is None else {**told, "subject": subject}


def _refuse_person(uow: UnitOfWork, issuer: str, subject: str | None) -> None:
    if subject is not None and _is_somebody(uow, issuer, subject):
        raise Invalid("that subject is a person here: only the account of a machine provisions")


def _is_somebody(uow: UnitOfWork, issuer: str, subject: str) -> bool:
    """Tell whether a sign-in of this subject was or could be a person's, by any of its links."""
    conn = uow.conn
    return bool(
        stored.signed_in(conn, issuer, subject)
        or matching.by_subject(conn, issuer, subject)
        or matching.by_attribute(conn, issuer, "externalId", subject)
        or matching.by_attribute(conn, issuer, "userName", subject)
    )
