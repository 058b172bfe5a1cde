"""What the command line tells of blocks, of what ends and of what gives nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mo_access.domain.ending import BRUSSELS
from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, PersonDraft, Role
from mo_access.service import clients, people
from tests.access.test_cli import Run, person, run, seeded, unit

__all__ = ["run", "seeded"]

INSZ = "85073003328"
THEME = "leerlingen-openbaar"


def token_of(seeded: Run) -> str:
    """Make a client of both schools."""
    made = seeded(
        *("client", "create", "s", "--institution", "900001", "--institution", "900002", "--json")
    )
    token: str = made.json["token"]
    return token


def test_blocks_are_set_listed_and_lifted(seeded: Run) -> None:
    """By userName, externalId or id; the list says on whom, why, and who did it."""
    jan = person(token_of(seeded), insz=INSZ)
    reason = ("--reason", "Onderzoek 12")
    done = [
        seeded("block", "person", "JAN", *reason, "--json"),
        seeded("block", "affiliation", "ext-1", "900001", *reason),
        seeded("block", "institution", "900002", *reason),
    ]
    assert [answer.code for answer in done] == [0, 0, 0]
    assert done[0].json["person"] == jan
    assert done[1].out == f"blocked: affiliation {jan} at 900001\n"
    listed = seeded("block", "list", "--json")
    assert [(b["on"], b["person"], b["institution"]) for b in listed.json] == [
        ("person", jan, None),
        ("affiliation", jan, "900001"),
        ("institution", None, "900002"),
    ]
    assert {b["reason"] for b in listed.json} == {"Onderzoek 12"}
    assert all(b["by"].startswith("cli:") and b["since"] for b in listed.json)
    assert "Onderzoek 12" in seeded("block", "list").out
    assert INSZ not in listed.out
    why = seeded("why", "jan", THEME, "900001", "--json")
    assert (why.code, why.json["reason"]) == (1, "blocked")
    again = seeded("block", "person", jan, *reason)
    assert (again.code, again.err) == (1, "mo-access: is blocked already: Onderzoek 12\n")
    lifted = [
        seeded("unblock", "person", jan, "--reason", "Klaar"),
        seeded("unblock", "affiliation", jan, "900001", "--reason", "Klaar", "--json"),
        seeded("unblock", "institution", "900002", "--reason", "Klaar"),
    ]
    assert [answer.code for answer in lifted] == [0, 0, 0]
    assert seeded("block", "list").out == "Nothing is blocked.\n"
    assert seeded("why", "jan", THEME, "900001", "--json").json["reason"] == "no_theme"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("block", "person", "nobody", "--reason", "x"), 1, "nobody has the id"),
        (("block", "person", "jan"), 2, "--reason"),
        (("block", "person", "jan", "--reason", " "), 1, "the reason must have"),
        (("block", "person", "jan", "--reason", f"is {INSZ}"), 1, "national register"),
        (("block", "affiliation", "jan", "900777", "--reason", "x"), 1, "no institution"),
        (("block", "institution", "900777", "--reason", "x"), 1, "no institution"),
        (("unblock", "person", "jan", "--reason", "x"), 1, "is not blocked"),
        (("unblock", "affiliation", "jan", "900001", "--reason", "x"), 1, "is not blocked"),
        (("unblock", "institution", "900001", "--reason", "x"), 1, "is not blocked"),
        (("affiliation", "ending", "--days", "-1"), 2, "--days"),
        (("affiliation", "ending", "--institution", "900777"), 1, "no institution"),
        (("membership", "dormant", "--institution", "x"), 1, "no institution number"),
        (("institution", "change", "900001"), 2, "--themes-end"),
        (("institution", "change", "900777", "--themes-end"), 1, "no institution"),
    ],
)
def test_a_fault_is_a_line_and_a_code(
    seeded: Run, arguments: tuple[str, ...], code: int, text: str
) -> None:
    """Nothing was changed; no number of the national register is repeated."""
    person(token_of(seeded))
    answer = seeded(*arguments)
    assert (answer.code, text in answer.err) == (code, True)
    assert INSZ not in answer.err
    assert seeded("block", "list", "--json").json == []


def test_what_ends_and_what_sleeps_is_reported(
    seeded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With who it is at which client; the days of notice are the default."""
    today = datetime.now(UTC).astimezone(BRUSSELS).date()
    token = token_of(seeded)
    with unit() as uow:
        actor = clients.by_token(uow, token)
        assert actor is not None
        ids = []
        for name, number, days in (("an", "900001", 5), ("bob", "900002", 50), ("cis", "", 0)):
            end = today + timedelta(days=days)
            claim = AffiliationClaim(Form.AFFILIATIONS, number, Role.GEBRUIKER, end=end)
            claims = (claim,) if number else ()
            grants = (GrantClaim(THEME, "900001"),)
            draft = PersonDraft(name, None, active=True, document={"userName": name})
            made = replace(draft, affiliations=claims, grants=grants)
            ids.append(people.create(uow, actor, made).id)
        uow.commit()
    soon = seeded("affiliation", "ending", "--json").json
    assert [(one["person"], one["days"], one["userNames"]) for one in soon] == [
        (ids[0], 5, ["an (s)"])
    ]
    assert soon[0]["noticed"] is False
    far = seeded("affiliation", "ending", "--days", "60", "--institution", "900002", "--json")
    assert [one["person"] for one in far.json] == [ids[1]]
    assert "bob (s)" in seeded("affiliation", "ending", "--days", "60").out
    monkeypatch.setenv("MO_AFFILIATION_NOTICE_DAYS", "4")
    assert seeded("affiliation", "ending").out == "Nothing ends in the next 4 days.\n"
    asleep = seeded("membership", "dormant", "--json").json
    assert [(one["person"], one["reason"], one["kind"]) for one in asleep] == [
        (ids[n], "no_affiliation", "entitlement") for n in sorted((1, 2), key=lambda n: ids[n])
    ]
    assert asleep[0]["institution"] == "900001"
    assert "cis (s)" in seeded("membership", "dormant", "--institution", "900001").out
    none = seeded("membership", "dormant", "--institution", "900002")
    assert none.out == "Everything that was given gives something.\n"


def test_an_institution_lets_themes_end(seeded: Run) -> None:
    """Said, said again, and taken back; in the audit trail once each."""
    answers = [
        seeded("institution", "change", "900001", f"--{switch}themes-end", "--json").json
        for switch in ("", "", "no-")
    ]
    assert [(one["themesEnd"], one["changed"]) for one in answers] == [
        (True, True),
        (True, False),
        (False, True),
    ]
    told = seeded("institution", "change", "900001", "--themes-end")
    assert told.out == "900001: themes end with the last affiliation\n"
    lines = seeded("audit", "tail", "--json").out
    assert lines.count("institution.change") == 3
