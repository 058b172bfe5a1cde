"""Answers to requests that their client named with a key, for as long as it may repeat them."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select, update

from mo_access.storage.bookkeeping import idempotency
from mo_access.storage.engine import Connection, Row

_i = idempotency.c
_CLAIM = insert(idempotency).values(
    {
        name: bindparam(name)
        for name in ("client_pk", "key", "request", "at", "status", "headers", "body")
    }
)
_THIS = (_i.client_pk == bindparam("client"), _i.key == bindparam("named"))
_FIND = select(_i.request, _i.status, _i.headers, _i.body).where(*_THIS, _i.at > bindparam("since"))
_KEEP = (
    update(idempotency)
    .where(*_THIS)
    .values(status=bindparam("status_"), headers=bindparam("headers_"), body=bindparam("body_"))
)
_DROP = delete(idempotency).where(*_THIS, _i.at <= bindparam("before"))
_SWEEP = delete(idempotency).where(_i.at <= bindparam("before"))


def find(conn: Connection, client_pk: int, key: str, since: int) -> Row | None:
    """Return (request, status, headers, body) of the key, unless it is older than ``since``."""
    return conn.one(_FIND, {"client": client_pk, "named": key, "since": since})


def claim(conn: Connection, client_pk: int, key: str, request: bytes, now: int) -> None:
    """Take the key for this transaction, waiting for another that took it.

    Raises ``Duplicate`` when that one was committed.
    """
    row: dict[str, int | str | bytes | None] = {"client_pk": client_pk, "key": key, "at": now}
    row["request"] = request
    conn.run(_CLAIM, {**row, "status": 0, "headers": "", "body": b""})


def keep(conn: Connection, client_pk: int, key: str, answer: tuple[int, str, bytes]) -> None:
    """Store the answer (status, headers, body) beside the key that was claimed."""
    status, headers, body = answer
    params: dict[str, int | str | bytes | None] = {"client": client_pk, "named": key}
    conn.run(_KEEP, {**params, "status_": status, "headers_": headers, "body_": body})


def drop_old(conn: Connection, client_pk: int, key: str, before: int) -> None:
    """Forget the key when it is too old to be replayed."""
    conn.run(_DROP, {"client": client_pk, "named": key, "before": before})


def sweep(conn: Connection, before: int) -> int:
    """Delete what is older; returns how many."""
    return conn.run(_SWEEP, {"before": before})
