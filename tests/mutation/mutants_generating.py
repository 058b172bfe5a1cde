"""Checks of people and groups that are stored many at a time: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_BULK, _SAME = "mo_access/service/bulk.py", "tests/nation/test_as_the_services.py"
_REFUSALS = "tests/nation/test_bulk.py"
_INSZ, _RULES = "mo_access/domain/insz.py", "tests/access/domain/test_insz_rules.py"

GENERATING: Final = (
    (_BULK, '"active": int(line.draft.active or not actor.platform)', '"active": 1', _SAME),
    (_BULK, '        totals.add(conn, "person", actor.client_pk, line.link_pk, 1)\n', "", _SAME),
    (_BULK, "    beheerders.touched(uow, _where_beheerders(lines))\n", "", _REFUSALS),
    (_BULK, "if uow.keys.rotating or stored.is_anybody_blocked(conn):", "if False:", _REFUSALS),
    (
        _BULK,
        "    bounds.keep(uow, actor, {number for one in moved for number in one.at})\n",
        "",
        _REFUSALS,
    ),
    (
        "mo_demo/nation/filling.py",
        "if not (beside or bulk.is_empty(uow)):",
        "if False:",
        "tests/nation/test_filling.py",
    ),
    (_INSZ, " or not 1 <= int(digits[6:9]) <= _LAST_SERIAL", "", _RULES),
    (_INSZ, "if first <= today else ()", "if True else ()", _RULES),
    (_INSZ, "if year <= today.year else ()", "if True else ()", _RULES),
    (_INSZ, 're.compile(r"[0-9]{11}", re.ASCII)', 're.compile(r"\\d{11}")', _RULES),
    (_INSZ, "if int(digits[2:4]) in _SEX_UNKNOWN:", "if False:", _RULES),
    (_INSZ, "    if not births:\n", "    if False:\n", _RULES),
    (
        "mo_access/storage/beheerders.py",
        "unindexed(link.c.client_pk) == whose",
        "link.c.client_pk == whose",
        "tests/storage/test_explaining_plans.py",
    ),
    (
        "mo_access/storage/beheerders.py",
        "whose = unindexed(group.c.client_pk)",
        "whose = group.c.client_pk",
        "tests/access/test_beheerders_at_once.py",
    ),
)
