"""A block seen from outside: portal, ``/me``, AuthZEN and forward-auth give nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from flask.testing import FlaskClient

from mo_access.domain.model import AffiliationClaim, Form, GrantClaim, PersonDraft, Role
from mo_access.service import blocks, clients, import_documents, people, succession
from mo_access.service.clients import NewClient
from mo_access.storage.engine import Database
from mo_authzen.door import door as authzen
from mo_oidc.door import door as oidc
from mo_portal.door import door as portal
from mo_web.app import create_app
from tests.portal.reviewing import BASE, KEYS, THEME, World, world

BLOCKED, FREE = "900001", "900002"
DOCUMENTS = (
    "id,title,institution,themes,contact_name,contact_email,file\n"
    f"een,Telling,{BLOCKED},{THEME},Cis Peeters,cis@example.org,a.txt\n"
    f"twee,Elders,{FREE},{THEME},Dia Claes,,a.txt\n"
)
Kind: TypeAlias = Literal["institution", "affiliation"]
Capacity: TypeAlias = "tuple[str, ...] | None"
BOTH = pytest.mark.parametrize("kind", ["institution", "affiliation"])
WIDER = pytest.mark.parametrize("capacity", [None, (BLOCKED, FREE)])


@dataclass
class Doors:
    """All that asks about An, who reads a theme at both schools until one is barred to her."""

    world: World
    http: Callable[[], FlaskClient]
    an: str
    token: str

    def browser(self, capacity: Capacity) -> Seen:
        """Sign An in, in a capacity or in none."""
        client = self.http()
        session = self.world.session("an", capacity=capacity)
        client.set_cookie("__Host-mo_session", session, domain="mo.example", secure=True)
        return Seen(client)

    def block(self, kind: Kind) -> None:
        """Bar the first school to everybody, or to An."""
        with self.world.unit() as uow:
            if kind == "institution":
                blocks.block_institution(uow, BLOCKED, "onderzoek")
            else:
                blocks.block_affiliation(uow, self.an, BLOCKED, "onderzoek")
            uow.commit()

    def lift(self, kind: Kind) -> None:
        """Lift it."""
        with self.world.unit() as uow:
            if kind == "institution":
                blocks.unblock_institution(uow, BLOCKED, "opgeklaard")
            else:
                blocks.unblock_affiliation(uow, self.an, BLOCKED, "opgeklaard")
            uow.commit()

    def asked(self, path: str, **question: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON may be asked
        """Ask AuthZEN as an application of the platform."""
        body = {
            "subject": {"type": "user", "id": self.an},
            "action": {"name": "read"},
            "resource": {"type": "theme"},
            **question,
        }
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.http().post(f"/access/v1/{path}", json=body, headers=headers, base_url=BASE)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json or {}
        return told

    def reason(self, at: str, **context: str) -> str:
        """Return the reason of an evaluation of the theme there."""
        resource = {"type": "theme", "id": f"{at}:{THEME}"}
        told = self.asked("evaluation", resource=resource, context=context)
        assert told["decision"] is (told["context"]["reason_code"] == "granted")
        return str(told["context"]["reason_code"])


@dataclass
class Seen:
    """What one browser sees."""

    client: FlaskClient

    def status(self, path: str, accept: str = "text/html") -> int:
        """Return the status of a page."""
        answer = self.client.get(path, base_url=BASE, headers={"Accept": accept})
        answer.close()
        return answer.status_code

    def text(self, path: str) -> str:
        """Return a page."""
        return self.client.get(path, base_url=BASE, headers={"Accept": "text/html"}).text

    def me(self) -> tuple[list[str], list[str]]:
        """Return where ``/me`` tells affiliations, and where themes."""
        told = self.client.get("/me", base_url=BASE).get_json()
        said = sorted(one["institution"] for one in told["affiliations"])
        return said, sorted(right.partition(":")[0] for right in told["themes"])

    def passes(self, **asked: str) -> int:
        """Return what a proxy is told."""
        return self.client.get("/forward-auth", base_url=BASE, query_string=asked).status_code


@pytest.fixture
def doors(database: Database, tmp_path: Path) -> Doors:
    """Give one application with every door that people and applications come in by."""
    made = world(database, tmp_path)
    (tmp_path / "a.txt").write_text("Dag allemaal", encoding="utf-8")
    (tmp_path / "d.csv").write_text(DOCUMENTS, encoding="utf-8")
    places = (BLOCKED, FREE)
    said = (AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER) for at in places)
    draft = PersonDraft(
        "an",
        None,
        active=True,
        document={"userName": "an"},
        affiliations=tuple(said),
        grants=tuple(GrantClaim(THEME, at) for at in places),
    )
    with made.unit() as uow:
        import_documents.documents(uow, tmp_path / "d.csv", made.settings.documents)
        made.people["an"] = people.create(uow, made.actors["board"], draft).id
        _, token = clients.create(
            uow, NewClient("application", platform=True, scopes=("access:evaluate",))
        )
        uow.commit()
    app = create_app(made.settings, database, KEYS, [oidc(made.settings), portal(), authzen()])
    return Doors(made, app.test_client, made.people["an"], token)


@BOTH
@WIDER
def test_people_see_the_other_school_only(doors: Doors, kind: Kind, capacity: Capacity) -> None:
    """In the session that they have: portal, document, ``/me``, and the proxy's question."""
    an = doors.browser(capacity)
    assert an.me() == ([BLOCKED, FREE], [BLOCKED, FREE])
    doors.block(kind)
    assert an.me() == ([FREE], [FREE])
    home = an.text("/")
    assert ("Telling" in home, "Elders" in home) == (False, True)
    assert "Cis Peeters" not in an.text("/contacts")
    assert [an.status(f"/documents/{name}") for name in ("een", "twee")] == [403, 200]
    asked = ({"institution": BLOCKED}, {"institution": BLOCKED, "theme": THEME})
    assert [an.passes(**one) for one in asked] == [403, 403]
    assert [an.passes(institution=FREE), an.passes(institution=FREE, theme=THEME)] == [204, 204]
    assert [an.passes(), an.passes(theme=THEME)] == [204, 204]
    doors.lift(kind)
    assert an.me() == ([BLOCKED, FREE], [BLOCKED, FREE])


