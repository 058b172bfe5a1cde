"""The access review of a beheerder: what is seen, by whom, and that nothing else can be done."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text, update

from mo_access.domain.ending import BRUSSELS
from mo_access.domain.model import AffiliationClaim, Form, PersonDraft, Role
from mo_access.service import audit, people, review
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import audit as stored
from mo_access.storage.bookkeeping import access_review
from mo_access.storage.engine import Database
from tests.portal.reviewing import INSZ, THEME, World, world
from tests.support.statements import asked

_REQUEST: Final = re.compile(r"<code>[0-9a-f-]{32,36}</code>")
OPEN: Final = "Leerlingen (openbaar)"


@pytest.fixture
def school(database: Database, tmp_path: Path) -> World:
    """Give a school with a beheerder, Bea, and a gebruiker, Gus."""
    return world(database, tmp_path)


def test_a_beheerder_sees_who_has_what_since_when_and_by_whom(school: World) -> None:
    """Roles, themes, brokers, what ends soon; apart, who holds something that gives nothing."""
    soon = datetime.now(BRUSSELS).date() + timedelta(days=10)
    school.person("board", "tijdelijk", Role.GEBRUIKER, end=soon)
    school.person("school", "slaper", None, themes=(THEME,))
    status, shown = school.browser("bea").get("/review/900001")
    assert status == 200
    today = datetime.now(BRUSSELS).date().isoformat()
    for told in ("De bea", "De gus", OPEN, "door school sinds", "door board sinds", today):
        assert told in shown
    assert f"loopt af op {soon.isoformat()}" in shown
    present, dormant = shown.split("hebben nu geen toegang", 1)
    assert "De slaper" in dormant
    assert "De slaper" not in present
    assert "geen relatie" in dormant
    assert "<script" not in shown


def test_the_last_sign_in_is_shown(school: World) -> None:
    """As it was at the sign-in; a dash for who never did."""
    with school.unit() as uow:
        uow.write().run(
            text(
                "INSERT INTO last_sign_in (person_pk, at) "
                "SELECT pk, 1700000000000000 FROM person WHERE id = :id"
            ).bindparams(id=school.people["gus"])
        )
        uow.commit()
    _, shown = school.browser("bea").get("/review/900001")
    assert "2023-11-14" in shown.split("De gus")[1]


@pytest.mark.parametrize("path", ["", "/export"])
def test_nobody_but_a_beheerder_learns_that_there_is_a_list(school: World, path: str) -> None:
    """A gebruiker, and a beheerder of elsewhere, read what stands for an unknown number."""
    school.person("neighbour", "nel", Role.BEHEERDER, "900002")
    for who, number in (("gus", "900001"), ("bea", "900002"), ("nel", "900001")):
        browser = school.browser(who)
        status, told = browser.get(f"/review/{number}{path}")
        absent = browser.get(f"/review/900777{path}")
        assert status == 404
        assert (status, _REQUEST.sub("", told)) == (absent[0], _REQUEST.sub("", absent[1]))
        assert "De " not in told.split("<main")[1]
        assert "csrf_token" not in told


def test_a_form_of_somebody_else_marks_nothing(school: World) -> None:
    """A gebruiker with a good token is told the same for a list and for no list."""
    gus, bea = school.browser("gus"), school.browser("bea")
    assert bea.mark("900001")[0] == 303
    token = re.search(r'"csrf_token" value="(\w+)"', bea.get("/review/900001")[1])
    cookie = bea.client.get_cookie("__Host-mo_csrf", domain="mo.example")
    assert token is not None
    assert cookie is not None
    gus.client.set_cookie("__Host-mo_csrf", cookie.value, domain="mo.example", secure=True)
    for number in ("900001", "900777"):
        assert gus.post(number, csrf_token=token[1])[0] == 404
    assert _reviews(school) == 1


@pytest.mark.parametrize(
    ("reach", "capacity", "status"),
    [
        (None, None, 200),
        ("school", None, 200),
        ("neighbour", None, 404),
        (None, ("900001",), 200),
        (None, ("900002",), 404),
    ],
)
def test_reach_and_capacity_of_the_session_count(
    school: World, reach: str | None, capacity: tuple[str, ...] | None, status: int
) -> None:
    """Rulings 3 and 8: a sign-in that does not count here opens no list here."""
    school.person("school", "baas", Role.BEHEERDER, insz=INSZ)
    school.person("neighbour", "baas2", Role.GEBRUIKER, "900002", insz=INSZ)
    browser = school.browser("baas", reach=reach, capacity=capacity)
    assert browser.get("/review/900001")[0] == status
    assert browser.get("/review/900001/export")[0] == status


def test_what_is_elsewhere_is_not_shown(school: World) -> None:
    """Rights, brokers and names of another institution stay there (rules 2 and 5)."""
    school.person(
        "neighbour", "geheim", Role.BEHEERDER, "900002", themes=("salarissen",), insz=INSZ
    )
    school.person("school", "dubbel", Role.GEBRUIKER, insz=INSZ)
    only_there = [
        school.person("neighbour", "ver", Role.GEBRUIKER, "900002"),
        school.person("neighbour", "recht", None, "900002", themes=(THEME,)),
        school.person("neighbour", "lid", None, "900002"),
    ]
    school.group("neighbour", ("lid",), "900002")
    browser = school.browser("bea")
    for path in ("/review/900001", "/review/900001/export"):
        _, shown = browser.get(path)
        assert "De dubbel" in shown
        for hidden in ("geheim", "neighbour", "900002", "alarissen", *only_there):
            assert hidden not in shown


def test_withdrawal_of_the_role_closes_the_list(school: World) -> None:
    """Rule 7: on the next request, in the same session."""
    browser = school.browser("bea")
    assert browser.get("/review/900001")[0] == 200
    assert "Wie heeft hier toegang?" in browser.get("/")[1]
    claim = AffiliationClaim(Form.AFFILIATIONS, "900001", Role.GEBRUIKER)
    draft = PersonDraft("bea", None, active=True, document={}, affiliations=(claim,))
    with school.unit() as uow:
        people.update(uow, school.actors["school"], school.people["bea"], lambda _: draft)
        uow.commit()
    assert browser.get("/review/900001")[0] == 404
    assert "Wie heeft hier toegang?" not in browser.get("/")[1]


def test_a_review_is_marked_done_signed_and_audited(school: World) -> None:
    """The page shows when and by whom; the trail holds how many people and the digest."""
    browser = school.browser("bea")
    assert "nog niet als nagekeken" in browser.get("/review/900001")[1]
    assert browser.mark("900001")[0] == 303
    _, shown = browser.get("/review/900001")
    assert "Laatst nagekeken op" in shown
    assert "door De bea" in shown
    with school.unit() as uow:
        done = review.page(uow, "900001").done
        assert done is not None
        assert (done.reviewer, done.people, done.sound) == (school.people["bea"], 2, True)
        event = next(e for e in stored.last(uow.conn, 5) if e.kind == "review.done")
        body = json.loads(event.body)
    assert (event.chain, event.person) == ("900001", school.people["bea"])
    assert body["caller"] == f"person:{school.people['bea']}"
    assert body["facts"] == {"people": 2, "digest": done.digest}


def test_a_review_that_somebody_wrote_themselves_is_told_apart(school: World) -> None:
    """Without our key there is no signature; the page and the command line say so."""
    browser = school.browser("bea")
    browser.mark("900001")
    with school.unit() as uow:
        uow.write().run(update(access_review).values(people=99))
        uow.commit()
        done = review.page(uow, "900001").done
    assert done is not None
    assert not done.sound
    assert "handtekening" in browser.get("/review/900001")[1]


def test_a_list_that_changed_meanwhile_has_to_be_looked_at_again(school: World) -> None:
    """What was not seen is not marked; the new list is shown (409)."""
    browser = school.browser("bea")
    _, before = browser.get("/review/900001")
    seen = re.search(r'"seen" value="(\w+)"', before)
    assert seen is not None
    school.person("board", "nieuw", Role.BEHEERDER)
    status, shown = browser.mark("900001", seen=seen[1])
    assert status == 409
    assert "De nieuw" in shown
    assert _reviews(school) == 0
    assert browser.mark("900001")[0] == 303


@pytest.mark.parametrize("token", ["", "00", "é"])
def test_a_form_of_another_site_marks_nothing(school: World, token: str) -> None:
    """CSRF: without the signed token it is 403 and nothing is written."""
    browser = school.browser("bea")
    assert browser.mark("900001", csrf_token=token)[0] == 403
    assert browser.client.get("/review/900001/done", base_url="https://mo.example").status_code in {
        404,
        405,
    }
    assert _reviews(school) == 0


def test_the_csv_is_complete_and_safe_to_open(school: World) -> None:
    """One line for each origin; nothing that a spreadsheet runs; no number of a person."""
    school.person("board", "=1+1", Role.GEBRUIKER, insz=INSZ)
    school.person("board", INSZ, Role.GEBRUIKER)
    school.group("board", ("=1+1",))
    browser = school.browser("bea")
    answer = browser.client.get("/review/900001/export", base_url="https://mo.example")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="toegang-900001.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.data.decode("utf-8-sig")
    answer.close()
    assert INSZ not in told
    lines = list(csv.DictReader(io.StringIO(told)))
    assert [line["gebruikersnaam"] for line in lines].count("'=1+1") == 2
    assert not any(cell[:1] in "=+-@\t\r" for line in lines for cell in line.values() if cell)
    gus = [line for line in lines if line["naam"] == "De gus"]
    assert [(x["soort"], x["recht"], x["gegeven door"], x["telt nu"]) for x in gus] == [
        ("rol", "gebruiker", "school", "ja"),
        ("thema", THEME, "school", "ja"),
    ]
    with school.unit() as uow:
        assert stored.last(uow.conn, 1)[0].kind == "review.export"


def test_long_lists_come_in_pages_at_a_constant_cost(
    school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each person once; as many statements for a page of two as for one of fifty."""
    monkeypatch.setattr(review, "PAGE", 50)
    monkeypatch.setattr(review, "AT_ONCE", 7)
    names = [f"p{n}" for n in range(60)]
    browser, counts = school.browser("bea"), []
    with asked(monkeypatch) as statements:
        browser.get("/review/900001")
    counts.append(len(statements))
    for name in names:
        school.person("school", name, Role.GEBRUIKER, themes=(THEME,))
    school.group("school", tuple(names))
    # The default page is bound when the function is made.
    monkeypatch.setattr(review.page, "__defaults__", (0, 50))
    with asked(monkeypatch) as statements:
        _, first = browser.get("/review/900001")
    counts.append(len(statements))
    assert counts[0] == counts[1] < 25, statements
    onward = re.search(r'rel="next" href="([^"]+)"', first)
    assert onward is not None
    assert "<form" not in first, "only who saw the end marks it"
    status, second = browser.get(onward[1])
    assert status == 200
    shown = re.findall(r"De (p\d+)<", first + second)
    assert sorted(shown) == sorted(names)
    assert '"seen" value=""' in second
    _, told = browser.get("/review/900001/export")
    assert all(f"De {name}" in told for name in names)


