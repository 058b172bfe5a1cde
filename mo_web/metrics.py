"""Counters for Prometheus, on a port of their own and with labels that no request can choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from flask import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from mo_web.exchange import Exchange

LABELS: Final = ("method", "route", "status")
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LOOPBACK: Final = "127.0.0.1"


class Metrics:
    """The measures of one application, in a registry of their own."""

    def __init__(self) -> None:
        """Make the measures; nothing is exposed yet."""
        self.registry = CollectorRegistry()
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
        gauge = Gauge(
            "mo_institutions_without_beheerder",
            "Institutions that lost their last beheerder.",
            registry=self.registry,
        )
        gauge.set_function(count)

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
        """Serve the measures on loopback; a port that is taken is a warning (design section 4)."""
        try:
            start_http_server(port, addr=LOOPBACK, registry=self.registry)
        except OSError as error:
            structlog.get_logger("mo_web").warning("metrics_port_taken", port=port, why=str(error))


def _route(request: Exchange) -> str:
    """Return the route's pattern: a set that the code closes, whatever paths are asked for."""
    rule = request.url_rule
    return rule.rule if rule is not None else "none"
