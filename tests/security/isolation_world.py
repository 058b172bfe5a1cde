"""Two clients that must not see each other, and how an answer is compared with another.

The owner provisions people and groups at 900001; the strangers act at 900002 only. A cell of the
matrix puts one value into one place of one request: the stranger's own, the owner's, or nobody's.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import bindparam, select
from werkzeug.test import TestResponse

import mo_authzen.door
import mo_oidc.door
import mo_portal.door
import mo_scim.blueprint
from mo_access.domain.keys import KeyRing
from mo_access.service import clients, import_documents, imports, sessions
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from mo_web.app import create_app
from tests.support.statements import asked, touched

KEYS: Final = KeyRing({"k1": bytes(range(32))}, "k1")
SCIM, BASE = "/scim/v2", "https://mo.example"
EXTENSION: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
GROUP_EXTENSION: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"
THEME: Final = "leerlingen-openbaar"
THEIRS, OURS, NOWHERE = "900001", "900002", "999999"
SCOPES: Final = ("scim:read", "scim:write", "insz:read", "access:evaluate")
TABLES: Final = {
    "institutions.csv": (
        "number,name,kind,board,successor\n900001,De Linde,school,,\n900002,De Eik,school,,\n"
        "900003,De Es,school,,\n"
    ),
    "themes.csv": (
        "slug,name,confidentiality,min_level\nleerlingen-openbaar,Leerlingen,public,0\n"
    ),
    "documents.csv": (
        "id,title,institution,themes,contact_name,contact_email,file\n"
        "doc-900001,Zeldzaam,900001,leerlingen-openbaar,Cis Peeters,cis@example.org,a.txt\n"
        "doc-900002,Gewoon,900002,leerlingen-openbaar,Cis Peeters,cis@example.org,a.txt\n"
    ),
    "a.txt": "text\n",
}
_PERSON: Final = select(person.c.pk).where(person.c.id == bindparam("id"))
_TIMES: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_CURSORS: Final = re.compile(rb'"nextCursor": ?"[^"]+"')
_TAGS: Final = re.compile(rb'(?<=-)[0-9a-f]{8}(?=\\?")')
"""The part of an entity tag that is made of ids; the version before it stays."""
_CREATED: Final = 201
_TOLD: Final = frozenset({"x-request-id", "date", "content-length"})


_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0"
_MESSAGES: Final = "urn:ietf:params:scim:api:messages:2.0"
SCHEMAS: Final = {
    "userName": f"{_CORE}:User",
    "displayName": f"{_CORE}:Group",
    "filter": f"{_MESSAGES}:SearchRequest",
    "cursor": f"{_MESSAGES}:SearchRequest",
    "Operations": f"{_MESSAGES}:PatchOp",
}


def insz(serial: int) -> str:
    """Return a well-formed number of somebody born on 30 July 1985, nobody's."""
    nine = f"850730{serial:03d}"
    return f"{nine}{97 - int(nine) % 97:02d}"


@dataclass(frozen=True)
class Sent:
    """A request as a cell makes it."""

    method: str
    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


Things = dict[str, str]
"""What a request may name, by kind: user, group, user_name, insz, institution, tag, key, …"""