@pytest.mark.parametrize("after", ["1", "x" * 50, "é", "_-_-"])
def test_a_page_that_was_made_up_is_refused(school: World, after: str) -> None:
    """A cursor is sealed for its institution."""
    assert school.browser("bea").get(f"/review/900001?after={after}")[0] == 400


def test_a_cursor_of_another_institution_is_refused(school: World) -> None:
    """Sealed for one list it opens no other."""
    with school.unit() as uow:
        listing = replace(review.page(uow, "900001"), following=1)
        told = review.cursor(uow.keys, replace(listing, institution="900002"))
    assert school.browser("bea").get(f"/review/900001?after={told}")[0] == 400


def test_the_pages_speak_english(school: World) -> None:
    """Dutch first, English second; the file too."""
    browser = school.browser("bea")
    _, shown = browser.get("/review/900001?lang=en")
    assert "Who has access at" in shown
    assert "by school since" in shown
    assert "Mark as reviewed" in shown
    assert "Who has access here?" in browser.get("/")[1]
    assert browser.get("/review/900001/export")[1].startswith("﻿person,name,user name")


def test_without_a_session_one_is_sent_to_sign_in(school: World) -> None:
    """As for any page; a form without a session is 401."""
    browser = school.browser("bea")
    browser.client.delete_cookie("__Host-mo_session", domain="mo.example")
    assert browser.get("/review/900001")[0] == 302
    assert browser.post("900001")[0] in {401, 403}


