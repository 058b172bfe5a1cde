"""Tokens that wait to be given back: each once, and a provider in trouble at its own pace."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field

import pytest

from mo_access.service.held_tokens import HeldToken, HeldTokens
from mo_access.storage.engine import DatabaseDown
from mo_web import giving_back, log
from mo_web.faults import ProviderTrouble
from mo_web.giving_back import PATIENCE, PAUSE, GivingBack, tried
from mo_web.metrics import Metrics


def token(number: int = 1, provider: str = "one") -> HeldToken:
    """Return a token by which one knows it."""
    return HeldToken(provider, "https://op.example", "an", b"hash", b"sealed", str(number))


@dataclass
class Bench:
    """What is to be given back, to whom, and how time passes."""

    held: HeldTokens = field(default_factory=HeldTokens)
    metrics: Metrics = field(default_factory=Metrics)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fault: dict[str, Exception] = field(default_factory=dict)
    now: float = 1000.0

    def give_back(self, token: HeldToken) -> str:
        """Take a token, or be in the trouble that is told."""
        self.asked.append((token.provider, token.request))
        if token.provider in self.fault:
            raise self.fault[token.provider]
        return "ok"

    @property
    def outcomes(self) -> dict[str, float]:
        """How often what came of tokens."""
        samples = [s for f in self.metrics.registry.collect() for s in f.samples]
        told = [s for s in samples if s.name == "mo_token_revocations_total"]
        return {sample.labels["outcome"]: sample.value for sample in told}


@pytest.fixture
def bench() -> Bench:
    """Nothing waits yet."""
    return Bench()


@pytest.fixture
def giving(bench: Bench) -> GivingBack:
    """What gives back, step by step."""
    return GivingBack(bench.held, bench.give_back, bench.metrics, lambda: bench.now)


def all_of(giving: GivingBack) -> None:
    """Deal with all that can be dealt with now."""
    while giving.step():
        pass


def test_each_goes_back_once_in_its_order(bench: Bench, giving: GivingBack) -> None:
    """The longest waiting first."""
    bench.held.put([token(1), token(2)])
    bench.held.put([token(3, "two")])
    all_of(giving)
    assert bench.asked == [("one", "1"), ("one", "2"), ("two", "3")]
    assert bench.outcomes == {"ok": 3.0}
    bench.now += 2 * PATIENCE
    all_of(giving)
    assert len(bench.asked) == 3


def test_a_provider_in_trouble_is_left_alone(bench: Bench, giving: GivingBack) -> None:
    """One question for all that waits, then a pause; the tokens of others go on meanwhile."""
    bench.fault["one"] = ProviderTrouble("revocation_timeout")
    bench.held.put([token(1), token(2), token(3, "two")])
    all_of(giving)
    assert bench.asked == [("one", "1"), ("two", "3")]
    assert bench.outcomes == {"ok": 1.0}
    bench.fault.clear()
    bench.now += PAUSE - 1
    all_of(giving)
    assert len(bench.asked) == 2
    bench.now += 1
    all_of(giving)
    assert bench.asked[2:] == [("one", "1"), ("one", "2")]
    assert bench.outcomes == {"ok": 3.0}


def test_patience_ends(bench: Bench, giving: GivingBack) -> None:
    """A provider that stays away: asked at a bearable pace, and then the code of its trouble."""
    bench.fault["one"] = ProviderTrouble("revocation_unreachable")
    bench.held.put([token(1), token(2)])
    for _ in range(100):
        all_of(giving)
        bench.now += PAUSE
    assert bench.outcomes == {"revocation_unreachable": 2.0}
    assert len(bench.asked) <= PATIENCE / PAUSE + 1


@pytest.mark.parametrize(
    ("fault", "code", "again"),
    [
        (ProviderTrouble("discovery_timeout"), "discovery_timeout", True),
        (DatabaseDown("away"), "database_down", True),
        (RuntimeError("rt-1"), "revocation_failed", False),
    ],
)
def test_nothing_stops_it(
    bench: Bench,
    fault: Exception,
    code: str,
    again: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Foreseen or not: an outcome with a code, and no word of what was sent."""
    bench.fault["one"] = fault
    assert tried(bench.give_back, token()) == (code, again)
    assert "rt-1" not in caplog.text


def test_what_finds_no_place_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue has an end; who ends a session is not held up by it and meets no error."""
    held = HeldTokens(2)
    held.put(token(number) for number in range(5))
    monkeypatch.setattr(giving_back, "LIMIT", 1)
    bench.fault["one"] = ProviderTrouble("revocation_timeout")
    giving = GivingBack(held, bench.give_back, bench.metrics, lambda: bench.now)
    all_of(giving)
    assert bench.outcomes == {"queue_full": 3.0 + 1.0}


def test_one_line_for_each(bench: Bench, giving: GivingBack) -> None:
    """The code, the provider, the request; and one when a provider begins to rest."""
    stream = io.StringIO()
    log.configure("info", stream)
    bench.fault["one"] = ProviderTrouble("revocation_timeout")
    bench.held.put([token(7), token(8), token(9, "two")])
    all_of(giving)
    log.configure("info")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(t["event"], t["code"], t["provider"], t["request_id"]) for t in told] == [
        ("token_revocation_postponed", "revocation_timeout", "one", "7"),
        ("token_revocation", "ok", "two", "9"),
    ]


def test_a_token_shows_nothing_of_itself() -> None:
    """Neither the sealed value nor what opens it is printed with it."""
    assert "sealed" not in repr(token())
    assert "hash" not in repr(token())


def test_the_thread_ends_when_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for tokens, and not for ever."""
    monkeypatch.setattr(giving_back, "WAIT", 0.01)
    giving = GivingBack(bench.held, bench.give_back, bench.metrics)
    giving.start()
    bench.held.put([token()])
    giving.stop()
    all_of(giving)
    assert bench.asked == [("one", "1")]
