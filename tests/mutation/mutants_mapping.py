"""Checks of the mapping file and of its trial: (file, old, new, tests)."""

from __future__ import annotations

from typing import Final

_FILE_TESTS: Final = "tests/access/test_mapping_file.py"
_TRIAL_TESTS: Final = "tests/access/test_mapping_trial.py"
_EXACT_TESTS: Final = "tests/scim/mapping/test_exact.py"

MAPPING: Final = (
    (
        "mo_scim/mapping/institutions.py",
        "codes.get(stripped.casefold()) if codes else None",
        "next((n for c, n in codes.items() if c.startswith(stripped.casefold())), None)",
        _EXACT_TESTS,
    ),
    (
        "mo_scim/mapping/themes.py",
        "rules.themes.get(text.strip().casefold())",
        "next((s for t, s in rules.themes.items() if text.casefold() in t), None)",
        _EXACT_TESTS,
    ),
    (
        "mo_oidc/claims.py",
        "rules.institutions.get(number.casefold())",
        "next((n for c, n in rules.institutions.items() if number.casefold().startswith(c)), None)",
        _EXACT_TESTS,
    ),
    (
        "mo_oidc/claims.py",
        '(narrowed if narrowed == "gebruiker" else None), theme',
        "narrowed, theme",
        _EXACT_TESTS,
    ),
    ("mo_scim/mapping/groups.py", "reader.fullmatch(", "reader.match(", _EXACT_TESTS),
    ("mo_access/settings.py", "if clashes:", "if clashes and not clashes:", _FILE_TESTS),
    (
        "mo_access/mapping_faults.py",
        "        if name is not None:",
        "        if name is not None and not name:",
        _FILE_TESTS,
    ),
    (
        "mo_access/mapping_faults.py",
        "            if text.casefold() in known:",
        "            if text in known:",
        _FILE_TESTS,
    ),
    (
        "mo_access/commands/mapping.py",
        '_LONG_DIGITS.sub("…", without_numbers(text))',
        "text",
        _TRIAL_TESTS,
    ),
    (
        "mo_access/commands/mapping_places.py",
        "clients.acting(uow, client)",
        "ANYBODY",
        _TRIAL_TESTS,
    ),
    (
        "mo_scim/mapping/users.py",
        "    strays.refuse(sent, request.before)\n",
        "",
        "tests/scim/test_stray_numbers.py",
    ),
    (
        "mo_scim/mapping/groups.py",
        "    strays.refuse(sent, stored(shown.document) if shown else {})\n",
        "",
        "tests/scim/test_stray_numbers.py",
    ),
    (
        "mo_scim/endpoints/users.py",
        "    pace.numbers(call.actor, query)\n",
        "",
        "tests/scim/test_number_searches.py",
    ),
    (
        "mo_access/domain/criteria.py",
        "comparisons(found.left, field) + comparisons(found.right, field)",
        "1",
        "tests/scim/test_number_searches.py",
    ),
)
