"""The Flask application: doors put on it, and one edge where every error becomes an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, Request, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestURITooLarge
from werkzeug.exceptions import NotImplemented as NotOffered
from werkzeug.routing import MapAdapter

from mo_access.domain.errors import NotFound
from mo_access.domain.keys import KeyRing
from mo_access.service import attention
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database, DatabaseDown
from mo_web import csrf, exchange, headers, health, language, log, metrics, requestid, shared, unit
from mo_web.access_token import AccessTokens, Rules
from mo_web.errors import Problem, Unauthenticated, WebError, problem_of
from mo_web.fetch import get_json
from mo_web.introspection import BUDGET_SECONDS, Introspector
from mo_web.issuer import Issuers
from mo_web.limits import Limits
from mo_web.proxies import ProxyGate
from mo_web.tls import Tls
from mo_web.turnstile import Turnstile

MAX_URL: Final = 8 * 1024
MAX_BODY: Final = 1024 * 1024
_HOST: Final = "localhost"
_FAILED: Final = 400
_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: its routes, the paths that are its own, and how it draws a problem."""

    name: str
    blueprint: Blueprint
    prefixes: tuple[str, ...]
    render_error: Callable[[Problem], Response]


class DoorFlask(Flask):
    """Flask, with the unit of work settled inside the error edge: a failed commit is an error."""

    request_class = exchange.Exchange

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take a view or hook as it is: none is a coroutine, and Flask asks it of each anew."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by method and path alone: who asks says nothing of where it stands (P11)."""
        if request is None:
            return super().create_url_adapter(request)
        root, path, method = request.root_path, request.path, request.method
        return MapAdapter(self.url_map, _HOST, root, "", "http", path, method)

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, then commit or roll back by what it answered."""
        response = self.make_response(super().dispatch_request())
        unit.settle(response.status_code)
        return response


def create_app(
    settings: Settings, database: Database, keys: KeyRing, doors: Sequence[Door]
) -> Flask:
    """Return an application with these doors; nothing is shared between two of them."""
    log.configure(settings.log_level)
    app = DoorFlask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    # A redirect to a "canonical" path would be built from the Host header.
    app.url_map.strict_slashes = app.url_map.merge_slashes = app.url_map.redirect_defaults = False
    shared.install(app, _parts(settings, database, keys))
    language.install(app, [Path(app.root_path), *(Path(d.blueprint.root_path) for d in doors)])
    app.jinja_env.globals["csrf_token"] = csrf.field_value
    for routes in (health.blueprint(), *(door.blueprint for door in doors)):
        app.register_blueprint(routes)
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_close_unit)
    app.register_error_handler(Exception, _edge(tuple(doors)))
    issuers = [provider.issuer for provider in settings.providers]
    stamped = headers.HeaderStamp(
        app.wsgi_app, headers.policy(issuers), https=not settings.plain_http
    )
    gate = ProxyGate(stamped, settings.trusted_proxies)
    app.wsgi_app = gate  # type: ignore[assignment, method-assign]  # Flask's way to add middleware
    return app


def _parts(settings: Settings, database: Database, keys: KeyRing) -> shared.Shared:
    measures = metrics.Metrics()
    measures.show_missing_beheerders(partial(_without_beheerder, database, keys))
    if settings.metrics_port:
        measures.expose(settings.metrics_port)
    turns = Turnstile()
    return shared.Shared(
        settings,
        database,
        keys,
        Introspector(
            settings.providers,
            settings.introspection_seconds,
            turns=turns,
            ca_file=settings.ca_file,
        ),
        _access_tokens(settings, turns),
        Limits(
            settings.failed_sign_ins_per_minute,
            settings.scim_requests_per_second,
            settings.insz_searches_per_minute,
        ),
        measures,
        turns,
    )


def _without_beheerder(database: Database, keys: KeyRing) -> float:
    """Count them for whoever looks at the measures; no number while the database is away."""
    try:
        with UnitOfWork(database, keys=keys, request_id="metrics", caller="metrics") as uow:
            return attention.count(uow)
    except DatabaseDown:
        return nan


def _access_tokens(settings: Settings, turns: Turnstile) -> AccessTokens:
    rules = Rules(
        settings.audiences, settings.scim_token_algorithms, settings.introspection_seconds
    )
    tls = Tls(authorities=settings.ca_file)
    fetch = partial(get_json, seconds=BUDGET_SECONDS / 2, tls=tls)  # the document, then the keys
    issuers = Issuers(fetch, monotonic, plain_http=settings.plain_http, turns=turns)
    return AccessTokens(issuers, rules)


def _begin() -> None:
    log.start_clock()
    _refuse_odd_urls()


def _refuse_odd_urls() -> None:
    now = exchange.current()
    sent = now.environ
    query = sent.get("QUERY_STRING", "")
    if len(sent.get("PATH_INFO", "")) + bool(query) + len(query) > MAX_URL:
        raise RequestURITooLarge(f"A URL has at most {MAX_URL} bytes.")
    # Nothing has such a name, and PostgreSQL faults on the question.
    if "\0" in now.path:
        raise NotFound("Nothing has a NUL in its name.")


def _finish(response: Response) -> Response:
    """Add the cookies; the line is written last, when the answer is complete."""
    language.remember(csrf.set_cookie(response))
    shared.shared().metrics.count(exchange.current(), response, log.elapsed())
    log.write_line(response)
    return response


def _close_unit(_error: BaseException | None) -> None:
    unit.close()


def _edge(doors: tuple[Door, ...]) -> Callable[[Exception], ResponseReturnValue]:
    """Return the one place that turns an exception into an answer."""

    def answer(cause: Exception) -> ResponseReturnValue:
        unit.close()
        if isinstance(cause, HTTPException) and (cause.code is None or cause.code < _FAILED):
            return cause
        problem = problem_of(cause, requestid.current())
        _notice(problem)
        response = _renderer(doors)(problem)
        response.status_code = problem.status
        response.headers.extend(problem.headers)
        return response

    return answer


def _notice(problem: Problem) -> None:
    if isinstance(problem.cause, Unauthenticated):
        shared.shared().metrics.count_unauthenticated()
    if problem.status >= _FAULT and not isinstance(problem.cause, NotOffered):
        # What was foreseen is told in a sentence (a full disk, an issuer that is away), the rest
        # with the place where it happened.
        foreseen = isinstance(problem.cause, DatabaseDown | WebError)
        told = {"reason": str(problem.cause)} if foreseen else {"exc_info": problem.cause}
        structlog.get_logger("mo_web").error(
            "fault", request_id=problem.request_id, status=problem.status, **told
        )


def _renderer(doors: tuple[Door, ...]) -> Callable[[Problem], Response]:
    """Return how the door draws that owns this route, else this path (longest prefix first)."""
    for door in doors:
        if request.blueprint == door.blueprint.name:
            return door.render_error
    fitting = [(len(p), d) for d in doors for p in d.prefixes if _is_under(request.path, p)]
    return max(fitting, key=lambda pair: pair[0])[1].render_error if fitting else _plain


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix.rstrip('/')}/")


def _plain(problem: Problem) -> Response:
    return jsonify(error=problem.phrase, message=problem.message, request_id=problem.request_id)
