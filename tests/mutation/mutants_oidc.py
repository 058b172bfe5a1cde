"""Checks of signing in, renewing and signing out that must not go missing.

Rows of (file, what stands there, what stands there instead, the tests that must notice).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_TOKEN, _RENEWAL = "mo_oidc/id_token.py", "tests/oidc/test_renewal.py"
_STEP, _STEP_TESTS = "mo_oidc/step_up.py", "tests/oidc/test_step_up.py"
_OWN, _OWN_TESTS = "mo_oidc/own_sessions.py", "tests/oidc/test_own_sessions.py"
_ID_TOKEN, _KINDS = "tests/oidc/test_id_token.py", "tests/oidc/test_kinds.py"
_TOKENS, _SAYS_NO_MORE = "mo_oidc/token_endpoint.py", "tests/oidc/test_userinfo_says_no_more.py"
_MEANWHILE = "tests/oidc/test_signed_out_meanwhile.py"
_ENDS, _ENDS_TESTS = "mo_access/service/logouts.py", "tests/access/test_logouts.py"
_RULES, _GONE = "mo_access/provider_rules.py", "tests/oidc/test_provider_gone.py"
_ODD_TESTS = "tests/oidc/test_odd_values.py"
_NEXT, _NEXT_TESTS = "mo_oidc/next_url.py", "tests/oidc/test_next_url.py"

_FIRST = (
    *("issuer", "subject", "audience", "expiry", "issued_at", "not_before", "nonce"),
    *("access_token_hash", "code_hash", "max_age", "acr"),
)
_RENEWED = (
    *("issuer", "same_subject", "audience", "expiry", "issued_at", "not_before", "nonce_if_there"),
    "access_token_hash",
)


def _without_each(checks: Sequence[str], tests: str) -> list[tuple[str, str, str, str]]:
    """Take one check at a time out of this list of checks, and leave it in the other."""
    lines = [f"    _check_{name},\n" for name in checks]
    ends = ["".join(lines[at:]) + ")\n" for at in range(len(lines) + 1)]
    return [(_TOKEN, ends[at], ends[at + 1], tests) for at in range(len(lines))]


ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "mo_oidc/renewal.py",
        "renewals.postpone(uow, turn, brought)",
        "renewals.postpone(uow, turn)",
        "tests/oidc/test_renewal.py",
    ),
    *_without_each(_FIRST, f"{_ID_TOKEN} {_KINDS}"),
    *_without_each(_RENEWED, _RENEWAL),
    (_TOKEN, " or not config.is_met(acr):", ":", _KINDS),
    (_TOKEN, "not config.is_met(acr, case.expected.acr_values) or ", "", _KINDS),
    ("mo_oidc/config.py", " and self.is_met(v)) or", ") or", "tests/oidc/test_flow.py"),
    (_TOKENS, "told = _OF_THE_SIGN_IN | ", "told = ", _SAYS_NO_MORE),
    (_TOKENS, "{name.casefold() for name in claims}", "set(claims)", _SAYS_NO_MORE),
    (
        "mo_access/service/sessions.py",
        "        gone += sessions.end_subject(conn, issuer, stored, nameless=sid is not None)\n",
        "",
        "tests/oidc/test_logout.py",
    ),
    (
        "mo_access/storage/sessions.py",
        "_END_SUBJECT.where(session.c.sid.is_(None))",
        "_END_SUBJECT",
        "tests/oidc/test_logout.py",
    ),
    ("mo_access/service/sign_in.py", "    logouts.refuse(uow, said)\n", "", _MEANWHILE),
    ("mo_access/service/claimed_sign_in.py", "    logouts.refuse(uow, said)\n", "", _MEANWHILE),
    (
        "mo_oidc/logout.py",
        "    logouts.take_turns(uow, notice.issuer, notice.sid, notice.subject)\n",
        "",
        _MEANWHILE,
    ),
    ("mo_oidc/logout.py", "        sid=notice.sid,\n", "        sid=None,\n", _MEANWHILE),
    ("mo_oidc/views.py", "replace(started.pending, began=uow.now)", "started.pending", _MEANWHILE),
    (_RULES, "if now is None or now.issuer != issuer:", "if now is None:", _GONE),
    (_RULES, '        return "provider_unknown"\n', "        return None\n", _GONE),
    ("mo_web/visitor.py", "    unit.current().commit()\n    structlog", "    structlog", _GONE),
    (
        "mo_access/commands/health.py",
        '"every session is of a provider that is configured", not ending',
        '"every session is of a provider that is configured", True',
        "tests/access/test_cli_distrusted.py",
    ),
    (_ENDS, "    take_turns(uow, said.issuer, said.sid, said.subject)\n", "", _ENDS_TESTS),
    (_ENDS, "if is_sid or said.issued", "if said.issued", _ENDS_TESTS),
    (_ENDS, 'if is_sid or said.issued <= notice["issued"]:', "if True:", _ENDS_TESTS),
    (_ENDS, 'if said.began > notice["received"]:', "if False:", _ENDS_TESTS),
    (_ENDS, "max(issued, ", "min(issued, ", _ENDS_TESTS),
    (_ENDS, "what = _SUBJECT if sid is None else _NAMELESS", "what = _SUBJECT", _MEANWHILE),
    (_ENDS, "uow.keys.index(text)", "uow.keys.indexes('')[0]", _ENDS_TESTS),
    (
        _ENDS,
        "return uow.keys.indexes(subject),",
        "return (uow.keys.index(subject),) * 2,",
        _ENDS_TESTS,
    ),
    (
        "mo_access/storage/one_time.py",
        '    one_time.c.expires > bindparam("now"),\n',
        '    one_time.c.expires > -bindparam("now"),\n',
        _ENDS_TESTS,
    ),
    (
        "mo_oidc/provider.py",
        "return self._keys.reload()",
        "return self._keys.refetch()",
        "tests/oidc/test_keys_out_of_reach.py",
    ),
    (
        "mo_web/jws.py",
        "candidates(keys.refetch(), kid, alg)",
        "candidates(keys.keys(), kid, alg)",
        "tests/oidc/test_keys_out_of_reach.py tests/oidc/test_keys.py",
    ),
    (
        "mo_web/issuer.py",
        "        except ProviderTrouble:\n            return self._kept.get()\n",
        "        except ProviderTrouble:\n            raise\n",
        "tests/web/test_access_token.py",
    ),
    *(
        (_TOKEN, f"    _check_{name},\n", "", _RENEWAL)
        for name in ("same_subject", "nonce_if_there")
    ),
    (
        "mo_access/storage/renewals.py",
        'session.c.renewing_until <= bindparam("now")',
        "session.c.pk > 0",
        _RENEWAL,
    ),
    (
        "mo_access/storage/renewals.py",
        'session.c.pk == bindparam("pk_"), session.c.renewing_until == bindparam("mine")',
        'session.c.pk == bindparam("pk_")',
        _RENEWAL,
    ),
    (
        "mo_access/service/renewals.py",
        "expires=min(turn.expires, got.expires),",
        "expires=got.expires,",
        _RENEWAL,
    ),
    (
        "mo_access/service/renewals.py",
        "sealed = id_token and uow.keys.seal(sessions.context(turn.hashed), id_token)",
        "sealed = id_token and id_token.encode()",
        _RENEWAL,
    ),
    (
        "mo_oidc/renewal.py",
        "            renewals.end(uow, turn, refusal.code, brought)\n",
        "",
        _RENEWAL,
    ),
    (
        "mo_oidc/token_endpoint.py",
        'if _body(response).get("error") == "invalid_grant":',
        "if False:",
        _RENEWAL,
    ),
    (
        "mo_oidc/token_endpoint.py",
        'if said.get("sub") != claims["sub"]:',
        "if False:",
        _KINDS,
    ),
    (_STEP, "if session.policy.level < wanted.level:", "if False:", _STEP_TESTS),
    (_STEP, "return None if recent else TOO_OLD", "return None", _STEP_TESTS),
    (
        _STEP,
        "levels = provider.acr_levels if provider else settings.oidc_acr_levels",
        "levels = settings.oidc_acr_levels",
        _STEP_TESTS,
    ),
    ("mo_oidc/admission.py", "    if expires <= now:", "    if False:", _KINDS),
    (_OWN, "    csrf.check()\n", "", _OWN_TESTS),
    (
        "mo_access/storage/sessions.py",
        "return ended.end(conn, _END_OWN,",
        "return ended.end(conn, _END_PK,",
        _OWN_TESTS,
    ),
    (
        "mo_oidc/logout.py",
        '        raise TokenRefused("logout_replayed")\n',
        "        return\n",
        "tests/oidc/test_logout.py",
    ),
    (
        "mo_oidc/views.py",
        "        _record(provider.config.name, refusal.code)\n",
        "",
        "tests/oidc/test_measures.py",
    ),
    ("mo_oidc/logout.py", " or not sid.isprintable()", "", _ODD_TESTS),
    ("mo_oidc/logout_token.py", "not value.isprintable() or ", "", _ODD_TESTS),
    ("mo_oidc/admission.py", "not sid.isprintable() or ", "", _ODD_TESTS),
    ("mo_oidc/id_token.py", "(isinstance(acr, str) and acr.isprintable())", "True", _ODD_TESTS),
    ("mo_web/person_claims.py", ' and "\\x00" not in value', "", _ODD_TESTS),
    ("mo_web/token_claims.py", "= 1 << 43", "= 1 << 53", _ODD_TESTS),
    (
        "mo_web/person_claims.py",
        "return () if _spellings(claims, name) > 1 else None",
        "return None",
        _ODD_TESTS,
    ),
    (_NEXT, '        or "\\\\" in path\n', "", _NEXT_TESTS),
    (_NEXT, "        or bool(_ODD_SEGMENT.search(path))\n", "", _NEXT_TESTS),
)
