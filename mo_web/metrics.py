"""Counters for Prometheus, on a port of their own and with labels that no request can choose.

The workers of a server count together, in files of a folder that the server names
(``TOGETHER``); whichever of them has the port shows the sums.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from flask import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from mo_web.exchange import Exchange

LABELS: Final = ("method", "route", "status")
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LOOPBACK: Final = "127.0.0.1"
TOGETHER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client, when it is imported, learns where to count."""


class _Asked(Collector):
    """A number that is asked for when somebody looks."""

    def __init__(self, name: str, text: str, count: Callable[[], float]) -> None:
        self._name, self._text, self._count = name, text, count

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give the name alone: nothing is asked before somebody looks."""
        yield GaugeMetricFamily(self._name, self._text)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask."""
        yield GaugeMetricFamily(self._name, self._text, value=self._count())


class Metrics:
    """The measures of one application, in a registry of their own."""

    def __init__(self) -> None:
        """Make the measures; nothing is exposed yet."""
        self.registry = CollectorRegistry()
        self._asked: list[_Asked] = []
        self._requests = Counter("mo_requests", "Requests.", LABELS, registry=self.registry)
        self._seconds = Histogram(
            "mo_request_seconds", "Time to answer.", ("route",), registry=self.registry
        )
        # A look-up by labels goes through a lock and makes texts; these are the same for ever.
        self._answered: dict[tuple[str, str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}
        self._refused = Counter(
            "mo_unauthenticated", "Requests without a valid credential.", registry=self.registry
        )

        self._tolerated = Counter(
            "mo_scim_tolerated",
            "Requests that needed a deviation from the interop profile.",
            ("deviation", "profile"),
            registry=self.registry,
        )

        self._sign_ins = Counter(
            "mo_sign_ins",
            "Sign-ins by outcome: ok or a code.",
            ("outcome",),
            registry=self.registry,
        )
        self._logouts = Counter(
            "mo_logouts",
            "Sign-outs by way: here, back channel, front channel.",
            ("way", "outcome"),
            registry=self.registry,
        )
        self._renewals = Counter(
            "mo_renewals", "Renewals of sessions.", ("outcome",), registry=self.registry
        )

        self._revocations = Counter(
            "mo_token_revocations",
            "Refresh tokens of ended sessions: given back, or why not.",
            ("outcome",),
            registry=self.registry,
        )

    def count_sign_in(self, outcome: str) -> None:
        """Count one sign-in that ended: ``ok``, or one of our own codes."""
        self._sign_ins.labels(outcome).inc()

    def count_logout(self, way: str, outcome: str) -> None:
        """Count one sign-out, or one that was refused: ``ok``, or one of our own codes."""
        self._logouts.labels(way, outcome).inc()

    def count_renewal(self, outcome: str) -> None:
        """Count one session that was renewed, or was not: ``ok``, or one of our own codes."""
        self._renewals.labels(outcome).inc()

    def count_revocation(self, outcome: str) -> None:
        """Count one refresh token that was given back, or was not: ``ok``, or one of our codes."""
        self._revocations.labels(outcome).inc()

    def show_missing_beheerders(self, count: Callable[[], float]) -> None:
        """Show how many institutions lost their last beheerder, asked when somebody looks."""
        told = "Institutions that lost their last beheerder."
        asked = _Asked("mo_institutions_without_beheerder", told, count)
        self._asked.append(asked)
        self.registry.register(asked)

    def count_tolerated(self, deviation: str, profile: str) -> None:
        """Count one request that needed a deviation; both names are of sets closed in code."""
        self._tolerated.labels(deviation, profile).inc()

    def count(self, request: Exchange, response: Response, seconds: float) -> None:
        """Count one answered request."""
        method = request.method if request.method in METHODS else "other"
        route = _route(request)
        labels = (method, route, response.status_code)
        answered, timed = self._answered.get(labels), self._timed.get(route)
        if answered is None:
            answered = self._answered[labels] = self._requests.labels(*labels)
        if timed is None:
            timed = self._timed[route] = self._seconds.labels(route)
        answered.inc()
        timed.observe(seconds)

    def count_unauthenticated(self) -> None:
        """Count one request that was turned away with 401."""
        self._refused.inc()

    def expose(self, port: int) -> None:
        """Serve the measures on loopback; a port that is taken is a warning (design section 4).

        Where workers count together, one of them has the port and shows what all counted.
        """
        together = TOGETHER in os.environ
        try:
            start_http_server(port, addr=LOOPBACK, registry=self._shown(together=together))
        except OSError as error:
            log, told = structlog.get_logger("mo_web"), {"port": port, "why": str(error)}
            if together:
                log.info("metrics_port_taken", **told)
            else:
                log.warning("metrics_port_taken", **told)

    def _shown(self, *, together: bool) -> CollectorRegistry:
        if not together:
            return self.registry
        sums = CollectorRegistry()
        MultiProcessCollector(sums)  # type: ignore[no-untyped-call]  # it has no annotations
        for asked in self._asked:
            sums.register(asked)
        return sums


def _route(request: Exchange) -> str:
    """Return the route's pattern: a set that the code closes, whatever paths are asked for."""
    rule = request.url_rule
    return rule.rule if rule is not None else "none"
