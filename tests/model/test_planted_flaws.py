"""The model finds what it is for: each flaw, put in by hand, makes service and model part."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mo_access.domain import policy
from mo_access.domain.policy import AffiliationFact
from mo_access.service import decisions
from mo_access.storage import access, derived, memberships, people
from mo_access.storage.engine import Database
from mo_scim.mapping import echo, roles
from tests.model.machine import parted
from tests.model.universe import Site
from tests.scim.conftest import ON_ONE_ENGINE

EXAMPLES, STEPS = 60, 8
Patch = pytest.MonkeyPatch


def an_ended_affiliation_counts(patch: Patch) -> None:
    """Rule 10: it is current up to its last day, not for ever."""

    def current(a: AffiliationFact, today: str) -> bool:
        return (a.start or today) <= today and not (a.suspended or a.blocked)

    patch.setattr(policy, "_current", current)


def a_suspended_affiliation_counts(patch: Patch) -> None:
    """Rule 5: a client that deactivates suspends what it gave."""

    def current(a: AffiliationFact, today: str) -> bool:
        return (a.start or today) <= today <= (a.end or today)

    patch.setattr(policy, "_current", current)


def an_echo_is_an_assertion(patch: Patch) -> None:
    """Rule 11: what was derived and shown says nothing when it comes back."""
    patch.setattr(echo, "is_echo", lambda **_: False)


def a_right_matches_by_its_beginning(patch: Patch) -> None:
    """The public bug: ``…BeheerderAssistent`` is taken for a beheerder."""
    exact = roles._right

    def lax(text: str, place: roles.Place, *, words: bool) -> roles._Right | None:
        return exact(text.removesuffix("Assistent"), place, words=words)

    patch.setattr(roles, "_right", lax)


def memberships_outlive_the_link(patch: Patch) -> None:
    """Rule 5: what a client withdraws goes with its memberships."""
    patch.setattr(memberships, "leave_all", lambda *_: None)


def a_client_reads_what_others_wrote(patch: Patch) -> None:
    """Rule 4: of a shared person it sees its own affiliations and groups."""
    for alone in (False, True):
        everything = derived._STATEMENTS[True, alone]
        patch.setitem(derived._STATEMENTS, (False, alone), everything)


def a_predecessor_is_another_institution(patch: Patch) -> None:
    """Ruling 10: affiliation and theme at a predecessor count."""
    patch.setattr(access, "lineage", lambda _, number: frozenset({number}))


def the_platforms_switch_is_forgotten(patch: Patch) -> None:
    """Rule 5: a platform client's ``active`` is the person's own."""
    patch.setattr(people, "set_active", lambda *_, **__: None)


def the_level_of_a_theme_is_not_asked(patch: Patch) -> None:
    """Rule 10: a confidential theme asks a level of the session."""
    patch.setattr(decisions, "_followed", lambda *_: decisions.ANYBODY)


FOUND_AT_ONCE = [
    a_right_matches_by_its_beginning,
    a_client_reads_what_others_wrote,
    a_predecessor_is_another_institution,
    the_level_of_a_theme_is_not_asked,
]
FOUND_IN_TIME = [
    an_ended_affiliation_counts,
    a_suspended_affiliation_counts,
    an_echo_is_an_assertion,
    memberships_outlive_the_link,
    the_platforms_switch_is_forgotten,
]
FLAWS = FOUND_AT_ONCE + (FOUND_IN_TIME if "MO_TEST_MODEL_EXAMPLES" in os.environ else [])
"""Those that take a dozen histories or more are looked for by ``make model`` only."""


@ON_ONE_ENGINE
@pytest.mark.parametrize("flaw", FLAWS, ids=[flaw.__name__ for flaw in FLAWS])
def test_the_machine_finds(
    flaw: Callable[[Patch], None], database: Database, tmp_path: Path, monkeypatch: Patch
) -> None:
    """Soon, without being told where to look."""
    site = Site(database, tmp_path)
    flaw(monkeypatch)
    assert parted(site, EXAMPLES, STEPS)
