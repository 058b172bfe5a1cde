"""Scope taken out of one statement at a time; the isolation matrix must notice each (rule 4)."""

from __future__ import annotations

from typing import Final

_MATRIX: Final = "tests/security/test_isolation.py"
_TAKEOVER: Final = "tests/security/test_takeover.py"
_STORAGE: Final = "mo_access/storage"
_OWN_RECORD, _ME = "mo_access/service/own_record.py", "tests/scim/endpoints/test_me_contested.py"

SCOPES: Final[tuple[tuple[str, str, str, str], ...]] = (
    (f"{_STORAGE}/people.py", "found.where(scope(asker, platform=platform))", "found", _MATRIX),
    (f"{_STORAGE}/people.py", 'link.c.client_pk == bindparam("client")', "True", _MATRIX),
    (f"{_STORAGE}/people_lists.py", ".where(seen, where)", ".where(where)", _MATRIX),
    (f"{_STORAGE}/groups.py", "found.where(scope(asker, platform=platform))", "found", _MATRIX),
    (f"{_STORAGE}/groups.py", ".where(seen, where)", ".where(where)", _MATRIX),
    (f"{_STORAGE}/memberships.py", "_adding(platform=platform)", "_adding(platform=True)", _MATRIX),
    (
        f"{_STORAGE}/memberships.py",
        'person.c.id == _ids.c.value, link.c.client_pk == bindparam("client")',
        "person.c.id == _ids.c.value",
        _MATRIX,
    ),
    (
        f"{_STORAGE}/derived.py",
        'true() if platform else whose == bindparam("client")',
        "true()",
        _MATRIX,
    ),
    (
        f"{_STORAGE}/derived.py",
        'true() if platform else group.c.client_pk == bindparam("client")',
        "true()",
        _MATRIX,
    ),
    (f"{_STORAGE}/facts.py", "_PERSON.where(_OWN)", "_PERSON", _MATRIX),
    (
        "mo_access/service/documents.py",
        "None if actor is None or actor.platform else actor.institutions",
        "None",
        _MATRIX,
    ),
    (
        "mo_access/service/decisions.py",
        "if bound is not None:\n        later &=",
        "if False:\n        later &=",
        _MATRIX,
    ),
    (
        "mo_access/service/decisions.py",
        "    if actor is not None and not actor.covers(institution):\n        return\n",
        "",
        _MATRIX,
    ),
    (
        f"{_STORAGE}/idempotency.py",
        '(_i.client_pk == bindparam("client"), _i.key == bindparam("named"))',
        '(_i.key == bindparam("named"),)',
        _MATRIX,
    ),
    (f"{_STORAGE}/totals.py", ', list_total.c.client_pk == bindparam("client")', "", _MATRIX),
    (
        "mo_access/service/catalogue.py",
        "if self._actor.covers(i.number)",
        "",
        _MATRIX,
    ),
    (f"{_STORAGE}/contested.py", "        ~vouched,\n", "        vouched,\n", _TAKEOVER),
    (f"{_STORAGE}/contested.py", "            _platform.c.platform == 1,\n", "", _TAKEOVER),
    (_OWN_RECORD, "    if not others:\n", "    if True:\n", _ME),
    (_OWN_RECORD, "replace(_PLATFORM, client_pk=first.client_pk)", "_PLATFORM", _ME),
    (_OWN_RECORD, " if one.institution not in closed", "", _ME),
    (_OWN_RECORD, " if one.id not in hidden", "", _ME),
    (
        f"{_STORAGE}/contested.py",
        "                group.c.institution_pk.is_(None),\n",
        "                group.c.pk < 0,\n",
        _ME,
    ),
)
"""(file, what stands there, what is put in its place, the tests that must fail)."""