@dataclass(frozen=True, slots=True)
class Answer:
    """All that an answer could tell, with what was asked for taken out, and the SQL behind it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statements: tuple[str, ...]
    rows: tuple[int, ...] = ()
    """How many each statement returned or changed: what it costs is told by these, not a clock."""


@dataclass
class World:
    """The application, who asks, and what there is."""

    app: Flask
    http: FlaskClient
    unit: Callable[[], UnitOfWork]
    tokens: dict[str, str] = field(default_factory=dict)
    foreign: Things = field(default_factory=dict)
    serial: int = 100
    engine: str = "sqlite"

    def client(self, name: str, institution: str, profile: str = "lenient") -> None:
        """Make a client of one institution."""
        with self.unit() as uow:
            new = NewClient(name, (institution,), scopes=SCOPES, profile=profile)
            _, self.tokens[name] = clients.create(uow, new)
            uow.commit()

    def send(self, who: str, sent: Sent) -> TestResponse:
        """Send a request as a client."""
        data = None if sent.body is None else json.dumps(_whole(sent.path, sent.body)).encode()
        kind = "application/scim+json" if sent.path.startswith(SCIM) else "application/json"
        told = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": kind}
        return self.http.open(
            sent.path,
            method=sent.method,
            data=data,
            query_string=dict(sent.query),
            headers={**told, **sent.headers},
            base_url=BASE,
        )

    def made(self, who: str, kind: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """Create a resource and return it, with its tag."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.send(who, Sent("POST", f"{SCIM}/{kind}", body, named))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = json.loads(answer.get_data())
        return made

    def things(self, who: str, institution: str) -> Things:
        """Let a client make a user with all that can be searched, and a group, and name them."""
        self.serial += 1
        told = {name: f"{name}-{who[:4]}-{self.serial}" for name in ("user_name", "user_external")}
        told |= {"family": f"Fam-{self.serial}-x", "email": f"e{self.serial}@example.org"}
        told |= {"group_name": f"club-{self.serial}", "group_external": f"ext-g-{self.serial}"}
        told |= {"insz": insz(self.serial), "key": f"key-{self.serial}", "serial": "one"}
        user = self.made(who, "Users", user_body(told, institution), Idempotency_Key=told["key"])
        members = [{"value": user["id"]}]
        body = {"displayName": told["group_name"], "externalId": told["group_external"]}
        group = self.made(who, "Groups", {**body, "members": members})
        named = {"displayName": f"MO_{institution}_{THEME}", "members": members}
        themed = self.made(who, "Groups", {**named, "externalId": f"t{self.serial}"})
        told |= {"user": user["id"], "group": group["id"], "themed": themed["id"]}
        told |= {"user_tag": user["meta"]["version"], "group_tag": group["meta"]["version"]}
        return {**told, "institution": institution, "document": f"doc-{institution}"}

    def key_of_owner(self) -> str:
        """Let the owner use an Idempotency-Key, and return it."""
        self.serial += 1
        key = f"key-{self.serial}"
        made = self.made("owner", "Groups", {"displayName": "k"}, Idempotency_Key=key)
        self.send("owner", Sent("DELETE", f"{SCIM}/Groups/{made['id']}"))
        return key

    def nobody(self) -> Things:
        """Name things that are not there, in the same form."""
        self.serial += 1
        number = self.serial
        told = {name: f"{name}-owne-{number}" for name in ("user_name", "user_external")}
        told |= {"family": f"Fam-{number}-x", "email": f"e{number}@example.org"}
        told |= {"group_name": f"club-{number}", "group_external": f"ext-g-{number}"}
        told |= {"insz": insz(number), "key": f"key-{number}", "institution": NOWHERE}
        told |= {name: str(uuid.uuid4()) for name in ("user", "group", "themed")}
        cut = {"user_tag": self.foreign["user_tag"][:-7], "group_tag": self.foreign["group_tag"]}
        told |= {name: f'{tag[:-7]}000000"' for name, tag in cut.items()}
        return {**told, "document": f"doc-{NOWHERE}"}

    def asked(self, who: str, sent: Sent, hidden: list[str], patch: pytest.MonkeyPatch) -> Answer:
        """Send a request, and take out of the answer what its own words were."""
        with asked(patch) as statements, touched(patch) as rows:
            answer = self.send(who, sent)
        shown = answer.get_data()
        hidden = [*hidden, *_made(answer)]
        told = [(k, v) for k, v in answer.headers if k.lower() not in _TOLD]
        return Answer(
            answer.status_code,
            tuple((k, _without(v.encode(), hidden).decode()) for k, v in told),
            _without(shown, hidden),
            tuple(statements),
            tuple(rows),
        )

    def session(self, person_id: str) -> str:
        """Sign a person in and return the session's id."""
        with self.unit() as uow:
            pk = uow.conn.one(_PERSON, {"id": person_id})
            assert pk is not None
            opened = sessions.open_session(
                uow,
                int(pk[0]),
                reach=None,
                provider="broker",
                issuer="https://broker.example",
                subject="s",
                sid=None,
                acr=None,
                level=0,
                capacity=None,
                id_token="t",
                expires=uow.now + 3_600_000_000,
            )
            uow.commit()
        return opened

    def kept(self) -> tuple[bytes, bytes]:
        """Return all that the owner sees of its own, to be compared later."""
        ways = (f"{SCIM}/Users", f"{SCIM}/Groups")
        users, groups = (self.send("owner", Sent("GET", way)).get_data() for way in ways)
        return users, groups


