"""May this person read this? As an application asks it (Authorization API 1.0, 6 and 7)."""

from __future__ import annotations

import pytest

from mo_access.domain.policy import Reason
from mo_access.service import clients, people
from mo_web.reasons import TEXTS
from tests.authzen.conftest import OPEN, STRONG, World, ask

ITSME = "urn:be:vlaanderen:authmech:itsme"
PASSWORD = "urn:be:vlaanderen:authmech:password"


def test_a_yes_is_a_yes_in_both_spellings(world: World) -> None:
    """The theme of one institution, with its number before or after."""
    for resource in (f"900001:{OPEN}", f"{OPEN}:900001"):
        told = world.json("evaluation", ask(world.people["an"], resource))
        assert told["decision"] is True


def test_a_no_says_why_to_the_person_and_to_the_operator(world: World) -> None:
    """A no is 200 with a stable code and a sentence in both languages."""
    told = world.json("evaluation", ask(world.people["bob"], f"900001:{OPEN}"))
    assert told["decision"] is False
    assert told["context"]["reason_code"] == "no_theme"
    assert set(told["context"]["reason_user"]) == {"nl", "en"}
    assert told["context"]["reason_admin"]["en"]


@pytest.mark.parametrize(
    ("context", "code"),
    [
        ({"acr": ITSME}, "granted"),
        ({"acr": PASSWORD}, "level_too_low"),
        ({"acr": "urn:unknown"}, "level_too_low"),
        ({}, "level_too_low"),
        ({"acr": ITSME, "orgcode": "900001"}, "granted"),
        ({"acr": ITSME, "orgcode": "900002"}, "other_capacity"),
        ({"acr": ITSME, "orgcode": "no number"}, "other_capacity"),
    ],
)
def test_the_context_is_the_session_as_it_would_be(
    world: World, context: dict[str, str], code: str
) -> None:
    """``acr`` gives the level, ``orgcode`` the capacity; nothing is assumed (ruling 11)."""
    told = world.json("evaluation", ask(world.people["an"], f"900001:{STRONG}", **context))
    assert (told["decision"], told["context"]["reason_code"]) == (code == "granted", code)


def test_what_is_not_the_clients_is_the_same_no_as_what_does_not_exist(world: World) -> None:
    """Foreign and unknown people, institutions, themes and documents: one answer (ruling 9)."""
    an, els = world.people["an"], world.people["els"]
    answers = [
        world.json("evaluation", asked)
        for asked in (
            ask("nobody", f"900001:{OPEN}"),
            ask(els, f"900001:{OPEN}"),
            ask(els, f"900002:{OPEN}"),
            ask(an, f"900002:{OPEN}"),
            ask(an, f"999999:{OPEN}"),
            ask(an, "900001:no-theme"),
            ask(an, OPEN),
            ask(an, "elders", "document"),
            ask(an, "nothing", "document"),
            ask(els, "telling", "document"),
            ask(an, "telling", "folder"),
            {**ask(an, f"900001:{OPEN}"), "action": {"name": "write"}},
            {**ask(an, f"900001:{OPEN}"), "subject": {"type": "group", "id": an}},
        )
    ]
    assert all(answer == answers[0] for answer in answers), answers
    assert answers[0]["decision"] is False
    assert answers[0]["context"]["reason_code"] == "unknown"


def test_a_platform_client_asks_about_everybody(world: World) -> None:
    """Without institutions of its own a client's questions have no border."""
    told = world.json("evaluation", ask(world.people["els"], f"900002:{OPEN}"), "platform")
    assert told["decision"] is True


def test_a_document_follows_its_themes(world: World) -> None:
    """Who has one of the themes where the document belongs may read it."""
    answers = [
        world.json("evaluation", ask(world.people[name], "telling", "document"))["decision"]
        for name in ("an", "bob")
    ]
    assert answers == [True, False]


MALFORMED: list[object] = [
    [],
    "text",
    None,
    {},
    {"subject": {"type": "user", "id": "x"}},
    {**ask("x", "y"), "subject": "x"},
    {**ask("x", "y"), "subject": {"type": "user"}},
    {**ask("x", "y"), "subject": {"type": "user", "id": 1}},
    {**ask("x", "y"), "subject": {"type": "user", "id": ""}},
    {**ask("x", "y"), "subject": {"type": "user", "id": "x" * 300}},
    ask("x\0", f"900001:{OPEN}"),
    ask("x", "\0", "document"),
    ask("\ud800", f"900001:{OPEN}"),
    {**ask("x", "y"), "action": {}},
    {**ask("x", "y"), "action": "read"},
    {**ask("x", "y"), "resource": {"id": "x"}},
    {**ask("x", "y"), "context": "high"},
    {**ask("x", "y"), "context": {"acr": 35}},
    {**ask("x", "y"), "context": {"orgcode": ["900001"]}},
]


