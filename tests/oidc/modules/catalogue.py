"""The modules of the OpenID Foundation's plans for relying parties, each as a function.

Names and expectations are those of the conformance suite (`openid/client`, 12f2a4dac). A module
plays on a `World` and returns what came of it; what it must see besides, it asserts itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.oidc.world import Agent, World

REJECT, ACCEPT, EITHER, NONE = "R", "A", "R or A", "n/a"
Play = Callable[[World], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What came of a module: the service accepted or refused, and its own code."""

    result: str
    code: str


@dataclass(frozen=True)
class Module:
    """One module of one plan."""

    plan: str
    name: str
    expected: str
    play: Play = field(repr=False)
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def holds(self) -> Callable[[str], bool]:
        """Say whether a result is what the suite expects."""
        wanted = {REJECT: {"refused"}, ACCEPT: {"accepted"}, EITHER: {"refused", "accepted"}}
        return lambda result: result in wanted[self.expected]


MODULES: Final[list[Module]] = []


def module(
    plan: str, name: str, expected: str, settings: Mapping[str, object] | None = None
) -> Callable[[Play], Play]:
    """Enter a function as a module of a plan."""

    def enter(play: Play) -> Play:
        MODULES.append(Module(plan, name, expected, play, settings or {}))
        return play

    return enter


def signing_in(world: World, query: str = "", agent: Agent | None = None) -> Outcome:
    """Sign somebody in and say what came of it; a refusal gives no session, and no 500."""
    agent = agent or world.agent()
    reply = agent.sign_in(query)
    assert reply.status != 500, reply.text
    if reply.status == 302:
        assert agent.signed_in
        return Outcome("accepted", "ok")
    assert 400 <= reply.status < 600
    assert agent.session is None
    assert agent.me().status == 401
    assert reply.code
    return Outcome("refused", reply.code)


def sent(world: World, step: str) -> list[Mapping[str, str]]:
    """Return the headers of every request that the provider got at a step."""
    pairs = zip(world.script.calls, world.script.requests, strict=True)
    return [request.headers for name, request in pairs if name == step]
