"""The story of the demo, step by step; every step is checked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from mo_demo.browser import Browser, Page
from mo_demo.canaille import ADMIN, Canaille
from mo_demo.console import Console, Person, answer_sign_in
from mo_demo.narrator import Narrator
from mo_demo.own_token import own_token
from mo_demo.service import Service, random_password
from mo_demo.wire import Tail, Wire

SCHOOL = "900001"
THEME = "leerlingen-openbaar"
GROUP = f"MO_{SCHOOL}_{THEME}"
READABLE = ("telling-900001", "bundel-900001")
OTHER_THEME = "zorg-900001"
OTHER_SCHOOL = "telling-900002"


def staff() -> tuple[Person, Person]:
    """Return the two people of the story, with passwords made for this run."""
    jan = Person("jan.janssens", "Jan", "Janssens", "jan@school.example", SCHOOL, random_password())
    an = Person("an.aerts", "An", "Aerts", "an@school.example", "900002", random_password())
    return jan, an


@dataclass
class Story:
    """The people, their browsers and the two servers of one telling."""

    broker: Canaille
    service: Service
    narrator: Narrator
    jan: Person
    an: Person
    console: Console = field(init=False)
    browser: Browser = field(default_factory=Browser)
    person_id: str = ""

    def __post_init__(self) -> None:
        """Open the administrator's browser and start listening to the wire."""
        self.console = Console(self.broker.url)
        self.wire = Wire(Tail(self.service.log), Tail(self.broker.log))
        self.wire.asked_since()

    def tell(self) -> None:
        """Tell the whole story; StepFailed names the step that did not go as told."""
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("Bea, the beheerder, signs in to the broker's console", self.console_sign_in),
            ("Bea registers Jan, who works at 900001, and An, who works at 900002", self.register),
            ("Jan signs in with nothing given yet", self.sign_in_without_theme),
            (f"Bea makes the group {GROUP} and puts Jan in it", self.give),
            ("Jan reads the documents of his theme, in the session that he has", self.read),
            ("Jan tries what was not given to him", self.refused),
            ("An application asks the same questions", self.evaluate),
            ("Jan's own access token tries to provision", self.token_of_a_person),
            ("Bea takes Jan out of the group", self.withdraw),
            ("Bea gives it back, then locks Jan's account", self.lock),
            (
                "Bea signs in herself: the broker knows her, nobody provisioned her",
                self.unknown_person,
            ),
            ("What was written down", self.audit),
        )
        for title, act in steps:
            with self.narrator.step(title):
                act()

    def console_sign_in(self) -> None:
        """Sign the administrator in with the console's own forms."""
        page = self.console.sign_in(ADMIN, self.broker.admin_password)
        self._tell(page)
        self.narrator.check("the console is open", holds=page.status == HTTPStatus.OK)

    def register(self) -> None:
        """Register both people; the broker pushes each of them over SCIM."""
        for person in (self.jan, self.an):
            self.console.create_person(person)
        sent = self._scim()
        created = [line for line in sent if "POST /scim/v2/Users -> 201" in line]
        self.narrator.check(
            "both arrived over SCIM", holds=len(created) == len((self.jan, self.an)), seen=sent
        )

    def sign_in_without_theme(self) -> None:
        """Sign in through OpenID Connect: known, affiliated, and no document yet."""
        page = self._sign_in(self.browser, self.jan.user_name, self.jan.password)
        self._tell(page)
        me = self._me()
        self.person_id = str(me.get("id", ""))
        here = [a for a in me.get("affiliations", []) if SCHOOL in json.dumps(a)]
        self.narrator.check(
            "Jan is known as jan.janssens", holds=me.get("sub") == "jan.janssens", seen=me
        )
        self.narrator.check(f"his affiliation is {SCHOOL}", holds=bool(here), seen=me)
        self._check_documents("no document yet", ())

    def give(self) -> None:
        """Make the theme's group and add the person: the broker pushes both."""
        self.console.create_group(GROUP, "Leerlingen (openbaar) van 900001")
        self.console.add_to_group(self.jan.user_name, GROUP)
        sent = self._scim()
        self.narrator.check(
            "the group arrived, then its member",
            holds=any("POST /scim/v2/Groups -> 201" in line for line in sent)
            and any("PUT /scim/v2/Groups/" in line and "-> 20" in line for line in sent),
            seen=sent,
        )

    def read(self) -> None:
        """Read exactly the documents of the theme at the school."""
        self._check_documents("exactly the documents of the theme are listed", READABLE)
        for document in READABLE:
            page = self.browser.open(f"{self.service.url}/documents/{document}")
            self._tell(page)
            self.narrator.check(
                f"{document} opens", holds=page.status == HTTPStatus.OK, seen=page.status
            )

    def refused(self) -> None:
        """Be refused another theme, and the same theme at another school."""
        for document, reason in ((OTHER_THEME, "no_theme"), (OTHER_SCHOOL, "no_affiliation")):
            page = self.browser.open(f"{self.service.url}/documents/{document}")
            self._tell(page)
            self.narrator.check(
                f"{document} is refused with the reason {reason}",
                holds=page.status == HTTPStatus.FORBIDDEN and reason in page.text,
                seen=(page.status, page.text[:300]),
            )

    def evaluate(self) -> None:
        """Ask the decision endpoint what the portal decided."""
        asked = {READABLE[0]: True, OTHER_THEME: False, OTHER_SCHOOL: False}
        for document, expected in asked.items():
            self._check_decision({"type": "document", "id": document}, expected=expected)
        self._check_decision({"type": "theme", "id": f"{SCHOOL}:{THEME}"}, expected=True)

    def token_of_a_person(self) -> None:
        """Try to provision with a person's token, taken at the broker by the same client."""
        token = own_token(self.broker, self.jan, f"{self.service.url}/oidc/callback")
        self.wire.asked_since()
        body = {"userName": "indringer", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
        status, _ = self.service.call("POST", "/scim/v2/Users", token, body)
        self._scim()
        self.narrator.check("it is refused", holds=status in {401, 403}, seen=status)

    def withdraw(self) -> None:
        """Take the person out of the group: the next request in the same session is refused."""
        self.console.remove_from_group(self.jan.user_name, GROUP)
        self._scim()
        page = self.browser.open(f"{self.service.url}/documents/{READABLE[0]}")
        self._tell(page)
        self.narrator.check(
            "the next request, in the same session, is refused",
            holds=page.status == HTTPStatus.FORBIDDEN and "no_theme" in page.text,
            seen=(page.status, page.text[:300]),
        )
        self._check_decision({"type": "theme", "id": f"{SCHOOL}:{THEME}"}, expected=False)

    def lock(self) -> None:
        """Give the theme back, lock the account: the session is gone, a new sign-in refused."""
        self.console.add_to_group(self.jan.user_name, GROUP)
        page = self.browser.open(f"{self.service.url}/documents/{READABLE[0]}")
        self.narrator.check(
            "given back, it opens again", holds=page.status == HTTPStatus.OK, seen=page.status
        )
        self.console.lock(self.jan.user_name)
        self._scim()
        status = self._get_json("/me")[0]
        self.narrator.check(
            "the session is gone at once", holds=status == HTTPStatus.UNAUTHORIZED, seen=status
        )
        page = self.browser.open(f"{self.service.url}/documents/{READABLE[0]}")
        self.narrator.check("no document opens", holds="Leerlingentelling" not in page.text)

    def unknown_person(self) -> None:
        """Sign in as somebody the broker never provisioned: refused, with a page that helps."""
        page = self._sign_in(Browser(), ADMIN, self.broker.admin_password)
        self._tell(page)
        told = page.status in range(400, 500) and "1700" in page.text and "beheerder" in page.text
        self.narrator.check("refused, and told whom to ask (1700)", holds=told, seen=page.status)

    def audit(self) -> None:
        """Show the end of the audit trail, and verify its chains."""
        newest = self.service.command("audit", "tail", "-n", "8").strip().splitlines()
        self.narrator.wire(line[:110] for line in newest)
        self.narrator.wire(self.service.command("audit", "verify").strip().splitlines())
        self.narrator.check("the audit trail is whole", holds=True)

    def _sign_in(self, browser: Browser, user_name: str, password: str) -> Page:
        page = browser.open(f"{self.service.url}/oidc/login?next=/")
        self._tell(page)
        return answer_sign_in(browser, page, user_name, password)

    def _me(self) -> dict[str, Any]:
        return self._get_json("/me")[1]

    def _get_json(self, path: str) -> tuple[int, dict[str, Any]]:
        response = self.browser.session.get(
            self.service.url + path, headers={"Accept": "application/json"}, timeout=30
        )
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        return response.status_code, answer

    def _check_documents(self, claim: str, expected: tuple[str, ...]) -> None:
        page = self.browser.open(f"{self.service.url}/")
        listed = sorted(set(page.links("/documents/")))
        self.narrator.check(claim, holds=listed == sorted(expected), seen=listed)

    def _check_decision(self, resource: dict[str, str], *, expected: bool) -> None:
        answer = self.service.evaluate(self.person_id, resource)
        reason = answer.get("context", {}).get("reason_code", "")
        told = "yes" if expected else f"no, {reason}"
        self.narrator.check(
            f"may Jan read {resource['type']} {resource['id']}? {told}",
            holds=answer.get("decision") is expected,
            seen=answer,
        )

    def _tell(self, page: Page) -> None:
        self.narrator.wire(f"browser        {hop}" for hop in page.hops)
        self.narrator.wire(self.wire.asked_since())

    def _scim(self) -> list[str]:
        sent = self.wire.scim_since()
        self.narrator.wire([*self.wire.asked_since(), *sent])
        return sent
