"""Checks of blocks, of what the calendar ends and of themes that end: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_BLOCK_TESTS: Final = "tests/access/test_blocks.py tests/access/test_block_kinds.py"
_ROLE_TESTS: Final = "tests/access/test_blocked_beheerders.py"
_END_TESTS: Final = "tests/access/test_endings.py"
_THEME_TESTS: Final = "tests/access/test_theme_ends.py"
_SPREAD_TESTS: Final = "tests/access/test_spread_groups.py"
_BARS, _BLOCKS = "mo_access/storage/bars.py", "mo_access/storage/blocks.py"
_FACTS, _PEOPLE = "mo_access/storage/facts.py", "mo_access/service/people.py"
_SESSIONS, _DERIVED = "mo_access/storage/sessions.py", "mo_access/storage/derived.py"
_STORED, _THEMES = "mo_access/storage/links.py", "mo_access/storage/theme_ends.py"
_ENDS, _ENDING = "mo_access/service/endings.py", "mo_access/domain/ending.py"
_MADE, _WIRE_TESTS = "mo_access/storage/registering.py", "tests/scim/endpoints/test_standing.py"
_THEME_ENDS = "mo_access/service/theme_ends.py"

_KEPT_CHANGED: Final = "    row = row._replace(bar=blocks.remember(uow, row.person_pk, row.bar))\n"
_KEPT_REMOVED: Final = "    blocks.remember(uow, row.person_pk, row.bar)\n"
_AT_ONCE: Final = "tests/access/test_blocks_at_once.py"
_EITHER_BLOCKED: Final = "func.coalesce(affiliation.c.blocked, institution.c.blocked)"

_JUDGED: Final = "    _judge_beheerders(uow, bar)\n\n\ndef settle"
_BLOCKING: Final = "mo_access/service/blocks.py"
_BEHEERDERS: Final = "mo_access/storage/beheerders.py"
_OPEN: Final = "line.c.blocked.is_(None)"
_PLACES: Final = "mo_access/storage/barred_places.py"
_DOCUMENTS: Final = "mo_access/service/documents.py"
_DOOR_TESTS: Final = "tests/security/test_blocked_at_doors.py"
_RENUMBER_TESTS: Final = "tests/access/test_renumbering.py"

STANDING: Final = (
    (
        "mo_access/service/sessions.py",
        "    if any(platform for _, platform in contested):",
        "    if False:",
        "tests/security/test_takeover_machine.py",
    ),
    (
        "mo_access/service/sign_in.py",
        "        _refuse_blocked_human(uow, links, live[0])\n",
        "        pass\n",
        _BLOCK_TESTS,
    ),
    (
        "mo_access/service/registration.py",
        "        blocks.keep_apart(uow, row.person_pk, draft.insz)\n",
        "",
        _BLOCK_TESTS,
    ),
    (
        "mo_access/service/blocks.py",
        f"    uow.ended(stored.mark_people(uow.conn, bar))\n{_JUDGED}",
        _JUDGED,
        _ROLE_TESTS,
    ),
    (
        "mo_access/service/blocks.py",
        _JUDGED,
        "\n\ndef settle",
        _ROLE_TESTS,
    ),
    (
        "mo_access/service/registration.py",
        "    vouching.take_back(conn, row.person_pk, but=row.pk, now=uow.now)\n",
        "",
        _RENUMBER_TESTS,
    ),
    (
        "mo_access/storage/vouching.py",
        '    conn.run(_UNPIN, {"person": person_pk})\n',
        "",
        _RENUMBER_TESTS,
    ),
    (_BARS, "_client, speaks(_k.scope))", "_client)", _BLOCK_TESTS),
    (
        _BARS,
        'either = or_(_of_number, and_(_insz == "", _of_record))',
        "either = _of_number",
        _BLOCK_TESTS,
    ),
    (_BARS, 'or_(_of_number, and_(_insz == "", _of_record))', "_of_record", _BLOCK_TESTS),
    (
        _BARS,
        "_k.scope == _client, _k.value == _user",
        "_k.value == _user",
        _WIRE_TESTS,
    ),
    (
        _BARS,
        "_k.scope == _client, _k.value == _external",
        "_k.value == _external",
        _WIRE_TESTS,
    ),
    (_BARS, "block.c.institution_pk == institution_pk", "True", _BLOCK_TESTS),
    (_BLOCKS, ", speaks(link_identity.c.issuer)", "", _BLOCK_TESTS),
    (
        _BLOCKS,
        'return ended.end(conn, _END_SESSIONS, {"of": bar})',
        "return []",
        _BLOCK_TESTS,
    ),
    (
        _MADE,
        "        blocked=bars.block_of(bars.bar_of_new()),\n",
        "",
        _BLOCK_TESTS,
    ),
    (_MADE, "        bar=bars.bar_of_new(),\n", "", _BLOCK_TESTS),
    (
        "mo_access/storage/people.py",
        "        bar=func.coalesce(person.c.bar, bars.bar_of_number()),\n",
        "",
        _BLOCK_TESTS,
    ),
    (_STORED, '.where(~bars.of_another(bindparam("to_person", type_=BIG)))', "", _BLOCK_TESTS),
    (_STORED, '~bars.of_another(bindparam("person_pk", type_=BIG))', "True", _BLOCK_TESTS),
    (
        "mo_access/service/registration.py",
        "    if row.bar is not None:",
        "    if False:",
        _WIRE_TESTS,
    ),
    (
        _PEOPLE,
        "        if links.is_barred(conn, new.row, new.person_pk, new.columns, draft.identities):",
        "        if False:",
        _BLOCK_TESTS,
    ),
    (
        _PEOPLE,
        _KEPT_CHANGED,
        "",
        _BLOCK_TESTS,
    ),
    (
        _PEOPLE,
        _KEPT_REMOVED,
        "",
        _BLOCK_TESTS,
    ),
    (
        "mo_access/service/blocks.py",
        "if bar is None and not stored.",
        "if False and not stored.",
        _BLOCK_TESTS,
    ),
    (_FACTS, "_barred(of), ", "", _BLOCK_TESTS),
    (_BLOCKING, "if bar is None or not stored.stands(uow.conn, bar):", "if bar is None:", _AT_ONCE),
    (_BLOCKING, "    if not stored.stands(uow.conn, bar):\n", "    if False:\n", _AT_ONCE),
    (_BLOCKING, "        stored.stands(uow.conn, bar)\n", "", _AT_ONCE),
    ("mo_access/service/registration.py", "    blocks.settle(uow, *made)\n", "", _AT_ONCE),
    (_BLOCKS, ".with_for_update(of=block)", "", _AT_ONCE),
    (_BLOCKS, ".with_for_update(read=True)", "", _AT_ONCE),
    (
        "mo_access/storage/resealing_blocks.py",
        "    if not blocks.stands(conn, row.bar):",
        "    if False:",
        _AT_ONCE,
    ),
    (_FACTS, "_idle(_live, direct_grant.c.ended)", "_idle(_live, null())", _THEME_TESTS),
    (
        _FACTS,
        "_idle(_group_live, membership.c.ended)",
        "_idle(_group_live, null())",
        _THEME_TESTS,
    ),
    *(
        (_FACTS, f"{before}{_EITHER_BLOCKED}", f"{before}affiliation.c.blocked", _ROLE_TESTS)
        for before in ("_live,\n        ", "true(),\n        ")
    ),
    (_FACTS, "_live,\n        institution.c.blocked,", "_live,\n        null(),", _ROLE_TESTS),
    (
        "mo_access/service/decisions.py",
        "    if known.blocked_at & spot.at:",
        "    if False:",
        _BLOCK_TESTS,
    ),
    ("mo_access/service/decisions.py", "or len(idle) < len(placed)", "or True", _SPREAD_TESTS),
    ("mo_access/service/decisions.py", "or len(idle) < len(placed)", "or not idle", _SPREAD_TESTS),
    ("mo_access/service/decisions.py", "if a.client == grant.client and ", "if ", _SPREAD_TESTS),
    (_DERIVED, "(person.c.blocked.is_(None), ", "(true(), ", _BLOCK_TESTS),
    (_DERIVED, "on and (bar, row[4]) not in shut", "on", _BLOCK_TESTS),
    (_PLACES, "_i.number == _after.c.successor", "_i.number == _after.c.number", _BLOCK_TESTS),
    (_PLACES, "_i.successor == _before.c.number", "_i.number == _before.c.number", _BLOCK_TESTS),
    (_DOCUMENTS, "    if document.shut and found.allowed:", "    if False:", _DOOR_TESTS),
    (_DOCUMENTS, "not d.shut and ", "", _DOOR_TESTS),
    (_BLOCKING, "    beheerders.touched(uow, [number])\n", "", _ROLE_TESTS),
    (_BEHEERDERS, "line.c.blocked.is_(None)", "line.c.pk == line.c.pk", _ROLE_TESTS),
    (_BEHEERDERS, "or_(line.c.blocked.is_(None), line.c.pk == line.c.head)", _OPEN, _ROLE_TESTS),
    (_BEHEERDERS, "if row[4] is None or row[5] is None", "if True", _ROLE_TESTS),
    (_BEHEERDERS, "if row[4] is None or row[5] is None", "if row[5] is None", _ROLE_TESTS),
    (_SESSIONS, "        ~_blocked_capacity,\n", "", _BLOCK_TESTS),
    (_SESSIONS, "if (one.bar, one.capacity) not in shut]", "]", _BLOCK_TESTS),
    (_SESSIONS, "return bar is not None and (", "return False and (", _BLOCK_TESTS),
    (_SESSIONS, "    if blocked is not None:\n", "    if False:\n", _BLOCK_TESTS),
    ("mo_access/service/sign_in.py", "    _refuse_blocked_capacity(", "    (", _BLOCK_TESTS),
    (
        "mo_access/service/blocks.py",
        "if without_numbers(told) != told:",
        "if False:",
        _BLOCK_TESTS,
    ),
    (_ENDS, "or not stored.claim(uow.conn, told, end, uow.now)", "", _END_TESTS),
    (_ENDS, "if number in access.with_successors(", "if () in access.with_successors(", _END_TESTS),
    (_ENDS, "return not blocked_at.isdisjoint(", "return () in (", _END_TESTS),
    (_ENDS, "if not leases.take(", "if not (", _END_TESTS),
    ("mo_access/storage/endings.py", "        where=_e[told].is_(None),\n", "", _END_TESTS),
    ("mo_access/storage/leases.py", 'lease.c.expires < bindparam("now"), ', "True, ", _END_TESTS),
    (_ENDING, "fact.suspended or ", "", _END_TESTS),
    (_ENDING, "<= day <=", "<= end <=", _END_TESTS),
    (_THEMES, '        membership.c.created < bindparam("before"),\n', "", _THEME_TESTS),
    (_THEMES, '        direct_grant.c.person_pk == bindparam("person"),\n', "", _THEME_TESTS),
    (_THEMES, '        membership.c.person_pk == bindparam("person"),\n', "", _THEME_TESTS),
    (
        _THEME_ENDS,
        "for n in access.successors(uow.conn, number)} & opted",
        "for n in access.successors(uow.conn, number)}",
        _THEME_TESTS,
    ),
    (_THEME_ENDS, "if not any(a.institution in house for a in left):", "if True:", _THEME_TESTS),
    (
        "mo_access/service/groups.py",
        "    moved.count += memberships.revive(",
        "    (",
        _THEME_TESTS,
    ),
)
