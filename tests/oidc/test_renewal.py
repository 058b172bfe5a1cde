"""Sessions that are renewed: what the provider gives, refuses, and what happens meanwhile."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from mo_access.domain.keys import SealBroken
from mo_access.service import renewals, resealing, sessions
from mo_oidc import admission, id_token
from mo_web.faults import ProviderTrouble
from tests.oidc.broker import form_of, half
from tests.oidc.world import Agent, World
from tests.support.jose import sign

DUE = "update session set renew_at = 1 where renew_at is not null"


@pytest.fixture
def world(make_world: Callable[[dict[str, object]], World]) -> World:
    """The service set to renew, and a provider that gives refresh tokens."""
    made = make_world({"oidc_refresh": True})
    made.register()
    made.script.refresh = {}
    return made


@pytest.fixture
def agent(world: World) -> Agent:
    """A browser in which somebody is signed in."""
    made = world.agent()
    assert made.sign_in().status == 302
    return made


def row(world: World) -> tuple[Any, ...]:
    """Return what the session's row holds of its renewal."""
    told = "select refresh_sealed, renew_at, renewing_until, expires from session"
    return world.site.rows(told)[0]


def asked(world: World) -> int:
    """Return how often the token endpoint was asked."""
    return world.script.calls.count("token")


def test_nothing_is_asked_before_its_time(world: World, agent: Agent) -> None:
    """Due when the access token ends: not before, and once."""
    assert agent.signed_in
    assert asked(world) == 1
    world.let_time_pass()
    assert agent.signed_in
    assert agent.signed_in
    assert asked(world) == 2
    request = world.script.requests[-1]
    form = form_of(request)
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "rt-1")
    assert "scope" not in form
    assert request.headers["Authorization"].startswith("Basic ")


def test_only_a_provider_that_is_set_so(make_world: Callable[[dict[str, object]], World]) -> None:
    """Without the setting the refresh token is not even kept."""
    world = make_world({})
    world.register()
    world.script.refresh = {}
    agent = world.agent()
    agent.sign_in()
    assert row(world)[:2] == (None, None)
    world.let_time_pass()
    assert agent.signed_in
    assert asked(world) == 1


def test_a_setting_that_is_switched_off(world: World, agent: Agent) -> None:
    """A session of before is asked about no more; one whose provider is gone ends."""
    held = world.site.app.extensions["mo_oidc"]
    (provider,) = held.all
    world.let_time_pass()
    provider.config = replace(provider.config, refresh=False)
    before, renewals = agent.signed_in, asked(world)
    held.all = ()
    assert (before, renewals, agent.signed_in) == (True, 1, False)
    assert world.why_renewal_ended() == "provider_unknown"


def test_a_provider_that_gives_none(world: World) -> None:
    """No refresh token: a session as any other."""
    world.script.refresh = None
    agent = world.agent()
    agent.sign_in()
    assert row(world)[:2] == (None, None)
    assert agent.signed_in


def test_tokens_are_sealed(world: World, agent: Agent) -> None:
    """Neither the first nor the rotated token, nor a token of the provider, is readable."""
    for number in (1, 2):
        held = repr(world.site.rows("select * from session"))
        assert f"rt-{number}" not in held
        assert "eyJhbGciOi" not in held
        world.let_time_pass()
        assert agent.signed_in


def test_a_token_is_bound_to_its_session(world: World, agent: Agent) -> None:
    """A sealed token that is moved to another session opens nothing (associated data)."""
    world.agent().sign_in()
    rows = world.site.rows("select id_hash, refresh_sealed from session order by pk")
    with world.site.unit() as uow:
        moved = sessions.refresh_context(b"another")
        assert uow.keys.open(sessions.refresh_context(bytes(rows[0][0])), bytes(rows[0][1]))
        with pytest.raises(SealBroken):
            uow.keys.open(moved, bytes(rows[0][1]))