def test_the_trail_stays_sound(school: World) -> None:
    """Reviews and groups in the trail verify like all else."""
    school.group("school", ("gus",))
    school.browser("bea").mark("900001")
    with school.unit() as uow:
        audit.seal_due(uow, "test")
        uow.commit()
        assert audit.verify(uow).sound


def _reviews(school: World) -> int:
    with school.unit() as uow:
        return _count(uow)


def _count(uow: UnitOfWork) -> int:
    return len(uow.conn.all(text("SELECT pk FROM access_review")))


def test_the_whole_list_is_its_pages(school: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are looked up ahead, and however many are read at once."""
    for turn in range(9):
        school.person("school", f"p{turn}", Role.GEBRUIKER)
    with school.unit() as uow:
        whole = review.page(uow, "900001", 0, 100)
        assert len(whole.entries) > 9
        for ahead, at_once in ((2, 1), (4, 2), (6, 3), (10, 5), (100, 10), (len(whole.entries), 1)):
            monkeypatch.setattr(review, "_AHEAD", ahead)
            monkeypatch.setattr(review, "AT_ONCE", at_once)
            found = list(review.pages(uow, "900001"))
            assert tuple(e for one in found for e in one.entries) == whole.entries
            assert [one.following is None for one in found] == [*[False] * (len(found) - 1), True]
            assert max(len(one.entries) for one in found) <= at_once
