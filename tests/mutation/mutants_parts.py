"""Parts of a check that has several, each of which must not go missing by itself.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from typing import Final

_TOKEN, _TOKEN_TESTS = "mo_oidc/id_token.py", "tests/oidc/test_id_token.py"
_POLICY, _POLICY_TESTS = "mo_access/domain/policy.py", "tests/access/domain/test_policy.py"
_DECIDED, _SCOPE = "mo_access/service/decisions.py", "mo_access/storage/client_scope.py"
_SCOPE_TESTS = "tests/storage/test_client_scope.py"
_SQL_TESTS, _SEARCHES = "tests/storage/test_criteria.py", "tests/scim/test_number_searches.py"
_AT_SUCCESSOR = "return any(spot.institution in access.lineage(uow.conn, at) for at in "
_BOUND = "        .where(client_institution.c.client_pk == client_pk)\n"

ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (_TOKEN, 'if "azp" in case.claims and azp != ours:', "if False:", _TOKEN_TESTS),
    (_TOKEN, "if issued < case.earliest - _MAX_AGE_OF_TOKEN:", "if False:", _TOKEN_TESTS),
    (_TOKEN, "signed_in > case.latest or ", "", _TOKEN_TESTS),
    (_POLICY, "facts.person_blocked or ", "", _POLICY_TESTS),
    (_POLICY, "facts.institution_blocked or ", "", _POLICY_TESTS),
    (_POLICY, "_current(a, today) and a.role", "a.role", _POLICY_TESTS),
    (
        _DECIDED,
        "    if not placed:\n        return None\n    idle",
        "    if not placed:\n        return grant\n    idle",
        "tests/oidc/test_jit.py",
    ),
    (
        _DECIDED,
        "return grant if grant.institution in at else None",
        "return grant",
        "tests/access/test_theme_ends.py",
    ),
    (
        _DECIDED,
        "(here if session.capacity & at else none)",
        "here",
        "tests/access/test_explaining.py",
    ),
    (
        _DECIDED,
        f"{_AT_SUCCESSOR}known.blocked_at)",
        "return False",
        "tests/access/test_block_kinds.py",
    ),
    (_SCOPE, f"{_BOUND}    )\n\n\ndef _schools", "    )\n\n\ndef _schools", _SCOPE_TESTS),
    (_SCOPE, "client_institution.c.client_pk == client_pk, known", "known", _SCOPE_TESTS),
    (
        "mo_access/storage/people.py",
        "or_(mine, and_(owners, none_of_mine))",
        "or_(mine, owners)",
        "tests/access/test_shared_people.py",
    ),
    ("mo_access/storage/criteria.py", "and_(link.c.said_insz == 1, mine)", "mine", _SEARCHES),
    ("mo_access/storage/relations.py", "true() if client is None else known", "true()", _SQL_TESTS),
    (
        "mo_scim/mapping/filters.py",
        "if in_url and _INSZ.search(form):",
        "if False:",
        "tests/scim/test_filters.py",
    ),
)
