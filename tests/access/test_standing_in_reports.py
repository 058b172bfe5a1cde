"""What reports make of blocks, recoveries, bounds that were lost and themes that ended."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mo_access.domain.model import Form, GrantClaim, Role
from mo_access.domain.policy import Reason
from mo_access.service import (
    blocks,
    catalogue,
    dormant,
    endings,
    explaining,
    history,
    recovery,
    review,
    review_csv,
)
from mo_access.service.decisions import Question
from mo_access.service.review import Entry
from mo_access.storage.engine import Database
from tests.access.beheerder_kit import (
    OTHER,
    SCHOOL,
    SCHOOLS,
    THEME,
    House,
    beheerder,
    draft,
    gebruiker,
)

BOARD, END = "900100", date(2026, 11, 28)
RIGHTS = (GrantClaim(THEME, SCHOOL),)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """Give the core with schools and a theme."""
    return House(database, tmp_path).seed()


def listed(house: House) -> dict[str, Entry]:
    """Give the access review of the school by userName, and write it as CSV too."""
    with house.unit() as uow:
        found = review.page(uow, SCHOOL)
        assert b"".join(review_csv.chunks([found]))
    return {entry.user_name: entry for entry in found.entries}


def whys(house: House, person: str) -> list[tuple[str, str, str, str | None]]:
    """Give (kind, what, by, why not) of every origin that ``why`` tells."""
    with house.unit() as uow:
        told = explaining.why(uow, Question(person, SCHOOL, THEME))
    return [(o.kind, o.value, o.client, o.idle) for o in told.origins]


def asleep(house: House) -> list[tuple[str, Reason]]:
    """Give what the report of dormant themes tells."""
    with house.unit() as uow:
        return [(one.person, one.reason) for one in dormant.listed(uow)]


def test_who_was_left_by_the_bounds_of_a_client_is_on_no_list(house: House) -> None:
    """The client cannot take it away and it gives nothing: neither review nor notice tells it."""
    board, own = house.client("board", BOARD)(), house.client("own", SCHOOL)()
    ending = beheerder(end=END)
    an = house.person(board, draft("an", ending, grants=RIGHTS))
    cis = house.person(board, draft("cis"))
    house.group(board, cis, role=Role.GEBRUIKER)
    house.group(board, cis, role=None, theme=THEME)
    house.person(own, draft("bea", gebruiker()))
    assert set(listed(house)) == {"an", "bea", "cis"}
    house.load(SCHOOLS.replace("900001,De Eik,school,900100", "900001,De Eik,school,"))
    assert set(listed(house)) == {"bea"}
    with house.unit() as uow:
        assert endings.ahead(uow, 30) == ()
        assert list(explaining.who(uow, THEME, SCHOOL, dormant=True)) == []
    assert (whys(house, an), whys(house, cis), asleep(house)) == ([], [], [])
    house.load(SCHOOLS)
    assert set(listed(house)) == {"an", "bea", "cis"}
    with house.unit() as uow:
        assert [one.person for one in endings.ahead(uow, 30)] == [an]


def test_a_recovery_is_the_platforms_and_has_a_name(house: House) -> None:
    """No client gave it: each report says who did, and calls the person as it is registered."""
    actor = house.client("s", OTHER)()
    an = house.person(actor, draft("an", gebruiker(OTHER), grants=(GrantClaim(THEME, OTHER),)))
    with house.unit() as uow:
        recovery.recover(uow, SCHOOL, an, "weg", 3)
        uow.commit()
    (role,) = listed(house)["an"].roles
    assert (role.client, role.how, role.value, role.idle) == (
        "the platform",
        Form.RECOVERY,
        "beheerder",
        None,
    )
    assert listed(house)["an"].ends == "2026-11-28"
    assert whys(house, an) == [("role", "beheerder", "the platform", None)]
    with house.unit() as uow:
        assert [(e.person, e.role, e.end) for e in endings.ahead(uow, 30)] == [
            (an, "beheerder", "2026-11-28")
        ]
        kinds = [(e.kind, e.by) for e in history.of(uow, an)]
    assert kinds == [("beheerder.recover", "cli:test"), ("person.create", "cli:test")]
    house.choose("retain")
    with house.unit() as uow:
        blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        uow.commit()
    assert whys(house, an) == [("role", "beheerder", "the platform", "blocked")]


def test_who_may_make_no_beheerders_made_a_gebruiker(house: House) -> None:
    """By a word and by a group, in the review and in the explanation."""
    actor = house.client("s", SCHOOL, beheerders=False)()
    an = house.person(actor, draft("an", beheerder(), grants=RIGHTS))
    bea = house.person(actor, draft("bea"))
    house.group(actor, bea)
    found = listed(house)
    assert [found[name].roles[0].value for name in ("an", "bea")] == ["gebruiker"] * 2
    assert whys(house, an)[0] == ("role", "gebruiker", "s", None)


@pytest.mark.parametrize("kind", ["person", "affiliation", "institution"])
def test_a_block_is_shown_as_a_block(house: House, kind: str) -> None:
    """In review, explanation and the report of what is dormant, whoever gave what."""
    actor = house.client("s", SCHOOL)()
    an = house.person(actor, draft("an", gebruiker(), grants=RIGHTS))
    house.group(actor, an, role=None, theme=THEME)
    with house.unit() as uow:
        if kind == "person":
            blocks.block_person(uow, an, "Onderzoek")
        elif kind == "affiliation":
            blocks.block_affiliation(uow, an, SCHOOL, "Onderzoek")
        else:
            blocks.block_institution(uow, SCHOOL, "Onderzoek")
        uow.commit()
    entry = listed(house)["an"]
    assert entry.dormant
    assert [role.idle for role in entry.roles] == ["blocked"]
    (held,) = entry.themes
    assert held.reason is Reason.BLOCKED
    assert {o.idle for o in held.origins} <= {None, "blocked"}
    assert asleep(house) == [(an, Reason.BLOCKED)] * 2
    with house.unit() as uow:
        told = explaining.why(uow, Question(an, SCHOOL, THEME))
        (holder,) = explaining.who(uow, THEME, SCHOOL, dormant=True)
    assert told.decision.reason is holder.decision.reason is Reason.BLOCKED
    assert not next(rule for rule in told.rules if rule.rule == "blocked").holds


def test_a_theme_that_ended_is_dormant_and_says_so(house: House) -> None:
    """Who comes back holds it on paper: ended, where a switched-off one is suspended."""
    actor = house.client("s", SCHOOL)()
    with house.unit() as uow:
        catalogue.set_themes_end(uow, SCHOOL, on=True)
        uow.commit()
    an = house.person(actor, draft("an", gebruiker()))
    house.group(actor, an, role=None, theme=THEME)
    house.write(actor, an, draft("an"))
    house.write(actor, an, draft("an", gebruiker()))
    (held,) = listed(house)["an"].themes
    assert (held.reason, [o.idle for o in held.origins]) == (Reason.DORMANT, ["ended"])
    assert asleep(house) == [(an, Reason.DORMANT)]
    assert ("theme", "group", "s", "ended") in whys(house, an)
    house.write(actor, an, draft("an", gebruiker(), active=False))
    bea = house.person(actor, draft("bea", gebruiker(), grants=RIGHTS))
    house.write(actor, bea, draft("bea", gebruiker(), grants=RIGHTS, active=False))
    assert ("theme", "entitlement", "s", "suspended") in whys(house, bea)
