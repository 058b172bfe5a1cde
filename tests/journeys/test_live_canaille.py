"""What holds between our service and a living Canaille: provisioning, sign-in, withdrawal."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
import requests

from mo_demo.browser import Browser, Page
from mo_demo.canaille import CLIENT_ID
from mo_demo.console import Console, Person, answer_sign_in
from mo_demo.own_token import own_token
from mo_demo.stage import Stage

# One stage for all of them, whichever process runs them.
pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("stage"),
    pytest.mark.product("Canaille", "RS256, client_secret_basic"),
]

NewPerson = Callable[[str], Person]
USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


def _sign_in(stage: Stage, browser: Browser, person: Person) -> Page:
    page = browser.open(f"{stage.service.url}/oidc/login?next=/")
    return answer_sign_in(browser, page, person.user_name, person.password)


def _me(stage: Stage, browser: Browser) -> tuple[int, dict[str, Any]]:
    answer = browser.session.get(
        f"{stage.service.url}/me", headers={"Accept": "application/json"}, timeout=30
    )
    return answer.status_code, answer.json()


def _institutions(me: dict[str, Any]) -> str:
    return str(me.get("affiliations"))


@pytest.mark.shows("sign in")
def test_a_registered_person_signs_in_at_the_own_institution(
    stage: Stage, browser: Browser, new_person: NewPerson
) -> None:
    """What the console says in *Organization* is the affiliation that the person signs in with."""
    person = new_person("900001")
    page = _sign_in(stage, browser, person)
    status, me = _me(stage, browser)
    assert (page.status, status) == (HTTPStatus.OK, HTTPStatus.OK)
    assert (me["sub"], me["userName"]) == (person.user_name, person.user_name)
    assert "900001" in _institutions(me)


@pytest.mark.shows("provision")
def test_another_organization_in_the_console_moves_the_affiliation(
    stage: Stage, console: Console, browser: Browser, new_person: NewPerson
) -> None:
    """A changed *Organization* counts on the next request of a session that is open."""
    person = new_person("900001")
    _sign_in(stage, browser, person)
    console.set_organization(person.user_name, "900002")
    _, me = _me(stage, browser)
    assert "900002" in _institutions(me)
    assert "900001" not in _institutions(me)


@pytest.mark.parametrize("organization", ["900003", "999999", "Ergens anders"])
def test_an_organization_beyond_the_brokers_reach_gives_nothing(
    stage: Stage, browser: Browser, new_person: NewPerson, organization: str
) -> None:
    """A foreign, an unknown and a nonsense organization are accepted alike and give nothing."""
    _sign_in(stage, browser, new_person(organization))
    _, me = _me(stage, browser)
    assert me["affiliations"] == []
    assert me["themes"] == []


@pytest.mark.shows("sign in")
def test_a_group_at_a_school_where_one_does_not_work_gives_nothing(
    stage: Stage, console: Console, browser: Browser, new_person: NewPerson
) -> None:
    """Membership without an affiliation is kept and opens nothing (rule 6)."""
    person = new_person("900002")
    console.create_group("MO_900001_dienstbrieven", "Dienstbrieven")
    console.add_to_group(person.user_name, "MO_900001_dienstbrieven")
    _sign_in(stage, browser, person)
    page = browser.open(f"{stage.service.url}/documents/dienstbrief-900001")
    assert page.status == HTTPStatus.FORBIDDEN
    console.set_organization(person.user_name, "900001")
    page = browser.open(f"{stage.service.url}/documents/dienstbrief-900001")
    assert page.status == HTTPStatus.OK


@pytest.mark.shows("be signed out")
def test_a_deleted_account_ends_the_session(
    stage: Stage, console: Console, browser: Browser, new_person: NewPerson
) -> None:
    """Deleting somebody in the console signs that person out here, at once."""
    person = new_person("900001")
    _sign_in(stage, browser, person)
    console.delete_person(person.user_name)
    status, _ = _me(stage, browser)
    assert status == HTTPStatus.UNAUTHORIZED


@pytest.mark.shows("provision")
def test_a_persons_own_token_never_provisions(
    stage: Stage, browser: Browser, new_person: NewPerson
) -> None:
    """A token whose subject is a person is refused, though its client is the broker's own."""
    person = new_person("900001")
    token = own_token(stage.broker, person, f"{stage.service.url}/oidc/callback")
    body = {"schemas": [USER_SCHEMA], "userName": "indringer"}
    refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    assert stage.service.call("GET", "/scim/v2/Users", token)[0] in refused
    assert stage.service.call("POST", "/scim/v2/Users", token, body)[0] in refused


@pytest.mark.shows("provision")
@pytest.mark.parametrize("token", ["", "nonsense", "e" * 48])
def test_a_token_that_the_broker_does_not_know_is_refused(stage: Stage, token: str) -> None:
    """Empty, malformed and made-up tokens are 401 with a SCIM error."""
    status, error = stage.service.call("GET", "/scim/v2/Users", token)
    assert status == HTTPStatus.UNAUTHORIZED
    assert error["status"] == "401"


@pytest.mark.shows("sign out")
def test_signing_out_here_signs_out_at_the_broker(
    stage: Stage, browser: Browser, new_person: NewPerson
) -> None:
    """Logout ends both sessions and returns to the page that starts no new sign-in."""
    _sign_in(stage, browser, new_person("900001"))
    page = browser.open(f"{stage.service.url}/oidc/logout")
    assert page.url.startswith(f"{stage.service.url}/oidc/signed-out")
    assert page.status == HTTPStatus.OK
    assert _me(stage, browser)[0] == HTTPStatus.UNAUTHORIZED
    assert browser.open(f"{stage.service.url}/oidc/login").has_form_with("login")


def test_nobody_gives_themselves_an_organization_or_a_group(
    stage: Stage, browser: Browser, new_person: NewPerson
) -> None:
    """The console as the demo configures it lets people write neither, since both are rights."""
    person = new_person("900001")
    own = Console(stage.broker.url, browser)
    own.sign_in(person.user_name, person.password)
    assert browser.open(f"{stage.broker.url}/groups/add").status == HTTPStatus.FORBIDDEN
    page = browser.open(f"{stage.broker.url}/profile/{person.user_name}")
    assert page.has_form_with("organization")
    form = page.form_with("organization")
    browser.submit(page, form, {"organization": "900002"}, "action=edit-profile")
    assert 'value="900001"' in browser.open(page.url).text


@pytest.mark.shows("provision")
def test_the_machine_token_has_no_person(stage: Stage, new_person: NewPerson) -> None:
    """What tells the two tokens apart: only a person's carries a subject in introspection."""
    person = new_person("900001")
    token = own_token(stage.broker, person, f"{stage.service.url}/oidc/callback")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{stage.broker.url}/oauth/introspect",
            data={"token": token},
            auth=(CLIENT_ID, stage.broker.client_secret),
            timeout=30,
        ).json()
    assert (answer["active"], answer["client_id"]) == (True, CLIENT_ID)
    assert answer["sub"] == person.user_name
