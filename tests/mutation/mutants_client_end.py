"""Checks about the end of what a client gave, as rows of ``mutants``."""

from __future__ import annotations

from typing import Final

_END, _TESTS = "mo_access/service/client_end.py", "tests/access/test_client_end.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_END, "replace(actor, platform=False)", "actor", _TESTS),
    (_END, "    stored.forbid_beheerders(conn, pk)\n", "", _TESTS),
    (_END, "    _judge(uow, at, left_without)\n", "", _TESTS),
    (_END, "            sessions.end_of_person(uow.conn, person_pk)", "            pass", _TESTS),
)
