"""What is measured, logged and audited of every sign-in, sign-out and renewal."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from mo_web import shared
from tests.oidc.broker import Answer
from tests.oidc.modules.ending import logout_claims
from tests.oidc.world import Agent, World
from tests.support.jose import sign


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service and a person."""
    made = make_world({"oidc_refresh": True})
    made.register()
    return made


def counted(world: World, name: str) -> dict[str, float]:
    """Return the counts of a measure by its labels."""
    families = shared.of(world.site.app).metrics.registry.collect()
    samples = [s for family in families for s in family.samples if s.name == name]
    return {" ".join(sample.labels.values()): sample.value for sample in samples}


def lines(text: str, event: str) -> list[dict[str, Any]]:
    """Return the log's lines of an event."""
    told = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in told if line.get("event") == event]


def decisions(world: World) -> list[tuple[str, Any]]:
    """Return (outcome, code) of every sign-in in the audit trail."""
    events = world.site.events("sign_in")
    return [(event["outcome"], event["facts"].get("code")) for event in events]


@pytest.mark.parametrize(
    ("told", "code", "audited"),
    [
        ({}, "ok", True),
        ({"claims": {"vo_id": "nobody"}}, "unknown_person", True),
        ({"claims": {"vo_doelgroepcode": "EA"}}, "target_group", True),
        ({"claims": {"aud": "other"}}, "audience", True),
        ({"claims": {"session_expiry": 5}}, "session_over", True),
        ({"answer": {"iss": "https://evil.example"}}, "response_issuer", True),
        ({"answer": {"error": "access_denied"}}, "provider_access_denied", True),
        ({"answers": {"token": (400, {}, '{"error": "invalid_grant"}')}}, "code_refused", True),
        ({"answer": {"state": "unknown"}}, "state_unknown", False),
        ({"answer": {"state": None}}, "state_missing", False),
        ({"answers": {"token": (500, {}, "")}}, "token_status", False),
        ({"answers": {"discovery": (500, {}, "")}}, "discovery_status", False),
    ],
)
def test_every_outcome_is_measured_logged_and_audited(
    world: World,
    told: dict[str, Any],
    code: str,
    audited: bool,
    listen: Callable[[], io.StringIO],
) -> None:
    """One count and one line each; one audit event for whatever was decided here."""
    for member, value in told.items():
        setattr(world.script, member, value)
    log_stream = listen()
    world.agent().sign_in()
    assert counted(world, "mo_sign_ins_total") == {code: 1.0}
    log = log_stream.getvalue()
    if code == "ok":
        (line,) = lines(log, "signed_in")
        assert line["provider"] == "broker"
        assert decisions(world) == [("ok", None)]
        return
    (line,) = lines(log, "sign_in_refused")
    known = (line["provider"], line["code"], bool(line["request_id"]))
    asked = None if code.startswith("state_") else "broker"
    assert known == (asked, code, True)
    assert decisions(world) == ([("refused", code)] if audited else [])


def test_an_audited_refusal_names_the_provider_and_nothing_it_sent(world: World) -> None:
    """The provider's name, the code, the request: enough to find it in the log."""
    world.script.claims = {"sub": "EVIL", "vo_id": "EVIL"}
    world.agent().sign_in()
    (event,) = world.site.events("sign_in")
    assert event["facts"] == {"provider": "broker", "code": "unknown_person"}
    assert (event["caller"], event["person"], bool(event["request"])) == ("anonymous", None, True)


def test_sign_outs_are_measured_by_their_way(
    world: World, listen: Callable[[], io.StringIO]
) -> None:
    """Here, by the back channel and by the front channel, with the code of a refusal."""
    log_stream = listen()
    world.script.claims = {"sid": "s-1"}
    agent = world.agent()
    agent.sign_in()
    agent.get("/oidc/logout")
    token = sign(logout_claims(world, {}), world.script.key, typ="logout+jwt")
    for _ in range(2):
        world.notify({"logout_token": token})
    world.notify({"logout_token": "a.b.c"})
    agent.get("/oidc/frontchannel-logout?iss=x&sid=y")
    agent.get(f"/oidc/frontchannel-logout?iss={world.script.issuer}&sid=s-1")
    assert counted(world, "mo_logouts_total") == {
        "logout ok": 1.0,
        "backchannel_logout ok": 1.0,
        "backchannel_logout logout_replayed": 1.0,
        "backchannel_logout token_form": 1.0,
        "frontchannel_logout provider_unknown": 1.0,
        "frontchannel_logout ok": 1.0,
    }
    log = log_stream.getvalue()
    assert [line["code"] for line in lines(log, "backchannel_logout_refused")] == [
        "logout_replayed",
        "token_form",
    ]
    assert lines(log, "backchannel_logout")[0]["ended"] == 0


def test_renewals_are_measured(world: World, listen: Callable[[], io.StringIO]) -> None:
    """Good, in trouble, refused."""
    log_stream = listen()
    world.script.refresh = {}
    agent = world.agent()
    agent.sign_in()
    answers: list[dict[str, Answer | Exception]] = [
        {},
        {"token": (500, {}, "")},
        {"token": (400, {}, '{"error": "invalid_grant"}')},
    ]
    for each in answers:
        world.script.answers = each
        world.let_time_pass()
        agent.me()
    wanted = {"ok": 1.0, "token_status": 1.0, "refresh_refused": 1.0}
    assert counted(world, "mo_renewals_total") == wanted
    codes = [line["code"] for line in lines(log_stream.getvalue(), "session_renewal")]
    assert codes == list(wanted)


def test_labels_are_a_closed_set(world: World) -> None:
    """Whatever a provider or a browser says, no label is made of it (P14)."""
    for number in range(20):
        world.script.answer = {"error": f"evil_{number}", "iss": world.script.issuer}
        _go(world.agent(), number)
    assert set(counted(world, "mo_sign_ins_total")) == {"provider_error", "provider_unknown"}


def _go(agent: Agent, number: int) -> None:
    agent.sign_in()
    agent.get(f"/oidc/login?provider=evil-{number}")


def test_nothing_secret_is_logged(world: World, listen: Callable[[], io.StringIO]) -> None:
    """Neither cookie, code, state, token nor INSZ, over a whole life of a session."""
    log_stream = listen()
    world.script.claims, world.script.refresh = {"rrn": "85073003328"}, {}
    agent = world.agent()
    agent.sign_in()
    cookie = agent.session or ""
    world.let_time_pass()
    agent.me()
    agent.sign_out()
    log = log_stream.getvalue()
    assert "signed_in" in log
    state = [asked["state"] for asked in world.script.codes.values()]
    for secret in (cookie, "code-1", "at-1", "rt-", "eyJ", "85073003328", *state):
        assert secret
        assert secret not in log
