"""Checks of people and rights that come from claims: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_RIGHTS, _PEOPLE = "tests/oidc/test_jit.py", "tests/oidc/test_jit_people.py"
_GIVEN, _FACTS = "mo_access/service/claimed_rights.py", "mo_access/storage/session_facts.py"
_MADE, _DECIDED = "mo_access/service/provider_people.py", "mo_access/service/decisions.py"
_POLICY, _RENEWED = "mo_access/domain/policy.py", "mo_oidc/renewal.py"
_COUNTS = "return not self.claims_only if fact.session is None else fact.session == self.pk"
_GROUPS = "said, rules.target_group, rules.allowed_target_groups"

CLAIMS: Final = (
    (_GIVEN, "if bound is not None and one.institution not in bound:", "if False:", _RIGHTS),
    (_GIVEN, "elif one.role == Role.BEHEERDER and not claimed.beheerders:", "elif False:", _RIGHTS),
    (_GIVEN, "elif one.theme is not None and one.theme not in themes:", "elif False:", _RIGHTS),
    (
        _GIVEN,
        "if one.session != holder.session and not _is_covered(holder, one.institution):",
        "if False:",
        _RIGHTS,
    ),
    (_GIVEN, "    stored.demote(uow.conn, less)\n", "", _RIGHTS),
    (_GIVEN, "    stored.drop(uow.conn, gone)\n", "", _RIGHTS),
    (_FACTS, "session.c.expires > _now, ", "", _RIGHTS),
    (_FACTS, "session.c.seen + _right.idle > _now, ", "", _RIGHTS),
    (_FACTS, "_now, HOLDS", "_now", _RIGHTS),
    (_FACTS, "true(), _place.c.blocked, GIVER", "true(), null(), GIVER", _RIGHTS),
    (_POLICY, _COUNTS, "return True", _RIGHTS),
    (_POLICY, _COUNTS, "return fact.session in (None, self.pk)", _RIGHTS),
    (_DECIDED, "lambda fact: fact.session == session.pk)", "session.counts)", _RIGHTS),
    (
        _DECIDED,
        "a.client == grant.client and a.session is None",
        "a.client == grant.client",
        _RIGHTS,
    ),
    (_RENEWED, "    if got.rights is None:", "    if True:", _RIGHTS),
    (_RENEWED, f"    person_claims.check_target_group({_GROUPS})\n", "", _RIGHTS),
    (
        "mo_access/storage/liveness.py",
        "and_(~exists(said), exists(by_sign_in))",
        "exists(by_sign_in)",
        _PEOPLE,
    ),
    (
        "mo_access/storage/identities.py",
        "or_(trusted(issuer), client.c.provider == issuer)",
        "trusted(issuer)",
        _PEOPLE,
    ),
    (
        "mo_access/storage/clients.py",
        'or_(_c.id == bindparam("wanted"), _c.name == bindparam("wanted")), _c.provider.is_(None)',
        'or_(_c.id == bindparam("wanted"), _c.name == bindparam("wanted"))',
        _PEOPLE,
    ),
    (
        _MADE,
        "if barred_links.is_another(uow.conn, identity[0], described.links, mine):",
        "if False:",
        _PEOPLE,
    ),
    (_MADE, "row is None or row.bar is not None or", "row is None or", _PEOPLE),
    (_MADE, "(uow.conn, *identity) if match.live]", "(uow.conn, *identity)]", _PEOPLE),
    (
        _MADE,
        'session_rights.take_turn(uow.write(), "sign-in", issuer, subject)',
        "uow.write()",
        _PEOPLE,
    ),
    (
        _MADE,
        "return subject if shown else None",
        "return subject",
        _PEOPLE,
    ),
    ("mo_web/visitor.py", "found is not None and _distrusted(found)", "False", _RIGHTS),
    ("mo_oidc/admission.py", "    if config.mode == provisioned.SCIM:", "    if False:", _PEOPLE),
)
