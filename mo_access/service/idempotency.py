"""Answers that are replayed to a client that repeats a request under the same key.

The key is claimed and the answer kept in the transaction of the change itself: no change without
its answer, no answer without its change. Only the client that named the key ever reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from mo_access.domain.model import Actor
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import idempotency as stored
from mo_access.storage.engine import Duplicate

KEPT_MICROSECONDS: Final = 24 * 3_600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, headers as pairs, and the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer beside the digest of the request that it belongs to."""

    request: bytes
    answer: Answer


def digest(uow: UnitOfWork, *parts: bytes) -> bytes:
    """Return what tells one request from another: keyed, since a body may hold an INSZ."""
    whole = sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    # Not the index, which a rotation changes: an answer must be found again after one.
    return uow.keys.sign(f"mo:idempotency:{whole.hexdigest()}".encode())


def find(uow: UnitOfWork, actor: Actor, key: str) -> Kept | None:
    """Return what was answered under this key in the last 24 hours.

    It is durable: a request that is repeated because its answer does not come may find what the
    first one committed while that one still waits for the disk.
    """
    row = stored.find(uow.conn, actor.client_pk, _blind(uow, key), uow.now - KEPT_MICROSECONDS)
    if row is None:
        return None
    uow.flush()
    request, status, headers, body = row
    pairs = tuple((str(name), str(value)) for name, value in json.loads(headers))
    return Kept(bytes(request), Answer(int(status), pairs, bytes(body)))


def claim(uow: UnitOfWork, actor: Actor, key: str, request: bytes) -> Kept | None:
    """Take the key; None when it is ours, else what another request answered under it.

    While another request works under the key, this one waits for it to end.
    """
    conn, name = uow.write(), _blind(uow, key)
    stored.drop_old(conn, actor.client_pk, name, uow.now - KEPT_MICROSECONDS)
    try:
        with uow.attempt():
            stored.claim(conn, actor.client_pk, name, request, uow.now)
    except Duplicate:
        return find(uow, actor, key)
    return None


def keep(uow: UnitOfWork, actor: Actor, key: str, answer: Answer) -> None:
    """Keep the answer under the key that was claimed; never one that shows an INSZ."""
    row = (answer.status, json.dumps(answer.headers), answer.body)
    stored.keep(uow.write(), actor.client_pk, _blind(uow, key), row)


def sweep(uow: UnitOfWork) -> int:
    """Delete answers older than 24 hours."""
    return stored.sweep(uow.write(), uow.now - KEPT_MICROSECONDS)


def _blind(uow: UnitOfWork, key: str) -> str:
    """Return what a client's key is kept as: some brokers make it of what they send."""
    return uow.keys.sign(f"mo:idempotency-key:{key}".encode()).hex()
