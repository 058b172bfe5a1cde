"""The small world of the model: five institutions, three themes, six clients, three numbers.

Small on purpose: what can go wrong between clients goes wrong where few names are shared by all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import delete, update

from mo_access.domain.keys import KeyRing
from mo_access.service import imports
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import bookkeeping, interventions, schema
from mo_access.storage.engine import Database
from mo_authzen import door as authzen
from mo_scim import blueprint as scim
from mo_web.app import create_app
from mo_web.shared import of

OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
KEYS: Final = KeyRing({"k1": bytes(range(32))}, "k1")
FIRST_DAY: Final = date(2026, 9, 1)
EID: Final = "urn:be:vlaanderen:authmech:eid"

BOARD, ONE, TWO, NEW, OLD = "900100", "900001", "900002", "900003", "900004"
PLACES: Final = (ONE, TWO, NEW, OLD)
OPEN, PAY = "leerlingen-openbaar", "salarissen"
LEVELS: Final = {OPEN: 0, PAY: 25}
NUMBERS: Final = ("85073003328", "85073003427", "17073003384")
PLATFORM: Final = "platform"
BOUND: Final = {
    "board": (BOARD,),
    "one": (ONE,),
    "two": (TWO,),
    "webidm": (ONE, TWO),
    "old": (OLD,),
}
"""What each client is bound to; what follows from that is in ``succeeding``."""
BOARDS: Final = {ONE: BOARD, TWO: BOARD}
CLIENTS: Final = (PLATFORM, *BOUND)
_SCOPES: Final = ("scim:read", "scim:write", "insz:read", "access:evaluate")

_PEOPLED: Final = (
    interventions.block,
    interventions.block_key,
    schema.membership,
    schema.group,
    schema.affiliation,
    schema.direct_grant,
    schema.link,
    schema.person,
    bookkeeping.client_activity,
    bookkeeping.list_total,
)

INSTITUTIONS: Final = f"""number,name,kind,board,successor
{BOARD},Bestuur,board,,
{ONE},School Een,school,{BOARD},
{TWO},School Twee,school,{BOARD},
{NEW},School Nieuw,school,,
{OLD},School Oud,school,,{NEW}
"""
THEMES: Final = f"""slug,name,confidentiality,min_level
{OPEN},Leerlingen (openbaar),public,0
{PAY},Lonen,confidential,25
"""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the JSON object when there was one."""

    status: int
    body: dict[str, Any]

    def __bool__(self) -> bool:
        return self.status < 300


@dataclass
class Site:
    """The running service with its clients, whose clock the test turns."""

    database: Database
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)
    day: date = FIRST_DAY

    def __post_init__(self) -> None:
        settings = Settings(
            var=self.folder,
            database_url=self.database.url,
            secret_key="a-secret-key-of-the-tests-0123456789",
            base_url="http://localhost",
            scim_requests_per_second=1_000_000,
            insz_searches_per_minute=1_000_000,
        )
        self.app = create_app(settings, self.database, KEYS, [scim.door(), authzen.door()])
        parts = of(self.app)
        self.app.extensions["mo_web"] = replace(parts, clock=self.now)
        with self.unit() as uow:
            for name, text in (("institutions", INSTITUTIONS), ("themes", THEMES)):
                path = self.folder / f"{name}.csv"
                path.write_text(text, "utf-8")
                getattr(imports, name)(uow, path)
            for name in CLIENTS:
                self._client(uow, name)
            uow.commit()
        self.http = self.app.test_client()

    def now(self) -> int:
        """Return noon of the day, so that Brussels and UTC agree on it."""
        noon = datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)
        return int(noon.timestamp()) * 1_000_000

    def pass_days(self, days: int) -> None:
        """Let time go by."""
        self.day += timedelta(days=days)

    def begin_anew(self) -> None:
        """Forget everybody, whatever state a failure left, and set the clock back."""
        self.day = FIRST_DAY
        with self.unit() as uow:
            conn = uow.write()
            for table in _PEOPLED:
                conn.run(delete(table), {})
            rows = update(schema.institution)
            gone = ("blocked", "successor", "successor_next", "successor_from")
            conn.run(rows.values(dict.fromkeys(gone)), {})
            conn.run(rows.where(schema.institution.c.number == OLD).values(successor=NEW), {})
            uow.commit()

    def unit(self) -> UnitOfWork:
        """Open a unit of work outside any request, at the time of this world."""
        return UnitOfWork(
            self.database, keys=KEYS, request_id="model", caller="cli:model", now=self.now
        )

    def send(
        self,
        client: str,
        method: str,
        path: str,
        body: object = None,
        http: FlaskClient | None = None,
    ) -> Answer:
        """Send a SCIM request as this client."""
        return self._sent(client, method, f"/scim/v2{path}", body, http)

    def ask(self, client: str, path: str, body: object) -> Answer:
        """Ask for decisions as this client."""
        return self._sent(client, "POST", f"/access/v1/{path}", body, None)

    def _sent(
        self, client: str, method: str, path: str, body: object, http: FlaskClient | None
    ) -> Answer:
        answer = (http or self.http).open(
            path,
            method=method,
            data=None if body is None else json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.tokens[client]}",
                "Content-Type": "application/json",
            },
        )
        text = answer.get_data()
        return Answer(answer.status_code, json.loads(text) if text else {})

    def _client(self, uow: UnitOfWork, name: str) -> None:
        new = NewClient(name, BOUND.get(name, ()), platform=name == PLATFORM, scopes=_SCOPES)
        _, self.tokens[name] = create(uow, new)
