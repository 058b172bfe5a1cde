"""Checks about the end of what a client gave, and clients at once, as rows of ``mutants``."""

from __future__ import annotations

from typing import Final

_END, _TESTS = "mo_access/service/client_end.py", "tests/access/test_client_end.py"
_AT_ONCE = "tests/access/test_renumbering_at_once.py"
_MATCHING, _TAKEOVER = "mo_access/storage/matching.py", "tests/security/test_takeover.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_END, "replace(actor, platform=False)", "actor", _TESTS),
    (_END, "    stored.forbid_beheerders(conn, pk)\n", "", _TESTS),
    (_END, "    _judge(uow, at, left_without)\n", "", _TESTS),
    (
        _END,
        "            uow.ended(sessions.end_of_person(uow.conn, person_pk))",
        "            pass",
        _TESTS,
    ),
    ("mo_access/storage/people.py", "    .with_for_update(of=_theirs)\n", "", _AT_ONCE),
    (
        "mo_access/service/registration.py",
        "*number, first=True)",
        "*number)",
        _AT_ONCE,
    ),
    (
        "mo_access/service/groups.py",
        "    if wanted and len(set(unknown)) == len(wanted):\n        _refuse(moved)\n",
        "",
        "tests/scim/endpoints/test_groups.py",
    ),
    # In a session the contested links are left out all the same; /Me asks about the person alone.
    (_MATCHING, ", ~_says[Says.NOTHING])", ")", "tests/scim/endpoints/test_me_contested.py"),
    (_MATCHING, "and_(~_platform_says, _says[Says.NO_MORE])", "person.c.pk < 0", _TAKEOVER),
    (
        "mo_access/service/registration.py",
        "Says.NO_MORE if before is not Says.NOTHING and not actor.platform else",
        "Says.NOTHING if before is not Says.NOTHING and not actor.platform else",
        _TAKEOVER,
    ),
)
