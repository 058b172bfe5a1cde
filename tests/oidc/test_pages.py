"""The pages of signing in, in both languages: what they hold, and what they never repeat."""

import ast
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from mo_web.pages import SENTENCES
from tests.oidc.broker import query_of
from tests.oidc.world import World

ROOT = Path(__file__).parents[2]
MARK = "EVIL<b>mark</b>"
SECOND = {
    "name": "second",
    "label": "Tweede",
    "issuer": "https://second.example",
    "client_id": "x",
}


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service with its own notice and help lines."""
    return make_world(
        {
            "notice_nl": "Wet van 28 november 2000 & zo",
            "notice_en": "Law of 28 November 2000",
            "help_nl": ("Bel 1700.", "Schrijf naar hulp@example.org"),
            "help_en": ("Call 1700.",),
        }
    )


@pytest.mark.parametrize(
    ("path", "dutch", "english"),
    [
        ("/oidc/callback?state=x", "Geen toegang", "No access"),
        ("/oidc/signed-out?x=1", "U bent afgemeld", "You are signed out"),
        ("/me?x=1", "Aanmelden", "Sign in"),
        ("/oidc/login?provider=none", "Geen toegang", "No access"),
    ],
)
def test_pages_in_both_languages(world: World, path: str, dutch: str, english: str) -> None:
    """Heading, legal notice from the settings, help lines with 1700, and the language told."""
    for language, heading, notice, call in (
        ("nl", dutch, "Wet van 28 november 2000 &amp; zo", "Bel 1700."),
        ("en", english, "Law of 28 November 2000", "Call 1700."),
    ):
        page = world.agent().get(f"{path}&lang={language}")
        assert f"<h1>{heading}</h1>" in page.text
        assert notice in page.text
        assert call in page.text
        assert page.headers["Content-Language"] == language
        assert f'<html lang="{language}">' in page.text


def test_a_provider_that_cannot_be_reached(world: World) -> None:
    """503 with Retry-After, the code, help, and a way to try again, in both languages."""
    world.script.answers["discovery"] = OSError("down")
    page = world.agent().get("/oidc/login")
    assert (page.status, page.code) == (503, "discovery_unreachable")
    assert page.headers["Retry-After"] == "5"
    assert "Bel 1700." in page.text
    assert 'href="/oidc/login"' in page.text
    english = world.agent().get("/oidc/login?lang=en")
    assert "Signing in does not work right now" in english.text


def test_a_refusal_says_what_to_do(world: World) -> None:
    """A sentence, the code, the request id, 1700, the notice, and a new sign-in."""
    world.register()
    for claims, sentence in (
        ({"vo_id": "nobody"}, "U bent nog niet geregistreerd."),
        ({"aud": "x"}, "lukt het dan niet, bel 1700 en zeg de code hieronder"),
        ({"vo_doelgroepcode": "EA"}, "Meld u aan voor een onderwijsinstelling"),
    ):
        world.script.claims = claims
        page = world.agent().sign_in()
        assert sentence in page.text
        assert re.search(r"<code>\w+</code>.*<code>[0-9a-f]{32}</code>", page.text)
        assert "Wet van 28 november 2000" in page.text
        assert 'class="button" href="/oidc/login' in page.text
        assert 400 <= page.status < 500


def hostile(script_says: str) -> list[dict[str, Any]]:
    """Return ways for a provider to have us repeat something."""
    return [
        {"answer": {"error": script_says, "error_description": script_says, "code": None}},
        {"answer": {"error": "access_denied", "error_uri": script_says, "code": None}},
        {"answer": {"iss": f"https://{script_says}"}},
        {"answer": {"state": script_says}},
        {"answer": {script_says: script_says, "code": None}},
        {"claims": {"iss": script_says}},
        {"claims": {"sub": script_says, "vo_id": script_says}},
        {"claims": {"aud": script_says}},
        {"claims": {"nonce": script_says}},
        {"claims": {"acr": [script_says]}},
        {"claims": {"vo_doelgroepcode": script_says}},
        {"claims": {"exp": script_says}},
        {"header": {"typ": script_says}},
        {"header": {"kid": script_says}},
        {"header": {"jku": script_says}},
        {"token": {"token_type": script_says}},
        {"token": {"id_token": script_says}},
        {"answers": {"token": (400, {}, f'{{"error": "{script_says}"}}')}},
        {"answers": {"token": (500, {"X-Evil": script_says}, script_says)}},
        {"answers": {"jwks": (200, {}, script_says)}},
        {"answers": {"discovery": (200, {}, f'{{"issuer": "{script_says}"}}')}},
    ]


@pytest.mark.parametrize("told", hostile(MARK), ids=lambda told: repr(told)[:40])
def test_nothing_that_a_provider_sent_is_repeated(
    world: World, told: dict[str, Any], listen: Callable[[], io.StringIO]
) -> None:
    """Neither on the page, in a header, in the log nor in the audit trail."""
    world.register()
    for member, value in told.items():
        setattr(world.script, member, value)
    log = listen()
    page = world.agent().sign_in()
    assert 400 <= page.status < 600
    assert page.status != 500
    assert "sign_in_refused" in log.getvalue()
    shown = page.text + repr(dict(page.headers)) + repr(world.site.events("sign_in"))
    assert "EVIL" not in shown + log.getvalue()


@pytest.mark.parametrize(
    "query", [f"acr_values={MARK}", f"login_hint={MARK}", f"unknown={MARK}", f"next=//{MARK}"]
)
def test_the_chooser_repeats_only_what_it_understood(
    make_world: Callable[[dict[str, object]], World], query: str
) -> None:
    """Wishes go on to the next step, encoded; what is not known is dropped; markup never shows."""
    world = make_world({"oidc_providers": (SECOND,)})
    page = world.agent().get(f"/oidc/login?{query}")
    assert (page.status, "<b>" in page.text) == (200, False)
    assert ("EVIL" in page.text) is query.startswith(("acr", "login"))
    assert "Tweede" in page.text


def test_the_chooser_keeps_the_wishes(make_world: Callable[[dict[str, object]], World]) -> None:
    """What was asked of a sign-in is still asked after choosing a provider, and enforced."""
    world = make_world({"oidc_providers": (SECOND,)})
    world.register()
    agent = world.agent()
    page = agent.get("/oidc/login?next=/host/home&max_age=60&acr_values=a+b&prompt=login")
    href = re.search(r'href="(/oidc/login\?[^"]*provider=broker)"', page.text)
    assert href is not None
    asked = query_of(agent.get(href[1].replace("&amp;", "&")).location)
    assert (asked["max_age"], asked["acr_values"], asked["prompt"]) == ("60", "a b", "login")
    assert agent.get("/oidc/login?max_age=x").status == 400


def test_every_page_has_the_policy(world: World) -> None:
    """No script, no inline style, no foreign address; nothing is kept by a cache (P13)."""
    world.register()
    agent = world.agent()
    agent.sign_in()
    for path in ("/me", "/me/sessions", "/oidc/callback", "/oidc/signed-out", "/oidc/login?x=1"):
        page = agent.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<script|style=|\son\w+=|src=", page.text)


def test_every_sentence_has_its_english() -> None:
    """Each Dutch text of pages and templates stands in the catalogue, and none is left over."""
    catalogue = ROOT / "mo_web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    with catalogue.open("rb") as file:
        english = {str(m.id): str(m.string) for m in read_po(file) if m.id}
    used = set(_python_texts(ROOT / "mo_web" / "pages.py")) | {
        text
        for page in (ROOT / "mo_web" / "templates").glob("*.html")
        for text in re.findall(r'_\("([^"]+)"\)', page.read_text(encoding="utf-8"))
    }
    assert used - set(english) == set()
    assert all(english.values())
    assert {str(sentence) for sentence in map(_raw, SENTENCES.values())} <= set(english)


def _raw(sentence: Any) -> str:  # noqa: ANN401 - a lazy text of the library
    return str(sentence._args[0])


def _python_texts(path: Path) -> list[str]:
    calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
    return [
        str(call.args[0].value)
        for call in calls
        if getattr(call.func, "id", "") in {"_", "_later"}
        if isinstance(call.args[0], ast.Constant)
    ]
