"""Checks about beheerders, boards and successors, as rows of ``mutants``."""

from __future__ import annotations

from typing import Final

_LAST, _RECOVERY = "tests/access/test_beheerders.py", "tests/access/test_recovery.py"
_AT_ONCE = "tests/access/test_beheerders_at_once.py"
_SUCCESSION, _BOARDS = "tests/access/test_succession.py", "tests/access/test_boards.py"
_STANDING = "mo_access/storage/beheerders.py"
_CHANGES = "mo_access/storage/beheerder_changes.py"
_FACTS, _POLICY = "mo_access/storage/facts.py", "mo_access/domain/policy.py"
_SERVICE = "mo_access/service/beheerders.py"
_SUCCEED = "mo_access/service/succession.py"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        _STANDING,
        ", _free(line, group.c.institution_pk)",
        "",
        "tests/access/test_blocked_beheerders.py",
    ),
    (
        _STANDING,
        "_any_live, _free(line, affiliation.c.institution_pk)",
        "_any_live",
        "tests/access/test_blocked_beheerders.py",
    ),
    (_STANDING, "    .with_for_update(key_share=True)\n", "", _AT_ONCE),
    (
        _STANDING,
        "*(_person_on, link.c.active == 1, affiliation",
        "*(_person_on, affiliation",
        _LAST,
    ),
    (
        _STANDING,
        "_person_on: Final = and_(person.c.active == 1, person.c.blocked.is_(None))",
        "_person_on: Final = person.c.active == 1",
        _LAST,
    ),
    (
        _STANDING,
        "affiliation.c.outside == 0, client.c.beheerders == 1),",
        "affiliation.c.outside == 0),",
        _LAST,
    ),
    (
        _STANDING,
        "affiliation.c.outside == 0, client.c.beheerders == 1),",
        "client.c.beheerders == 1),",
        _BOARDS,
    ),
    (_SERVICE, '    if uow.terms.last_beheerder == "refuse":', "    if False:", _LAST),
    ("mo_access/service/people.py", "    if draft.active:\n", "    if True:\n", _LAST),
    ("mo_access/storage/rights.py", ", affiliation.c.form != _RETAINED)", ")", _LAST),
    (_FACTS, "client.c.beheerders == 0)", "client.c.beheerders == 2)", _LAST),
    (_FACTS, ", affiliation.c.outside == 0)", ")", _BOARDS),
    (
        _FACTS,
        ".where(of(membership.c.person_pk), group.c.outside == 0)",
        ".where(of(membership.c.person_pk))",
        _BOARDS,
    ),
    (_FACTS, ", direct_grant.c.outside == 0)", ")", _BOARDS),
    (_POLICY, "session.level >= asked", "True", _RECOVERY),
    (
        _POLICY,
        "not facts.terms.beheerder_reads or session.level < facts.terms.beheerder_level",
        "session.level < facts.terms.beheerder_level",
        _RECOVERY,
    ),
    (_POLICY, " or session.level < facts.terms.beheerder_level", "", _RECOVERY),
    (_SUCCEED, "restructured.hold(uow.conn, changed).items()", "{}.items()", _BOARDS),
    (_SUCCEED, "return one.successor or one.next_successor", "return one.successor", _SUCCESSION),
    (
        "mo_access/storage/restructured.py",
        "    .with_for_update()\n",
        "",
        _BOARDS,
    ),
    (_SERVICE, "    if row.recovered:\n", "    if False:\n", _RECOVERY),
    ("mo_access/service/groups.py", "row.view if left else None", "row.view", _RECOVERY),
    ("mo_access/service/groups.py", "row.view if held else None", "row.view", _RECOVERY),
    ("mo_access/service/people.py", "if draft.active != before.active:", "if False:", _RECOVERY),
)