def user_body(told: Things, institution: str) -> dict[str, Any]:
    """Return a user that can be found in every way."""
    said = {"insz": told["insz"], "affiliations": [{"value": institution}]}
    return {
        "userName": told["user_name"],
        "externalId": told["user_external"],
        "name": {"familyName": told["family"], "givenName": "An"},
        "displayName": told["family"],
        "emails": [{"value": told["email"], "type": "work"}],
        "entitlements": [{"value": f"{institution}:{THEME}"}],
        EXTENSION: said,
    }


def _whole(path: str, body: object) -> object:
    """Add the schemas, which the strict profile wants."""
    if not path.startswith(SCIM) or not isinstance(body, dict):
        return body
    kind = next((schema for name, schema in SCHEMAS.items() if name in body), "")
    steps = body.get("Operations", ())
    if any("method" in step for step in steps):
        kind = f"{_MESSAGES}:BulkRequest"
        whole = [s | {"data": _whole(path, s["data"])} if "data" in s else s for s in steps]
        body = body | {"Operations": whole}
    extensions = [name for name in body if name.startswith("urn:")]
    return {"schemas": [kind, *extensions], **body}


def _made(answer: TestResponse) -> Iterator[str]:
    """Yield the ids of what the answer says was made, on its own or in a Bulk."""
    if answer.status_code == _CREATED:
        yield answer.get_json(force=True)["id"]
    for done in (answer.get_json(force=True, silent=True) or {}).get("Operations", ()):
        if done["status"] == str(_CREATED):
            yield done["location"].rpartition("/")[2]


def _without(text: bytes, hidden: list[str]) -> bytes:
    for place, word in enumerate(hidden):
        text = text.replace(word.encode(), f"<{place}>".encode())
    return _TAGS.sub(b"TAG", _CURSORS.sub(b"CURSOR", _TIMES.sub(b"TIME", text)))


def build(database: Database, folder: Path) -> World:
    """Make the whole application on an empty database, with its clients and the owner's things."""
    for name, text in TABLES.items():
        (folder / name).write_text(text, "utf-8")
    told = Settings(
        var=folder / "var",
        database_url=database.url,
        secret_key="k" * 40,
        base_url=BASE,
        scim_requests_per_second=1_000_000,
        insz_searches_per_minute=1_000_000,
        oidc_name="broker",
        oidc_issuer="https://broker.example",
        oidc_client_id="mo",
        oidc_client_secret="s" * 40,
    )
    doors = (
        mo_scim.blueprint.door(),
        mo_oidc.door.door(told),
        mo_authzen.door.door(),
        mo_portal.door.door(),
    )
    app = create_app(told, database, KEYS, doors)
    made = World(
        app,
        app.test_client(),
        lambda: UnitOfWork(database, keys=KEYS, request_id="t", caller="cli:t"),
    )
    with made.unit() as uow:
        imports.institutions(uow, folder / "institutions.csv")
        imports.themes(uow, folder / "themes.csv")
        import_documents.documents(uow, folder / "documents.csv", told.documents)
        uow.commit()
    made.client("owner", THEIRS)
    made.client("stranger", OURS)
    made.client("strict", OURS, "strict")
    return made
