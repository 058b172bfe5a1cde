"""Values that count once, on every node (state, nonce, jti)."""

from __future__ import annotations

import json
from hashlib import sha256

from mo_access.domain.model import Document
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import one_time
from mo_access.storage.engine import Duplicate


def put(  # noqa: PLR0913 - what is kept, for whom and until when
    uow: UnitOfWork,
    kind: str,
    value: str,
    payload: Document,
    expires: int,
    *,
    owner: str | None = None,
    most: int | None = None,
) -> bool:
    """Keep a value until ``expires`` (microseconds); False when it is kept already (a replay).

    With ``most`` the owner's oldest values of this kind give way beyond that number.
    """
    conn = uow.write()
    one_time.sweep(conn, uow.now)
    while owner and most and one_time.count(conn, kind, owner) >= most:
        one_time.drop_oldest(conn, kind, owner)
    try:
        with conn.savepoint():
            one_time.put(conn, kind, _hash(value), owner, json.dumps(payload), expires)
    except Duplicate:
        return False
    return True


def take(uow: UnitOfWork, kind: str, value: str) -> Document | None:
    """Use the value up and return its payload; None when unknown, used before or expired."""
    found = one_time.take(uow.write(), kind, _hash(value))
    if found is None or found[1] <= uow.now:
        return None
    payload: Document = json.loads(found[0])
    return payload


def _hash(value: str) -> bytes:
    return sha256(value.encode()).digest()


def sweep(uow: UnitOfWork) -> int:
    """Delete what has expired."""
    return one_time.sweep(uow.write(), uow.now)
