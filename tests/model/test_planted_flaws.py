"""The model finds what it is for: each flaw, put in by hand, makes service and model part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mo_access.domain import policy
from mo_access.domain.model import Institution
from mo_access.domain.policy import AffiliationFact
from mo_access.service import decisions, succession
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, derived, facts, memberships, people, restructured
from mo_access.storage.engine import Database
from mo_access.storage.facts import PersonFacts
from mo_scim.mapping import bulk as bulk_messages
from mo_scim.mapping import bulk_plan, echo, roles
from tests.model.machine import Brokers, parted
from tests.model.universe import Site
from tests.model.wishes import REFUSED
from tests.scim.conftest import ON_ONE_ENGINE

EXAMPLES, STEPS = 60, 8
CHANCE = int(os.environ.get("MO_TEST_MODEL_SEED", "1"))
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


def what_a_client_lost_still_counts(patch: Patch) -> None:
    """Ruling 10: bound to a predecessor, it is bound to the successor as long as that is one."""
    patch.setattr(restructured, "mark", lambda *_, **__: 0)


def a_successor_comes_before_its_day(patch: Patch) -> None:
    """Ruling 10: a merge happens on its day."""
    real = succession.planned

    def at_once(was: Institution, new: str, on: str | None, today: str) -> Institution:
        return real(was, new, min(on or today, today), today)

    patch.setattr(succession, "planned", at_once)


def the_platforms_switch_is_forgotten(patch: Patch) -> None:
    """Rule 5: a platform client's ``active`` is the person's own."""
    patch.setattr(people, "set_active", lambda *_, **__: None)


def the_level_of_a_theme_is_not_asked(patch: Patch) -> None:
    """Rule 10: a confidential theme asks a level of the session."""
    patch.setattr(decisions, "_followed", lambda *_: decisions.ANYBODY)


def a_listing_forgets_blocks(patch: Patch) -> None:
    """A block holds on every way to a decision, also where many people are judged at once."""
    real = facts.people_facts

    def free(*asked: Any) -> list[PersonFacts]:  # noqa: ANN401 - as the real one is asked
        return [replace(one, blocked=False, blocked_at=frozenset()) for one in real(*asked)]

    patch.setattr(facts, "people_facts", free)


def a_failed_operation_stays_half_done(patch: Patch) -> None:
    """RFC 7644 section 3.7: what is refused in a Bulk changes nothing, as if sent alone."""

    @contextmanager
    def kept(uow: UnitOfWork) -> Iterator[None]:
        uow.write()
        yield

    patch.setattr(UnitOfWork, "attempt", kept)


def a_bulk_goes_on_for_ever(patch: Patch) -> None:
    """RFC 7644 section 3.7: after ``failOnErrors`` failures nothing more is done."""
    real = bulk_messages.read
    patch.setattr(bulk_messages, "read", lambda sent: replace(real(sent), fail_on_errors=None))


def a_bulk_is_done_as_it_stands(patch: Patch) -> None:
    """RFC 7644 section 3.7.2: what refers to another operation waits for it."""

    def plan(operations: Sequence[object]) -> tuple[bulk_plan.Step, ...]:
        return tuple(bulk_plan.Step((place,)) for place in range(len(operations)))

    patch.setattr(bulk_plan, "plan", plan)


FOUND_AT_ONCE = [
    an_ended_affiliation_counts,
    a_right_matches_by_its_beginning,
    a_client_reads_what_others_wrote,
    a_predecessor_is_another_institution,
    the_level_of_a_theme_is_not_asked,
    a_listing_forgets_blocks,
]
FOUND_IN_TIME = [
    a_suspended_affiliation_counts,
    an_echo_is_an_assertion,
    what_a_client_lost_still_counts,
    a_successor_comes_before_its_day,
    memberships_outlive_the_link,
    the_platforms_switch_is_forgotten,
    a_failed_operation_stays_half_done,
    a_bulk_goes_on_for_ever,
    a_bulk_is_done_as_it_stands,
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
    assert parted(site, EXAMPLES, STEPS, CHANCE)


@ON_ONE_ENGINE
def test_an_operation_that_escapes_its_savepoint_is_found(
    database: Database, tmp_path: Path, monkeypatch: Patch
) -> None:
    """The shortest way there: a Bulk of one group with a member who is nobody."""
    a_failed_operation_stays_half_done(monkeypatch)
    Brokers.site = staticmethod(lambda: Site(database, tmp_path))
    machine = Brokers()
    machine.begin([], None, None)
    machine.do_several("one", [REFUSED], None)
    with pytest.raises(AssertionError):
        machine.both_tell_the_same()
