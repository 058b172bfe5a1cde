"""The portal as a signed-in person sees it, on both engines (rules 2, 3, 7 and 9)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import bindparam, select

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import Actor, AffiliationClaim, Form, GrantClaim, PersonDraft, Role
from mo_access.domain.policy import Reason
from mo_access.service import clients, documents, import_documents, people, sessions
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import audit
from mo_access.storage.engine import Database
from mo_access.storage.schema import person
from mo_oidc.door import door as oidc
from mo_portal.door import door as portal
from mo_web.app import create_app
from tests.oidc.host import seed

BASE = "https://mo.example"
KEYS = KeyRing({"k1": bytes(range(32))}, "k1")
OPEN = GrantClaim("leerlingen-openbaar", "900001")
SECRET = GrantClaim("salarissen", "900001")
AN = PersonDraft(
    "an",
    None,
    active=True,
    document={"userName": "an", "name": {"formatted": "An <b>Peeters</b>"}},
    affiliations=(AffiliationClaim(Form.AFFILIATIONS, "900001", Role.GEBRUIKER),),
    grants=(OPEN,),
)
_PERSON = select(person.c.pk).where(person.c.id == bindparam("id"))
DOCUMENTS = (
    "id,title,institution,themes,contact_name,contact_email,file\n"
    "telling,Telling,900001,leerlingen-openbaar,Cis Peeters,cis@example.org,a.txt\n"
    "lonen,Lonen,900001,salarissen,Dia Claes,,page.html\n"
    "elders,Elders,900002,leerlingen-openbaar,Dia Claes,,a.txt\n"
)


class Reader:
    """A person with a browser, and the broker's word about that person."""

    def __init__(self, database: Database, client: FlaskClient, level: int) -> None:
        """Register An and sign her in at this level."""
        self.database, self.client = database, client
        with self.unit() as uow:
            _, token = clients.create(uow, NewClient("school", institutions=("900001",)))
            self.actor = self._actor(uow, token)
            self.id = people.create(uow, self.actor, AN).id
            self.session = self._session(uow, level)
            uow.commit()
        client.set_cookie("__Host-mo_session", self.session, domain="mo.example", secure=True)

    def unit(self) -> UnitOfWork:
        """Open a unit of work beside the service."""
        return UnitOfWork(self.database, keys=KEYS, request_id="test")

    def told(self, draft: PersonDraft) -> None:
        """Let the broker say something else."""
        with self.unit() as uow:
            people.update(uow, self.actor, self.id, lambda _: draft)
            uow.commit()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Read a page of the portal."""
        asked = {"Accept": "text/html", **headers}
        answer = self.client.get(path, base_url=BASE, headers=asked)
        found = answer.status_code, answer.get_data(as_text=True)
        answer.close()
        return found

    @staticmethod
    def _actor(uow: UnitOfWork, token: str) -> Actor:
        actor = clients.by_token(uow, token)
        assert actor is not None
        return actor

    def _session(self, uow: UnitOfWork, level: int) -> str:
        found = uow.conn.one(_PERSON, {"id": self.id})
        assert found is not None
        return sessions.open_session(
            uow,
            int(found[0]),
            reach=None,
            provider="op",
            issuer="https://op.example",
            subject="an",
            sid=None,
            acr=None,
            level=level,
            capacity=None,
            id_token="none",
            expires=uow.now + 3_600_000_000,
        )


@pytest.fixture
def client(database: Database, tmp_path: Path) -> FlaskClient:
    """Give a browser for a service with two schools, two themes and three documents."""
    settings = Settings(
        var=tmp_path,
        database_url=database.url,
        base_url=BASE,
        secret_key="a-secret-key-of-the-tests-0123456789",
        oidc_name="op",
        oidc_issuer="https://op.example",
        oidc_client_id="mo",
        oidc_client_secret="of-the-tests",
    )
    (tmp_path / "a.txt").write_text("Dag allemaal", encoding="utf-8")
    (tmp_path / "page.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    (tmp_path / "d.csv").write_text(DOCUMENTS, encoding="utf-8")
    with UnitOfWork(database, keys=KEYS, request_id="seed") as uow:
        seed(uow)
        import_documents.documents(uow, tmp_path / "d.csv", settings.documents)
        uow.commit()
    app = create_app(settings, database, KEYS, [oidc(settings), portal()])
    return app.test_client()


@pytest.fixture
def reader(database: Database, client: FlaskClient) -> Reader:
    """Give An, signed in at a high level."""
    return Reader(database, client, level=35)


def test_without_a_session_there_is_the_entry_page_only(client: FlaskClient) -> None:
    """Notice, help lines and a button; documents and contacts lead to the sign-in."""
    answer = client.get("/", base_url=BASE, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "1700" in answer.text
    assert "/oidc/login?next=" in answer.text
    assert "Telling" not in answer.text
    for path in ("/contacts", "/documents/telling"):
        sent = client.get(path, base_url=BASE, headers={"Accept": "text/html"})
        assert (sent.status_code, sent.location[:12]) == (302, "/oidc/login?")


def test_home_shows_exactly_what_may_be_read(reader: Reader) -> None:
    """Rule 2: a theme at one school says nothing about another; names are escaped."""
    status, text = reader.get("/")
    assert status == 200
    assert "Telling" in text
    assert "cis@example.org" in text
    assert "Lonen" not in text
    assert "Elders" not in text
    assert "<b>Peeters" not in text
    assert "<script" not in text


def test_contacts_lists_those_of_readable_documents(reader: Reader) -> None:
    """*Mijn contacten* follows the rights."""
    _, text = reader.get("/contacts")
    assert "Cis Peeters" in text
    assert "Dia Claes" not in text


def test_a_document_opens_and_closes_with_the_right(reader: Reader) -> None:
    """Rule 7: withdrawal bites on the next request, in the same session."""
    assert reader.get("/documents/telling") == (200, "Dag allemaal")
    reader.told(replace(AN, grants=()))
    status, text = reader.get("/documents/telling")
    assert status == 403
    assert "no_theme" in text
    assert "Telling" not in reader.get("/")[1]
    reader.told(AN)
    assert reader.get("/documents/telling")[0] == 200
    reader.told(replace(AN, active=False))
    assert reader.get("/documents/telling")[0] == 302, "the session is gone"


@pytest.mark.parametrize("path", ["/documents/elders", "/documents/lonen"])
def test_what_was_not_given_is_refused_with_a_reason(reader: Reader, path: str) -> None:
    """Every no has a reason code."""
    status, text = reader.get(path)
    assert status == 403
    assert "no_theme" in text or "no_affiliation" in text


def test_an_unknown_document_is_404(reader: Reader) -> None:
    """No 5xx for what is not there, odd ids included."""
    assert reader.get("/documents/none")[0] == 404
    assert reader.get("/documents/%2e%2e%2fsecret")[0] == 404


def test_markup_is_saved_never_run(reader: Reader) -> None:
    """A document cannot run in the reader's session."""
    reader.told(replace(AN, grants=(SECRET,)))
    answer = reader.client.get("/documents/lonen", base_url=BASE)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    answer.close()


