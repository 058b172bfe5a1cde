"""Checks that must not go missing, and the tests that notice when they do.

`make mutants` removes one check at a time in a copy of the tree and runs the tests named beside
it: a mutant that lives is a check without a test.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.mutation import (
    mutants_accounts,
    mutants_beheerders,
    mutants_client_end,
    mutants_durable,
    mutants_oidc,
    mutants_parts,
    mutants_revocation,
    mutants_senders,
    mutants_waiting,
)
from tests.mutation.mutants_claims import CLAIMS
from tests.mutation.mutants_explaining import EXPLAINING
from tests.mutation.mutants_generating import GENERATING
from tests.mutation.mutants_isolation import SCOPES
from tests.mutation.mutants_mapping import MAPPING
from tests.mutation.mutants_standing import STANDING
from tests.mutation.mutants_subjects import SUBJECTS


class Mutant(NamedTuple):
    """One change to one file, and where a test must fail because of it."""

    file: str
    old: str
    new: str
    tests: str


_POLICY, _POLICY_TESTS = "mo_access/domain/policy.py", "tests/access/domain/test_policy.py"
_PEOPLE, _GROUPS = "mo_access/storage/people.py", "mo_access/storage/groups.py"
_CORE_TESTS = "tests/access/test_people.py"
_SESSION_TESTS = "tests/access/test_sessions.py"
_CURSORS = "mo_scim/mapping/cursors.py"
_LISTING = "mo_scim/endpoints/listing.py"
_LISTS = "tests/scim/endpoints/test_cursors.py tests/scim/endpoints/test_listing.py"
_FILTERS = "mo_access/storage/criteria.py"
_FILTER_TESTS = "tests/scim/test_filters_in_sql.py tests/storage/test_criteria.py"
_ACCESS_TESTS = "tests/web/test_issuer.py tests/web/test_access_token.py"
_SCOPE, _SCOPE_TESTS = "mo_access/storage/client_scope.py", "tests/storage/test_client_scope.py"
_COMPUTED = "mo_scim/mapping/computed.py"
_COMPUTED_TESTS = "tests/scim/endpoints/test_computed.py"
_CHECK: Final = "    _check_{},\n"

MUTANTS: Final = (
    Mutant(
        "mo_access/service/registration.py",
        "if uow.keys.rotating:",
        "if False:",
        "tests/access/test_rotation_under_load.py",
    ),
    Mutant(
        "mo_access/service/persons.py",
        "    memberships.leave_every(uow.conn, person_pk, uow.now)\n",
        "",
        "tests/access/test_shared_people.py",
    ),
    Mutant(
        "mo_access/service/idempotency.py",
        'return uow.keys.sign(f"mo:idempotency-key:{key}".encode()).hex()',
        "return key",
        "tests/security/test_no_number_anywhere.py",
    ),
    Mutant(
        "mo_scim/mapping/users.py",
        "_NOT_STORED | said.echoed",
        "_NOT_STORED",
        "tests/scim/mapping/test_platform_echo.py",
    ),
    Mutant(_POLICY, 'Step("known", facts.known,', 'Step("known", True,', _POLICY_TESTS),
    Mutant(_POLICY, 'Step("active", facts.active,', 'Step("active", True,', _POLICY_TESTS),
    Mutant(_POLICY, 'Step("blocked", not blocked,', 'Step("blocked", True,', _POLICY_TESTS),
    Mutant(_POLICY, "_allows(session.reach, here)", "True", _POLICY_TESTS),
    Mutant(_POLICY, "_allows(session.capacity, here)", "True", _POLICY_TESTS),
    Mutant(_POLICY, "[g for g in facts.grants if not g.suspended]", "facts.grants", _POLICY_TESTS),
    Mutant(_POLICY, "session.level >= facts.level_asked", "True", _POLICY_TESTS),
    Mutant(_POLICY, "not (a.suspended or a.blocked)", "not a.blocked", _POLICY_TESTS),
    Mutant(_POLICY, "not (a.suspended or a.blocked)", "not a.suspended", _POLICY_TESTS),
    Mutant(_POLICY, " and a.form is not Form.RETAINED", "", _POLICY_TESTS),
    Mutant(_POLICY, "(a.start or today) <= today <= ", "today <= ", _POLICY_TESTS),
    Mutant(_POLICY, " <= today <= (a.end or today)", " <= today", _POLICY_TESTS),
    Mutant(_PEOPLE, ".where(scope(asker, platform=platform))", "", _CORE_TESTS),
    Mutant(_GROUPS, ".where(scope(asker, platform=platform))", "", "tests/security"),
    Mutant("mo_access/storage/people_lists.py", ".where(seen, where)", ".where(where)", _LISTS),
    Mutant(_GROUPS, ".where(seen, where)", ".where(where)", _LISTS),
    Mutant(_CURSORS, "scim:cursor:{query}", "scim:cursor", _LISTS),
    Mutant(_CURSORS, "if now - made > TIMEOUT_SECONDS * _SECOND:", "if False:", _LISTS),
    Mutant(_CURSORS, "if count is not None and counted != count:", "if False:", _LISTS),
    Mutant(_LISTING, "{call.actor.client_id}:", "", _LISTS),
    Mutant(_LISTING, "named = [request.path, ", "named = [", _LISTS),
    Mutant(
        "mo_access/storage/memberships.py",
        ', link.c.client_pk + 0 == bindparam("client"))',
        ")",
        "tests/scim/endpoints/test_groups.py tests/scim/endpoints/test_bulk.py",
    ),
    Mutant(
        "mo_access/service/decisions.py",
        "    if not actor.covers(question.institution):\n        return None\n",
        "",
        "tests/authzen tests/security",
    ),
    Mutant(
        "mo_access/service/people.py", "    bounds.keep(", "    (", "tests/access/test_bounds.py"
    ),
    *(
        Mutant(
            "mo_access/service/groups.py",
            f"bounds.keep(uow, actor, filter(None, [{draft}.institution]))",
            "pass",
            "tests/access/test_bounds.py",
        )
        for draft in ("draft", "altered")
    ),
    Mutant(
        "mo_access/service/groups.py",
        "        moved.lose(memberships.remove(uow.conn, pk, gone))",
        "        pass",
        "tests/scim/endpoints/test_groups.py",
    ),
    Mutant(
        "mo_access/service/groups.py",
        "        if len(added) < len(new):",
        "        if not new:",
        "tests/scim/endpoints/test_groups.py",
    ),
    Mutant(
        "mo_access/storage/clients.py",
        ".with_for_update(read=True)",
        "",
        "tests/access/test_bounds.py",
    ),
    Mutant("mo_access/storage/matching.py", ".where(trusted(_issuer))", "", _CORE_TESTS),
    *(
        Mutant("mo_access/storage/sessions.py", f"        {check},\n", "", _SESSION_TESTS)
        for check in (
            "person.c.active == 1",
            "person.c.blocked.is_(None)",
            "link.c.active == 1",
            "client.c.revoked.is_(None)",
        )
    ),
    *(
        Mutant("mo_web/access_token.py", _CHECK.format(name), "", _ACCESS_TESTS)
        for name in ("issuer", "audience", "expiry", "not_before", "issued_at", "kind")
    ),
    Mutant(
        "mo_web/subjects.py",
        "if any(name.casefold() in PERSON_CLAIMS for name in claims):",
        "if False:",
        _ACCESS_TESTS,
    ),
    Mutant(
        "mo_web/subjects.py",
        'return "sub" not in claims or claims["sub"] == client_id or _is_entra_app(claims)',
        "return True",
        _ACCESS_TESTS,
    ),
    Mutant("mo_web/subjects.py", 'claims.get("idtyp") == "app" and ', "", _ACCESS_TESTS),
    Mutant(
        "mo_web/subjects.py",
        "if any(other != first for other in named):",
        "if False:",
        _ACCESS_TESTS,
    ),
    Mutant(
        "mo_web/caller.py",
        "if issuer is not None and _is_trusted(issuer):",
        "if issuer is not None:",
        _ACCESS_TESTS,
    ),
    Mutant("mo_web/issuer.py", "if not self._budget.take():", "if False:", _ACCESS_TESTS),
    Mutant(
        "mo_web/caller.py",
        "    subjects.check_recipient(presented, provider.client_id, settings.audiences)\n",
        "",
        "tests/scim/endpoints/test_me.py",
    ),
    Mutant(
        "mo_web/caller.py",
        "client = subjects.machine(_provider_token(token))",
        "told = _provider_token(token)\n"
        "        client = subjects.OAuthClient(told.issuer, subjects.client_of(told))",
        "tests/scim/endpoints/test_me.py",
    ),
    Mutant(
        "mo_access/service/own_record.py",
        "    if not stands_on:\n",
        "    if False:\n",
        "tests/scim/endpoints/test_me.py",
    ),
    Mutant(
        "mo_access/storage/matching.py",
        "and_(person.c.active == 1, person.c.blocked.is_(None))",
        "person.c.active == 1",
        "tests/scim/endpoints/test_me.py",
    ),
    Mutant(
        _FILTERS,
        "            return not_(_condition(criteria.inner, scope))",
        "            return _condition(criteria.inner, scope)",
        _FILTER_TESTS,
    ),
    Mutant(
        _FILTERS,
        "            return false()\n        case _:",
        "            return true()\n        case _:",
        _FILTER_TESTS,
    ),
    Mutant(
        _FILTERS,
        "return and_(_condition(criteria.left",
        "return or_(_condition(criteria.left",
        _FILTER_TESTS,
    ),
    Mutant(
        "mo_scim/mapping/filters.py",
        'return place.target.name == "insz" or ',
        "return ",
        _COMPUTED_TESTS,
    ),
    Mutant(
        _COMPUTED,
        "criteria.And(Not(Present(sent)), _derived((op, text)))",
        "_derived((op, text))",
        _COMPUTED_TESTS,
    ),
    Mutant(_COMPUTED, "criteria.And(_PRIMARY, lasting)", "_PRIMARY", _COMPUTED_TESTS),
    Mutant(_SCOPE, 'numbers + " " + further', "numbers", _SCOPE_TESTS),
    Mutant(_SCOPE, "or_(bound, known.c.board == _i.number)", "bound", _SCOPE_TESTS),
    Mutant(_SCOPE, "and_(follows, found.c.bound)", "follows", _SCOPE_TESTS),
    Mutant("mo_web/log.py", '("ba", ', '("basic-", ', "tests/web/test_headers.py"),
    Mutant(
        "mo_web/log.py",
        " if _INSZ.search(text) else text",
        " if False else text",
        "tests/web/test_headers.py",
    ),
    *(Mutant(*told) for told in EXPLAINING),
    *(Mutant(*told) for told in GENERATING),
    *(Mutant(*row) for row in mutants_beheerders.ROWS),
    *(Mutant(*row) for row in mutants_client_end.ROWS),
    *(Mutant(*row) for row in mutants_durable.ROWS),
    *(Mutant(*row) for row in mutants_oidc.ROWS),
    *(Mutant(*row) for row in mutants_parts.ROWS),
    *(Mutant(*row) for row in mutants_senders.ROWS),
    *(Mutant(*row) for row in mutants_revocation.ROWS),
    *(Mutant(*row) for row in mutants_accounts.ROWS),
    *(Mutant(*row) for row in mutants_waiting.ROWS),
    *(Mutant(*row) for row in CLAIMS),
    *(Mutant(*row) for row in SUBJECTS),
    *(Mutant(*told) for told in STANDING),
    *(Mutant(*scope) for scope in SCOPES),
    *(Mutant(*row) for row in MAPPING),
)