@BOTH
def test_a_session_for_that_school_alone_is_none(doors: Doors, kind: Kind) -> None:
    """Everywhere the answer is that of somebody who never signed in, until it is lifted."""
    an, nobody = doors.browser((BLOCKED,)), Seen(doors.http())
    assert [an.status("/documents/een"), an.passes(theme=THEME)] == [200, 204]
    doors.block(kind)
    for path in ("/", "/me", "/contacts", "/documents/een", "/documents/twee"):
        assert an.status(path) == nobody.status(path)
    assert "Telling" not in an.text("/")
    assert an.status("/me", "application/json") == 401
    assert [an.passes(), an.passes(theme=THEME)] == [401, 401]
    assert [an.passes(institution=at) for at in (BLOCKED, FREE)] == [401, 401]
    doors.lift(kind)
    assert [an.status("/documents/een"), an.passes(theme=THEME)] == [200, 204]


@BOTH
def test_applications_are_told_no(doors: Doors, kind: Kind) -> None:
    """Evaluated and searched, with the capacity told or not; the other school is as it was."""
    assert doors.reason(BLOCKED, orgcode=BLOCKED) == "granted"
    doors.block(kind)
    assert doors.reason(BLOCKED) == doors.reason(BLOCKED, orgcode=BLOCKED) == "blocked"
    assert doors.reason(BLOCKED, orgcode=FREE) != "granted"
    assert doors.reason(FREE) == doors.reason(FREE, orgcode=FREE) == "granted"
    assert doors.reason(FREE, orgcode=BLOCKED) == "other_capacity"
    found = doors.asked("search/resource")
    assert [one["id"] for one in found["results"]] == [f"{FREE}:{THEME}"]
    for at, who in ((BLOCKED, []), (FREE, [doors.an])):
        resource = {"type": "theme", "id": f"{at}:{THEME}"}
        found = doors.asked("search/subject", subject={"type": "user"}, resource=resource)
        assert [one["id"] for one in found["results"] if one["id"] == doors.an] == who
    doors.lift(kind)
    assert doors.reason(BLOCKED, orgcode=BLOCKED) == "granted"


def test_documents_of_a_blocked_school_are_shut_at_its_successor_too(doors: Doors) -> None:
    """Who reads by a right at the successor has its own documents, and those of before no more."""
    with doors.world.unit() as uow:
        succession.succeed(uow, BLOCKED, FREE)
        uow.commit()
    an = doors.browser((FREE,))

    def seen() -> tuple[int, int, bool, str]:
        statuses = (an.status("/documents/een"), an.status("/documents/twee"))
        resource = {"type": "document", "id": "een"}
        told = doors.asked("evaluation", resource=resource)["context"]["reason_code"]
        return (*statuses, "Telling" in an.text("/"), told)

    assert seen() == (200, 200, True, "granted")
    doors.block("institution")
    assert seen() == (403, 200, False, "blocked")
    found = doors.asked("search/resource", resource={"type": "document"})["results"]
    assert [one["id"] for one in found] == ["twee"]
    doors.lift("institution")
    assert seen() == (200, 200, True, "granted")
