"""One JSON line for each request, from which secrets and personal numbers were taken out."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any, Final, TextIO

import structlog
from flask import Response

from mo_access.domain.insz import has_check_digits
from mo_web import exchange, requestid

_REQUESTS: Final = logging.getLogger("mo_web.request")
_READY: Final = "ready_line"
# What our own floors tell beside a line; what a library adds may hold anything.
_OURS: Final = ("chains", "reason")
_OFFSET: Final = len("+00:00")
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_HIDDEN: Final[tuple[tuple[str, re.Pattern[str], str], ...]] = (
    ("mos_", re.compile(r"\bmos_[A-Za-z0-9_-]+"), "[token]"),
    ("be", re.compile(r"\b(bearer)\s+[^\s\"',]+", re.IGNORECASE), r"\1 [token]"),
    ("ba", re.compile(r"\b(basic)\s+[^\s\"',]+", re.IGNORECASE), r"\1 [token]"),
    ("eyj", re.compile(r"\beyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){1,4}"), "[token]"),
    # Only where a word begins: tried at each letter, a long path would cost its square.
    (
        "@",
        re.compile(r"(?<![^\s\"'<>@,;:(])[^\s\"'<>@,;:(]+@[^\s\"'<>@,;:)]+\.[A-Za-z]{2,}"),
        "[e-mail]",
    ),
)
"""What hides: a sign in lower case without which it is not there, how it looks, what to write."""
_NUMBER: Final = r"(?<!\d)\d{2}[-. ]?\d{2}[-. ]?\d{2}[-. ]?\d{3}[-. ]?\d{2}(?!\d)"
_INSZ: Final = re.compile(_NUMBER)
# A whole UUID, or the same without hyphens: the ids of requests and people.
_ID: Final = (
    r"(?<![0-9A-Za-z])(?P<id>[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?![0-9A-Za-z])"
)
_ID_OR_INSZ: Final = re.compile(f"{_ID}|{_NUMBER}", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return ``text`` without tokens, e-mail addresses and anything shaped like an INSZ.

    Inside an id eleven digits in a row are chance, unless their check digits are right.
    """
    lowered = text.lower()
    for sign, pattern, instead in _HIDDEN:
        if sign in lowered:
            text = pattern.sub(instead, text)
    return _ID_OR_INSZ.sub(_without_number, text) if _INSZ.search(text) else text


def _without_number(found: re.Match[str]) -> str:
    return "[insz]" if found["id"] is None else _INSZ.sub(_unless_chance, found["id"])


def _unless_chance(found: re.Match[str]) -> str:
    return "[insz]" if has_check_digits(re.sub(r"\D", "", found[0])) else found[0]


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log line, ours and the libraries', as redacted JSON to ``stream`` (stderr)."""
    shape = _Shape(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=_OURS),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(shape)
    _replace_handler(handler, _LEVELS[level])
    # Asked for with each record, and in none of our lines.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Where lines go; when they cannot, the fault is told without the line.

    What logging itself does then is to print record and traceback as they are, numbers and all.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say on the standard error that a line of this logger was lost."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"mo_web: a log line of {record.name} could not be written\n")


class _Shape(structlog.stdlib.ProcessorFormatter):
    """The shape of every line; one that is written for each request comes ready made."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return str(record.msg) if hasattr(record, _READY) else super().format(record)


def _replace_handler(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for old in [h for h in root.handlers if getattr(h, "name", None) == "mo_web"]:
        root.removeHandler(old)
    handler.set_name("mo_web")
    root.addHandler(handler)
    root.setLevel(level)
    # What a migration prints is for the one who runs it, not for each start.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It tells of each loan of a connection.
    logging.getLogger("psycopg.pool").setLevel(logging.WARNING)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Redact every text of a log line, however deep (a structlog processor)."""
    return {name: _redacted_value(value) for name, value in event.items()}


def _redacted_value(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {str(name): _redacted_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted_value(inner) for inner in value]
    if isinstance(value, int | float | None):
        text = str(value)
        return value if redacted(text) == text else redacted(text)
    return redacted(str(value))


def start_clock() -> None:
    """Remember when this request came in."""
    exchange.current().began = time.perf_counter()


def elapsed() -> float:
    """Return how many seconds this request has taken."""
    return time.perf_counter() - exchange.current().began


def write_line(response: Response) -> None:
    """Log the request: what, by whom, how it went; the path without its query.

    Made by hand, as it is paid on each request: what a caller chose is redacted, no more.
    """
    if not _REQUESTS.isEnabledFor(logging.INFO):
        return
    now = exchange.current()
    client = "null" if now.actor is None else f'"{now.actor.client_id}"'
    line = (
        f'{{"method": {_quoted(redacted(now.method))}, "path": {_quoted(redacted(now.path))}, '
        f'"status": {response.status_code}, "milliseconds": {elapsed() * 1_000:.1f}, '
        f'"request_id": {_quoted(redacted(requestid.current()))}, "client": {client}, '
        f'"event": "request", "logger": "{_REQUESTS.name}", "level": "info", '
        f'"timestamp": "{datetime.now(UTC).isoformat()[:-_OFFSET]}Z"}}'
    )
    record = logging.LogRecord(_REQUESTS.name, logging.INFO, "", 0, line, None, None)
    record.ready_line = True
    _REQUESTS.handle(record)
