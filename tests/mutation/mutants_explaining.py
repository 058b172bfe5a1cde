"""Checks of the access review and of what explains access: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_VIEWS, _PAGES = "mo_portal/reviews.py", "tests/portal/test_review.py"
_REVIEW, _LIST = "mo_access/service/review.py", "mo_access/storage/review.py"
_HISTORY = "tests/access/test_history.py"

_WHO = "tests/access/test_who.py"

EXPLAINING: Final = (
    ("mo_access/storage/facts.py", ", _there.columns[3] == BARRED", "", _WHO),
    (
        "mo_access/storage/facts.py",
        "or_(_held.columns[3].in_(_numbers), ",
        "or_(True, ",
        _WHO,
    ),
    (
        "mo_access/storage/theme_holders.py",
        "group.c.theme_pk == _asked, group.c.institution_pk == _here_pk",
        "group.c.theme_pk == _asked",
        _WHO,
    ),
    (
        _VIEWS,
        " or not guards.decide_here(institution, role=Role.BEHEERDER).allowed",
        "",
        _PAGES,
    ),
    (_VIEWS, "role=Role.BEHEERDER", "role=Role.GEBRUIKER", _PAGES),
    (_VIEWS, "    csrf.check()\n", "", _PAGES),
    (_REVIEW, "if seen and not hmac.compare_digest(", "if False and (", _PAGES),
    (_REVIEW, "hmac.compare_digest(keys.sign(_signable(done)), done.signature)", "True", _PAGES),
    (_REVIEW, 'f"mo:review:cursor:{number}"', '"mo:review:cursor"', _PAGES),
    (
        _REVIEW,
        "return without_numbers(user_name), without_numbers(name)",
        "return user_name, name",
        _PAGES,
    ),
    (
        _REVIEW,
        "next((named[c] for c in said_by if c in named), ",
        "next(iter(named.values()), ",
        _PAGES,
    ),
    *(
        (_LIST, f"{table}.c.institution_pk == _here_pk, ", f"{table}.c.outside >= 0, ", _PAGES)
        for table in ("(affiliation", "(group", " direct_grant")
    ),
    (
        "mo_access/service/review_csv.py",
        'f"\'{plain}" if _FORMULA.match(plain) else plain',
        "plain",
        "tests/access/test_review_csv.py",
    ),
    (
        "mo_access/service/review_csv.py",
        """_INNER.sub(r"\\1'", _CONTROL.sub("", text))""",
        """_CONTROL.sub("", text)""",
        "tests/access/test_review_csv.py",
    ),
    (
        "mo_access/service/audit.py",
        "if said is None or said[1] == audit_subjects.stored(conn, record.pk):",
        "if True:",
        _HISTORY,
    ),
    (
        "mo_access/storage/audit.py",
        """ and f'"person":{json.dumps(self.person)}' in self.body""",
        "",
        _HISTORY,
    ),
    (
        "mo_access/service/audit.py",
        "    faults += [_planted(*one) for one in audit_subjects.planted(conn)]\n",
        "",
        _HISTORY,
    ),
    (
        "mo_access/service/audit.py",
        "    other = _other_people(conn, record)\n",
        "    other = None\n",
        _HISTORY,
    ),
    (
        "mo_access/service/named.py",
        "shown = repr(without_numbers(typed))",
        "shown = repr(typed)",
        "tests/access/test_cli_explaining.py",
    ),
)