def test_a_provider_that_does_not_rotate(world: World, agent: Agent) -> None:
    """Without a new refresh token the old one stays good (RFC 6749 §6)."""
    world.script.refresh = {"refresh_token": None}
    for _ in range(3):
        world.let_time_pass()
        world.script.good_refresh = "rt-1"
        assert agent.signed_in
    assert asked(world) == 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, {}, '{"error": "invalid_grant"}'), "refresh_refused"),
        ((401, {}, '{"error": "invalid_grant"}'), "refresh_refused"),
    ],
)
def test_a_refused_token_ends_the_session(
    world: World, agent: Agent, answer: tuple[int, dict[str, str], str], code: str
) -> None:
    """invalid_grant: withdrawn there is withdrawn here, at once and for good."""
    world.script.answers["token"] = answer
    world.let_time_pass()
    assert not agent.signed_in
    assert world.why_renewal_ended() == code
    world.script.answers.clear()
    assert not agent.signed_in
    assert world.site.rows("select count(*) from session") == [(0,)]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"sub": "person-2"}, "subject_changed"),
        ({"sub": None}, "subject"),
        ({"aud": "other"}, "audience"),
        ({"azp": "other"}, "authorized_party"),
        ({"exp": 1}, "expired"),
        ({"iat": None}, "iat_missing"),
        ({"iat": int(time.time()) + 86_400}, "issued_in_future"),
        ({"nbf": int(time.time()) + 86_400}, "not_yet_valid"),
        ({"nonce": "of somebody else"}, "nonce"),
        ({"at_hash": half("other")}, "access_token_hash"),
    ],
)
def test_a_defective_renewed_token_ends_the_session(
    world: World, agent: Agent, claims: dict[str, Any], code: str
) -> None:
    """Every check of the first ID token holds for a renewed one (Core §12.2)."""
    world.script.refresh_claims = claims
    world.let_time_pass()
    assert not agent.signed_in
    assert world.why_renewal_ended() == code


def test_a_renewed_token_of_another_key_ends_the_session(world: World, agent: Agent) -> None:
    """The signature is checked as ever."""
    header, body, _ = world.script.plain_id_token().split(".")
    world.script.refresh = {"id_token": f"{header}.{body}.AAAA"}
    world.let_time_pass()
    assert not agent.signed_in
    assert world.why_renewal_ended() == "signature"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"nonce": "SAME"},
        {"aud": ["mo-rp"]},
        {"at_hash": half("at-1")},
        {"auth_time": 5},
        {"acr": "urn:be:vlaanderen:authmech:eid"},
        None,
    ],
)
def test_a_sound_renewal_is_accepted(
    world: World, agent: Agent, claims: dict[str, Any] | None
) -> None:
    """The same nonce, other claims, or no ID token at all; the level never rises by it."""
    if claims and claims.get("nonce"):
        claims = {"nonce": world.script.nonce}
    world.script.refresh_claims = claims
    world.let_time_pass()
    assert agent.signed_in
    assert '"acr":null' in agent.me().text
    assert asked(world) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, ""),
        (200, {}, "<html>"),
        (400, {}, '{"error": "invalid_client"}'),
        (400, {}, '{"error": "temporarily_unavailable"}'),
        (429, {}, ""),
        (302, {"Location": "https://evil.example"}, ""),
        (200, {}, '{"token_type": "Bearer"}'),
        OSError("down"),
    ],
)
def test_a_session_outlives_the_providers_trouble(
    world: World,
    agent: Agent,
    answer: Any,  # noqa: ANN401 - a test may say anything
) -> None:
    """Down, or nonsense: the session goes on, and asks again later, not on every request."""
    world.script.answers["token"] = answer
    world.let_time_pass()
    assert agent.signed_in
    assert agent.signed_in
    assert asked(world) == 2
    world.script.answers.clear()
    world.let_time_pass()
    assert agent.signed_in
    assert asked(world) == 3


