"""Who is calling: credentials of every kind, and what they open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import responses
from flask.testing import FlaskClient

from mo_access.domain.keys import KeyRing
from mo_access.service.clients import NewClient
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_web.app import create_app
from mo_web.faults import TokenRefused
from mo_web.introspection import token_in
from mo_web.subjects import OAuthClient, machine
from tests.web.conftest import ISSUER, probe_door

Make = Callable[[NewClient], str]
PLATFORM = NewClient("broker", platform=True)
METADATA = f"{ISSUER}/.well-known/openid-configuration"
INTROSPECT = f"{ISSUER}/introspect"


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents ``token``."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def broker() -> responses.RequestsMock:
    """Give a provider on the wire that names its introspection endpoint."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    mock.get(METADATA, json={"issuer": ISSUER, "introspection_endpoint": INTROSPECT})
    return mock


@pytest.fixture
def oauth_client(make_client: Make) -> str:
    """Give a platform client that also acts for the provider's client ``mo``."""
    return make_client(NewClient("broker", platform=True, oauth=((ISSUER, "mo"),)))


NOW = 1_795_500_000.0
MACHINE: dict[str, object] = {
    "active": True,
    "client_id": "mo",
    "iss": ISSUER,
    "exp": 4e9,
    "token_type": None,
}


def test_our_own_token_names_its_client(http: FlaskClient, make_client: Make) -> None:
    """A token that `client create` showed acts as that client."""
    answer = http.get("/probe/who", headers=bearer(make_client(PLATFORM)))
    assert (answer.status_code, answer.json) == (
        200,
        {"client": "broker", "address": "127.0.0.1"},
    )


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer \t",
        "Basic bW86bW8=",
        "Bearer a b",
        "Bearer a,Bearer b",
        "bearer: x",
        "mos_x",
        "Bearer mos_",
        "Bearer mos__",
        "Bearer mos_unknown_token",
        "Bearer é",
    ],
)
def test_anything_but_a_valid_token_is_401(http: FlaskClient, header: str | None) -> None:
    """Empty, missing, foreign and malformed credentials are all 401 with a challenge."""
    headers = {} if header is None else {"Authorization": header}
    answer = http.get("/probe/who", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


def test_a_missing_scope_is_403_and_named(http: FlaskClient, make_client: Make) -> None:
    """A valid token without the scope is told which one it lacks (RFC 6750 section 3.1)."""
    token = make_client(NewClient("reader", platform=True, scopes=("access:evaluate",)))
    answer = http.get("/probe/who", headers=bearer(token))
    assert answer.status_code == 403
    assert 'scope="scim:read"' in answer.headers["WWW-Authenticate"]


@pytest.mark.usefixtures("oauth_client")
def test_a_machine_token_acts_as_its_client(
    http: FlaskClient, broker: responses.RequestsMock
) -> None:
    """A token without a person is the OAuth client's own, and acts as the client bound to it."""
    broker.post(INTROSPECT, json=MACHINE)
    with broker:
        assert http.get("/probe/who", headers=bearer("opaque")).status_code == 200
        assert http.get("/probe/who", headers=bearer("opaque")).status_code == 200
        asked = [call.request.url for call in broker.calls]
    assert asked == [METADATA, INTROSPECT], "the answer is kept for some seconds"


@pytest.mark.parametrize(
    "said",
    [
        {"sub": "jan.janssens", "username": "Jan Janssens", "token_type": "Bearer"},
        {"sub": "jan.janssens"},
        {"username": "Jan Janssens"},
        {"sub": "mo", "username": "mo"},
        {"sub": "mo", "username": ""},
        {"sub": 1},
        {"email": "jan@school.example"},
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"iss": "https://other.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "4000000000"},
        {"nbf": 3.9e9},
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "mo\0"},
        {"client_id": ["mo"]},
        {"token_type": "refresh_token"},
    ],
)
def test_a_token_that_is_not_plainly_a_machines_names_no_client(said: dict[str, object]) -> None:
    """A person behind the token, or anything unexpected, is nobody: deny by default."""
    assert machine(token_in(MACHINE, ISSUER, NOW)) == OAuthClient(ISSUER, "mo")
    assert "mo" in names(MACHINE)
    assert "mo" not in names({**MACHINE, **said})


def names(said: dict[str, object]) -> tuple[str, ...]:
    """Return as what a token's client must be registered: as nothing when it is refused."""
    try:
        return machine(token_in(said, ISSUER, NOW)).names
    except TokenRefused:
        return ()


def test_the_client_is_the_one_that_the_answer_names() -> None:
    """Whose token it is, is said by the provider and by nobody else."""
    assert machine(token_in({**MACHINE, "client_id": "x"}, ISSUER, NOW)).client_id == "x"


@pytest.mark.usefixtures("oauth_client")
@pytest.mark.parametrize(
    "said", [{"sub": "jan.janssens", "username": "Jan Janssens"}, {"client_id": "other"}]
)
def test_the_token_of_a_person_or_of_an_unbound_client_never_provisions(
    http: FlaskClient, broker: responses.RequestsMock, said: dict[str, object]
) -> None:
    """The same client id with a person beside it is 401, and so is a client that nobody bound."""
    broker.post(INTROSPECT, json={**MACHINE, **said})
    with broker:
        assert http.get("/probe/who", headers=bearer("opaque")).status_code == 401


@pytest.mark.usefixtures("oauth_client")
@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_provider_that_cannot_answer_is_503(
    http: FlaskClient, broker: responses.RequestsMock, status: int
) -> None:
    """An unknown answer is no answer: 503 with Retry-After, and nothing is kept."""
    broker.post(INTROSPECT, status=status)
    with broker:
        down = http.get("/probe/who", headers=bearer("opaque"))
        broker.replace(responses.POST, INTROSPECT, json=MACHINE)
        up = http.get("/probe/who", headers=bearer("opaque"))
    assert (down.status_code, up.status_code) == (503, 200)
    assert int(down.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("oauth_client")
@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example", "introspection_endpoint": INTROSPECT},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "introspection_endpoint": "http://127.0.0.1:1/introspect"},
        {"issuer": ISSUER, "introspection_endpoint": "ftp://broker.example/"},
    ],
)
def test_metadata_that_is_not_the_issuers_is_not_followed(
    http: FlaskClient, metadata: dict[str, str]
) -> None:
    """The token goes only where the metadata of exactly this issuer says, never to plain http."""
    with responses.RequestsMock() as broker:
        broker.get(METADATA, json=metadata)
        assert http.get("/probe/who", headers=bearer("opaque")).status_code == 503


def test_guessing_is_slowed_down(
    settings: Settings, database: Database, keys: KeyRing, make_client: Make
) -> None:
    """After too many wrong tokens from one address even a right one waits (ruling 14)."""
    strict = settings.model_copy(update={"failed_sign_ins_per_minute": 1})
    http = create_app(strict, database, keys, [probe_door([])]).test_client()
    assert http.get("/probe/who", headers=bearer("mos_x")).status_code == 401
    waits = http.get("/probe/who", headers=bearer(make_client(PLATFORM)))
    assert waits.status_code == 429
    assert 0 < int(waits.headers["Retry-After"]) <= 60
