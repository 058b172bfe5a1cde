"""Checks of numbers as subjects, and of people who come no more: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_AS_SUBJECT, _PEOPLE = "tests/oidc/test_number_as_subject.py", "tests/oidc/test_jit_people.py"
_ROTATION = "tests/access/test_rotation_of_subjects.py"
_NAMES, _STORED = "mo_access/service/subjects.py", "mo_access/storage/sealed_subjects.py"
_LAPSING, _LAPSED = "mo_access/service/lapsing.py", "mo_access/storage/lapsing.py"
_LAPSES = "tests/access/test_lapsing.py"
_ME = "tests/scim/endpoints/test_me_of_claims.py"
_SHOWN = "tests/security/test_no_number_shown.py"
_CLIENTS = "tests/access/test_clients.py tests/access/test_client_change.py"
_TOLD = "return may_hold_number(subject) or is_name(subject)"
_HINT = "    tells = tells or may_hold_number(json.dumps(said, ensure_ascii=False))\n"

SUBJECTS: Final = (
    (
        _NAMES,
        "    return may_hold_number(subject) or is_name(subject)",
        "    return False",
        _AS_SUBJECT,
    ),
    (
        _NAMES,
        "    return may_hold_number(subject) or is_name(subject)",
        "    return may_hold_number(subject)",
        _AS_SUBJECT,
    ),
    (_NAMES, "        if not is_name(subject):\n", "        if True:\n", _AS_SUBJECT),
    (_NAMES, "        if not is_name(subject):\n", "        if False:\n", _AS_SUBJECT),
    (_NAMES, "(names[0] if is_name(subject) else subject)", "subject", _AS_SUBJECT),
    (
        _NAMES,
        "any(may_hold_number(subject) for _, subject in draft.identities)",
        "False",
        _AS_SUBJECT,
    ),
    (_STORED, "    if name != row.name:\n", "    if False:\n", _ROTATION),
    (_STORED, "    conn.run(_DROP_TWIN, asked)\n", "", _ROTATION),
    (_STORED, "    for statement in _RENAME_BLOCKS:\n", "    for statement in ():\n", _ROTATION),
    ("mo_access/commands/keys.py", "(resealing.subjects, ", "(", _ROTATION),
    (
        "mo_access/service/sessions.py",
        "row.person_id if subjects.is_name(row.subject) else row.subject",
        "row.subject",
        _AS_SUBJECT,
    ),
    ("mo_access/service/provider_people.py", "not subjects.is_name(subject) and ", "", _PEOPLE),
    ("mo_oidc/provisioned.py", "may_hold_number(text) or ", "", _PEOPLE),
    ("mo_oidc/logout.py", _HINT, "", _AS_SUBJECT),
    (_LAPSING, "provider_people.take_turn(uow, *identity)", "pass", _LAPSES),
    (_LAPSING, "    if not stored.still(", "    if False and not stored.still(", _LAPSES),
    (_LAPSING, "    if not leases.take(", "    if False and not leases.take(", _LAPSES),
    (_LAPSING, " if days else []", "", _LAPSES),
    ("mo_scim/endpoints/me.py", 'made = provider.mode != "scim"', "made = True", _ME),
    ("mo_access/service/own_record.py", "not live and made", "made", _ME),
    (
        "mo_access/service/provider_people.py",
        "if not own[0].live or barred_links.is_another(",
        "if barred_links.is_another(",
        _ME,
    ),
    (_LAPSED, "        ~_registered,\n", "", _LAPSES),
    (_LAPSED, "        ~_signed_in,\n", "", _LAPSES),
    (_LAPSED, "person.c.owner_pk == link.c.client_pk, ", "", _LAPSES),
    (
        "mo_access/service/ownership.py",
        "without_numbers(reason.strip())",
        "reason.strip()",
        _SHOWN,
    ),
    ("mo_access/domain/numbers.py", "without_numbers(stripped)[:20]", "stripped[:20]", _SHOWN),
    ("mo_access/service/named.py", "{without_numbers(typed)!r}; see", "{typed!r}; see", _SHOWN),
    ("mo_access/service/clients.py", "{without_numbers(client)!r}", "{client!r}", _SHOWN),
    ("mo_access/service/clients.py", "    if may_hold_number(name):", "    if False:", _CLIENTS),
)