def test_the_new_token_is_kept_when_trouble_comes_behind_it(
    world: World, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that just started, and no keys to be had: the old token is used up already."""

    def without_keys(*_: object) -> NoReturn:
        raise ProviderTrouble("keys_unreachable")

    with monkeypatch.context() as down:
        down.setattr(id_token, "verify_renewed", without_keys)
        world.let_time_pass()
        assert agent.signed_in
        assert asked(world) == 2
    world.let_time_pass()
    assert agent.signed_in
    assert asked(world) == 3


def test_nothing_is_held_while_the_provider_answers(world: World, agent: Agent) -> None:
    """No transaction waits for somebody else."""
    world.let_time_pass()
    assert agent.signed_in
    assert world.script.held == []


def test_one_request_renews_and_the_others_go_on(world: World, agent: Agent) -> None:
    """Of many requests at once exactly one uses the token; nobody is signed out by it."""
    world.let_time_pass()
    cookie, statuses = agent.session or "", list[int]()

    def request() -> None:
        other = world.agent()
        other.wire.set_cookie(world.cookie, cookie)
        statuses.append(other.me().status)

    threads = [threading.Thread(target=request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * 8
    assert asked(world) == 2
    assert world.script.good_refresh == "rt-2"


def test_a_turn_that_nobody_finishes_is_taken_over(world: World, agent: Agent) -> None:
    """A node that dies in the middle holds the others up for a minute, not for ever."""
    now = int(time.time() * 1_000_000)
    world.let_time_pass()
    world.site.execute(f"update session set renewing_until = {now + 30_000_000}")  # noqa: S608 - a number of ours
    assert agent.signed_in
    assert asked(world) == 1
    world.site.execute("update session set renewing_until = 5")
    assert agent.signed_in
    assert asked(world) == 2


def test_a_late_answer_changes_nothing(world: World, agent: Agent) -> None:
    """Whoever lost the turn, or whose session was ended meanwhile, stores nothing."""
    world.let_time_pass()
    with world.site.unit() as uow:
        found = sessions.own(uow, world.person, 3_600_000_000)[0]
        turn = renewals.claim(uow, found)
        assert turn is not None
        assert renewals.claim(uow, found) is None
        uow.commit()
    world.site.execute("update session set renewing_until = renewing_until + 1")
    with world.site.unit() as uow:
        got = renewals.Renewed("rt-late", None, uow.now, uow.now)
        assert not renewals.keep(uow, turn, got)
        uow.commit()
    assert agent.signed_in
    assert "rt-late" not in repr(turn) + repr(got)


def test_the_provider_may_shorten_the_session_and_never_lengthen_it(
    world: World, agent: Agent
) -> None:
    """session_expiry of a renewed token is honoured; our own limit stays what it was."""
    before = row(world)[3]
    world.script.refresh_claims = {"session_expiry": int(time.time()) + 10 * 86_400}
    world.let_time_pass()
    assert agent.signed_in
    assert row(world)[3] == before
    soon = int(time.time()) + 600
    world.script.refresh_claims = {"session_expiry": soon}
    world.let_time_pass()
    assert agent.signed_in
    assert row(world)[3] == soon * 1_000_000
    world.script.refresh_claims = {"session_expiry": int(time.time()) - 1}
    world.let_time_pass()
    assert not agent.signed_in


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        *((3600, 3540), (None, 240), ("900", 840), (5, 60), (-1, 240), (True, 240), ([1], 240)),
        *((1e9, 86_400), ("soon", 240), (0, 240), (float(120), 90), ({}, 240), (1 << 80, 86_400)),
    ],
)
def test_when_a_session_is_due(world: World, expires_in: object, seconds: int) -> None:
    """A little before the access token ends, at a bearable pace; an odd life is as none."""
    world.script.token["expires_in"] = expires_in
    began = time.time()
    assert world.agent().sign_in().status == 302
    due = row(world)[1] / 1_000_000
    assert began + seconds - 1 <= due <= time.time() + seconds + 1
    assert admission.due(None, 0) == 240_000_000


def test_what_was_sealed_with_a_key_keeps_it_in_use(world: World, agent: Agent) -> None:
    """`key rotate` counts refresh tokens too before an old key may go."""
    with world.site.unit() as uow:
        assert resealing.in_use(uow) == {"k1": 2}


def test_a_session_whose_key_is_gone_ends(world: World, agent: Agent) -> None:
    """Tokens that cannot be read renew nothing: the person signs in again, no 500."""
    world.site.execute("update session set refresh_sealed = id_token_sealed")
    world.let_time_pass()
    assert not agent.signed_in
    assert world.why_renewal_ended() == "seal_broken"
    assert asked(world) == 1


def test_a_signed_out_session_is_not_renewed(world: World, agent: Agent) -> None:
    """After signing out a copied cookie asks nobody anything."""
    old = agent.session or ""
    agent.sign_out()
    thief = world.agent()
    thief.wire.set_cookie(world.cookie, old)
    world.let_time_pass()
    assert not thief.signed_in
    assert asked(world) == 1


def test_a_token_in_the_answer_must_be_a_text(world: World, agent: Agent) -> None:
    """An ID token that is no text is nonsense of the provider; the session goes on."""
    world.script.refresh = {"id_token": 5}
    world.let_time_pass()
    assert agent.signed_in
    world.script.good_refresh = "rt-1"
    world.script.refresh = {"id_token": sign(world.script.good_claims(), world.script.key)}
    world.let_time_pass()
    assert agent.signed_in
