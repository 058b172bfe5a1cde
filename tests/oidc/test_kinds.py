"""Every kind of sign-in that we know: the good ones accepted, the defective ones refused.

No wrong acceptance, no good sign-in refused, no server error: in process and over real HTTP.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy

import pytest
import responses
from joserfc.jwk import RSAKey

from mo_oidc import providers
from mo_web import shared
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, Script
from tests.oidc.kinds.bad_answers import BAD_ANSWERS
from tests.oidc.kinds.bad_people import BAD_PEOPLE
from tests.oidc.kinds.bad_tokens import BAD_TOKENS
from tests.oidc.kinds.good import GOOD
from tests.oidc.kinds.kind import VARIANTS, Kind
from tests.oidc.staging import in_process, over_http
from tests.oidc.world import Reply, World

BAD = [*BAD_TOKENS, *BAD_ANSWERS, *BAD_PEOPLE]
Stage = Callable[[Kind], World]


@pytest.fixture(scope="module", params=["process", "http"])
def stage(
    request: pytest.FixtureRequest,
    rsa_key: RSAKey,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """Give the service as a kind needs it, before a provider that then behaves so.

    One service for each variant, for the whole module; what it knows of the provider is forgotten
    each time.
    """
    made: dict[str, World] = {}
    with ExitStack() as stack:

        def build(variant: str) -> World:
            folder = tmp_path_factory.mktemp("kinds")
            copy(sqlite_template, folder / "mo.sqlite")
            told = {
                "var": folder,
                "database_url": f"sqlite:///{folder / 'mo.sqlite'}",
                "secret_key": "a-secret-key-of-the-tests-0123456789",
                "oidc_name": "broker",
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": CLIENT_SECRET,
                "failed_sign_ins_per_minute": 1_000_000,
                **VARIANTS[variant],
            }
            if request.param == "http":
                return over_http(stack, rsa_key, told)
            mock = stack.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
            return in_process(stack, Script(rsa_key, mock), told)

        def prepared(kind: Kind) -> World:
            if request.param == "process" and kind.variant not in made:
                # Mocks of the network stand in one another's way: one service at a time.
                stack.close()
                made.clear()
            if kind.variant not in made:
                made[kind.variant] = build(kind.variant)
                _people(made[kind.variant])
            world = made[kind.variant]
            kind.prepare(world.script)
            providers.install(world.site.app.extensions, shared.of(world.site.app).settings)
            return world

        yield prepared


def _people(world: World) -> None:
    world.register()
    world.site.person(world.token, "inactive", active=False)
    world.site.person(world.token, "other", insz="85073003427")


def _play(world: World, kind: Kind) -> tuple[Reply, bool]:
    agent = world.agent()
    reply = agent.sign_in(kind.query, kind.tail)
    signed_in = agent.signed_in
    world.close()
    world.agents.clear()
    return reply, signed_in


def _by_variant(kinds: list[Kind]) -> list[Kind]:
    return sorted(kinds, key=lambda kind: kind.variant)


@pytest.mark.parametrize("kind", _by_variant(GOOD), ids=lambda kind: kind.name)
def test_a_good_sign_in_is_accepted(stage: Stage, kind: Kind) -> None:
    """What the standards allow signs somebody in."""
    reply, signed_in = _play(stage(kind), kind)
    assert (reply.status, reply.code, signed_in) == (302, "", True)


@pytest.mark.parametrize("kind", _by_variant(BAD), ids=lambda kind: kind.name)
def test_a_defective_sign_in_is_refused(stage: Stage, kind: Kind) -> None:
    """A page with a code, 4xx or 502 to 504, and no session."""
    world = stage(kind)
    reply, signed_in = _play(world, kind)
    assert not signed_in
    assert reply.status in {400, 403, 502, 503, 504}, reply.text
    assert reply.code
    assert kind.code in ("", reply.code)
    assert world.cookie not in reply.headers.get("Set-Cookie", "")


def test_how_many_kinds_there_are() -> None:
    """Each has its own name; no fewer than were counted."""
    names = [kind.name for kind in (*GOOD, *BAD)]
    assert len(set(names)) == len(names)
    assert len(GOOD) >= 110
    assert len(BAD) >= 300