def test_a_theme_that_asks_a_level_is_refused_below_it(
    database: Database, client: FlaskClient
) -> None:
    """Rule 10: the session's level counts on each request; a browser may sign in more strongly."""
    weak = Reader(database, client, level=10)
    weak.told(replace(AN, grants=(SECRET,)))
    answer = client.get("/documents/lonen", base_url=BASE, headers={"Accept": "text/html"})
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer.location).query)
    assert answer.location.startswith("/oidc/login?")
    assert asked["next"] == ["/documents/lonen"]
    assert asked["acr_values"][0].endswith(":eidashigh")
    told = client.get("/documents/lonen", base_url=BASE, headers={"Accept": "application/json"})
    assert (told.status_code, told.get_json()["reason_code"]) == (403, "level_too_low")


def test_readings_that_matter_are_in_the_audit_trail(reader: Reader) -> None:
    """Rule 9: refusals, and the reading of confidential documents; not the open ones."""
    reader.get("/documents/telling")
    reader.get("/documents/lonen")
    reader.told(replace(AN, grants=(SECRET,)))
    reader.get("/documents/lonen")
    with reader.unit() as uow:
        events = [e for e in audit.last(uow.conn, 50) if e.kind == "document.read"]
    assert [(e.outcome, e.chain) for e in events] == [("refused", "900001"), ("ok", "900001")]


def test_pages_speak_english_when_asked(reader: Reader) -> None:
    """Dutch first, English second."""
    assert 'lang="nl"' in reader.get("/")[1]
    assert "My documents" in reader.get("/?lang=en")[1]


def test_a_document_without_themes_is_nobodys(reader: Reader) -> None:
    """No theme could open it: a no like that for an unknown document, not a failure."""
    with reader.unit() as uow:
        found = sessions.find(uow, reader.session, 3_600_000_000)
        assert found is not None
        bare = replace(documents.get(uow, "telling"), themes=())
        decision = documents.decide(uow, reader.id, bare, found.policy)
    assert (decision.allowed, decision.reason) == (False, Reason.UNKNOWN)