def test_malformed_questions_are_400_with_a_sentence(world: World) -> None:
    """Nothing that is no question is answered as one, and nothing is a 5xx."""
    for path in ("evaluation", "evaluations", "search/subject", "search/resource"):
        for body in MALFORMED:
            answer = world.post(path, body)
            if path.startswith("search") and answer.status_code == 200:
                continue  # a search asks for fewer parts
            assert answer.status_code == 400, (path, body)
            assert answer.json is not None
            assert answer.json["message"]
            assert "decision" not in answer.json


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"subject":1,"subject":2}', b"[" * 100_000])
def test_what_is_no_json_is_400(world: World, raw: bytes) -> None:
    """A body with no meaning, or two, is refused."""
    token = {"Authorization": f"Bearer {world.tokens['linde']}"}
    assert world.http.post("/access/v1/evaluation", data=raw, headers=token).status_code == 400


def test_the_scope_is_asked_on_every_route(world: World) -> None:
    """No credential is 401, one without ``access:evaluate`` 403, before the body is read."""
    for path in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action"):
        assert world.http.post(f"/access/v1/{path}", data=b"{").status_code == 401
        assert world.post(path, {}, "scim-only").status_code == 403


def test_the_request_id_comes_back(world: World) -> None:
    """An application finds its own question in our log (section 10.1.4)."""
    answer = world.post("evaluation", ask("x", "y"), **{"X-Request-ID": "app-7"})
    assert answer.headers["X-Request-ID"] == "app-7"


def test_several_questions_share_what_they_have_in_common(world: World) -> None:
    """What stands outside counts for each evaluation that does not say it itself, in order."""
    body = {
        **ask(world.people["an"], f"900001:{OPEN}"),
        "evaluations": [
            {},
            {"subject": {"type": "user", "id": world.people["bob"]}},
            {"resource": {"type": "theme"}},
            {"resource": {"type": "document", "id": "telling"}},
        ],
    }
    told = world.json("evaluations", body)["evaluations"]
    assert [item["decision"] for item in told] == [True, False, False, True]
    assert told[2]["context"]["error"]["status"] == 400


def test_without_evaluations_it_is_one_question(world: World) -> None:
    """An empty or missing list makes it a single evaluation (section 7.1)."""
    asked = ask(world.people["an"], f"900001:{OPEN}")
    for body in (asked, {**asked, "evaluations": []}):
        assert world.json("evaluations", body)["decision"] is True


@pytest.mark.parametrize(
    ("semantic", "count"),
    [("execute_all", 4), ("deny_on_first_deny", 2), ("permit_on_first_permit", 1)],
)
def test_a_semantic_stops_where_it_says(world: World, semantic: str, count: int) -> None:
    """After the first deny, or the first permit, the rest is not asked (section 7.1.2.1)."""
    names = ("an", "bob", "an", "bob")
    body = {
        **ask("x", f"900001:{OPEN}"),
        "evaluations": [{"subject": {"type": "user", "id": world.people[n]}} for n in names],
        "options": {"evaluations_semantic": semantic},
    }
    assert len(world.json("evaluations", body)["evaluations"]) == count


@pytest.mark.parametrize(
    "broken",
    [
        {"evaluations": {}},
        {"evaluations": [1]},
        {"evaluations": [{}] * 1_001},
        {"evaluations": [{}], "options": []},
        {"evaluations": [{}], "options": {"evaluations_semantic": "some"}},
        {"evaluations": [{}], "options": {"evaluations_semantic": ["x"]}},
    ],
)
def test_a_broken_batch_is_400(world: World, broken: dict[str, object]) -> None:
    """The batch itself is malformed, or too large: nothing of it is answered."""
    assert world.post("evaluations", {**ask("x", "y"), **broken}).status_code == 400


def test_withdrawal_bites_on_the_next_question(world: World) -> None:
    """Nothing is remembered between two questions (rule 7)."""
    asked = ask(world.people["an"], f"900001:{OPEN}")
    assert world.json("evaluation", asked)["decision"] is True
    with world.unit() as uow:
        actor = clients.by_token(uow, world.tokens["linde"])
        assert actor is not None
        people.delete(uow, actor, world.people["an"], lambda _view: None)
        uow.commit()
    assert world.json("evaluation", asked)["decision"] is False


def test_every_reason_has_its_words() -> None:
    """No code of the policy is without a sentence in both languages."""
    assert set(TEXTS) == set(Reason)
    assert all(text.user("nl") and text.user("en") and text.operator for text in TEXTS.values())
