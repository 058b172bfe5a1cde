"""Who may, what may one, how may one; and may this browser pass (section 8, forward-auth)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from mo_access.service import clients, sign_in
from mo_access.service.clients import NewClient
from mo_access.service.sign_in import SignIn
from mo_authzen.forward_auth import header_text
from tests.authzen.conftest import OPEN, STRONG, World, ask

ITSME = {"acr": "urn:be:vlaanderen:authmech:itsme"}


def ids(told: dict[str, Any]) -> set[str]:
    """Return the ids of the results."""
    return {found["id"] for found in told["results"]}


def test_a_subject_search_lists_the_clients_own_readers(world: World) -> None:
    """Who an evaluation would say yes to, and nobody of another client (ruling 9)."""
    body = ask("", f"900001:{OPEN}")
    body["subject"] = {"type": "user"}
    assert ids(world.json("search/subject", body)) == {world.people["an"]}
    assert ids(world.json("search/subject", body, "platform")) == {world.people["an"]}
    assert ids(world.json("search/subject", body, "eik")) == set()
    body["resource"]["id"] = f"900001:{STRONG}"
    assert ids(world.json("search/subject", body)) == set()
    assert ids(world.json("search/subject", {**body, "context": ITSME})) == {world.people["an"]}


def test_a_resource_search_lists_what_an_evaluation_allows(world: World) -> None:
    """Themes or documents, inside the client's institutions and the session's level."""
    body = ask(world.people["an"], "x")
    assert ids(world.json("search/resource", body)) == {f"900001:{OPEN}"}
    strong = {**body, "context": ITSME}
    assert ids(world.json("search/resource", strong)) == {f"900001:{OPEN}", f"900001:{STRONG}"}
    body["resource"] = {"type": "document"}
    assert ids(world.json("search/resource", body)) == {"telling"}
    assert ids(world.json("search/resource", body, "eik")) == set()
    body["resource"] = {"type": "folder"}
    assert ids(world.json("search/resource", body)) == set()


def test_an_action_search_knows_reading(world: World) -> None:
    """The one action is listed where it is allowed."""
    for name, found in (("an", [{"name": "read"}]), ("bob", [])):
        body = ask(world.people[name], f"900001:{OPEN}")
        del body["action"]
        assert world.json("search/action", body)["results"] == found


def test_a_long_result_comes_in_pages(world: World) -> None:
    """The token leads through all results once, and fits this search only."""
    more = {world.person("linde", f"p{n}", "900001", OPEN) for n in range(4)}
    body: dict[str, Any] = {**ask("x", f"900001:{OPEN}"), "page": {"limit": 2}}
    seen: list[str] = []
    tokens: list[str] = []
    for _ in range(3):
        told = world.json("search/subject", body)
        seen += [found["id"] for found in told["results"]]
        tokens.append(told["page"]["next_token"])
        body["page"] = {"limit": 2, "token": tokens[-1]}
    assert [bool(token) for token in tokens] == [True, True, False]
    body["page"] = {"limit": 2, "token": tokens[0]}
    body["resource"] = {"type": "theme", "id": f"900001:{STRONG}"}
    assert world.post("search/subject", body).status_code == 400
    assert set(seen) == {*more, world.people["an"]}
    assert len(seen) == 5


@pytest.mark.parametrize(
    "page",
    [
        [],
        {"limit": 0},
        {"limit": "2"},
        {"limit": True},
        {"token": "AAAA"},
        {"token": "%"},
        {"token": "é"},
        {"token": "\ud800"},
        {"token": 7},
    ],
)
def test_a_page_that_is_not_ours_is_400(world: World, page: object) -> None:
    """A forged token or an odd limit is refused."""
    body = {**ask("x", f"900001:{OPEN}"), "page": page}
    assert world.post("search/subject", body).status_code == 400


def test_the_metadata_names_every_route(world: World, app: Flask) -> None:
    """The configuration is public, and built from the base URL (section 9)."""
    told = world.http.get(
        "/.well-known/authzen-configuration", headers={"Host": "evil.example"}
    ).json
    assert told is not None
    base = told.pop("policy_decision_point")
    assert base == "http://127.0.0.1:8000"
    served = {f"{base}{rule.rule}" for rule in app.url_map.iter_rules()}
    assert set(told.values()) <= served


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("jan.janssens", "jan.janssens"),
        ("Jan Janssens", "Jan Janssens"),
        (" jan ", "%20jan%20"),
        ("  ", "%20%20"),
        ("zoë", "zo%C3%AB"),
        ("a\r\nSet-Cookie: x", "a%0D%0ASet-Cookie: x"),
        ("100%", "100%"),
    ],
)
def test_a_subject_fits_a_header(subject: str, shown: str) -> None:
    """What is not printable ASCII is percent-encoded, edges that a proxy would cut too."""
    assert header_text(subject) == shown
    assert shown.isascii()
    assert shown == shown.strip()


def _sign_in(world: World) -> None:
    with world.unit() as uow:
        found = sign_in.sign_in(
            uow,
            SignIn(
                provider="op",
                issuer="https://op.example",
                subject="an",
                links=(("an", "userName"),),
                id_token="x",
                expires=uow.now + 3_600_000_000,
                acr=None,
                level=0,
                capacity=None,
                sid=None,
            ),
        )
        uow.commit()
    world.http.set_cookie("mo_session", found.session_id)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 204),
        (f"?theme={OPEN}&institution=900001", 204),
        (f"?theme=nothing&theme={OPEN}&institution=900001", 204),
        (f"?theme={OPEN}", 204),
        ("?institution=900001", 204),
        (f"?theme={STRONG}&institution=900001", 403),
        (f"?theme={OPEN}&institution=900002", 403),
        (f"?theme={STRONG}", 403),
        ("?institution=900002", 403),
        ("?institution=x", 403),
        ("?institution=%00", 403),
        ("?theme=%00&institution=900001", 403),
        ("?institution=900001&institution=900002", 400),
    ],
)
def test_a_proxy_asks_for_a_browser(world: World, query: str, status: int) -> None:
    """204 with the subject for a session that may, 403 for one that may not, else 401."""
    asked = f"/forward-auth{query}"
    assert world.http.get(asked).status_code == 401
    forged = {"X-Auth-Request-User": "boss", "Authorization": f"Bearer {world.tokens['platform']}"}
    assert world.http.get(asked, headers=forged).status_code == 401
    _trust(world)
    _sign_in(world)
    answer = world.http.get(asked, headers=forged)
    assert answer.status_code == status
    told = [answer.headers.get(f"X-Auth-Request-{name}") for name in ("User", "Issuer")]
    assert told == (["an", "https://op.example"] if status == 204 else [None, None])


def _trust(world: World) -> None:
    trusted = NewClient("signer", ("900001",), issuers=("https://op.example",))
    with world.unit() as uow:
        _, world.tokens["signer"] = clients.create(uow, trusted)
        uow.commit()
    world.person("signer", "an", "900001", OPEN)
