"""Fixtures of the sign-in tests: keys, a scripted provider, and our view of it."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import responses
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_oidc.provider import Provider
from mo_web import log
from mo_web.app import create_app
from mo_web.fetch import get_json
from tests.oidc import host
from tests.oidc.broker import CLIENT_ID, CLIENT_SECRET, ISSUER, Clock, Script, config
from tests.oidc.site import BASE, Site
from tests.oidc.staging import in_process, over_http
from tests.oidc.world import World


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """The provider's usual signing key."""
    return RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})


@pytest.fixture(scope="session")
def other_rsa_key() -> RSAKey:
    """A key that the provider did not publish, or publishes later."""
    return RSAKey.generate_key(2048, parameters={"kid": "k2", "use": "sig"})


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    """A P-256 key."""
    return ECKey.generate_key("P-256", parameters={"kid": "e1"})


@pytest.fixture(scope="session")
def ed_key() -> OKPKey:
    """An Ed25519 key."""
    return OKPKey.generate_key("Ed25519", parameters={"kid": "o1"})


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    """Stand in for the network: only scripted addresses answer."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def script(rsa_key: RSAKey, mocked: responses.RequestsMock) -> Script:
    """An ordinary provider, ready to be led astray."""
    return Script(rsa_key, mocked)


@pytest.fixture
def clock() -> Clock:
    """The clock of the provider's caches."""
    return Clock()


@pytest.fixture
def provider(script: Script, clock: Clock) -> Provider:
    """The scripted provider as our side knows it."""
    return Provider(config(), get_json, clock)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for https with the scripted provider."""
    return Settings(
        var=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'mo.sqlite'}",
        base_url=BASE,
        secret_key="a-secret-key-of-the-tests-0123456789",
        oidc_name="broker",
        oidc_issuer=ISSUER,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
    )


@pytest.fixture
def make_site(
    settings: Settings, script: Script, sqlite_template: Path, tmp_path: Path
) -> Iterator[Callable[[dict[str, object]], Site]]:
    """Give a maker of the service with this door, a small host, and settings changed as told."""
    opened: list[Database] = []

    def make(changed: dict[str, object]) -> Site:
        told = Settings(**{**settings.model_dump(exclude_unset=True), **changed})
        shutil.copy(sqlite_template, tmp_path / "mo.sqlite")
        database = Database(told.database_url)
        opened.append(database)
        keys = KeyRing({"k1": bytes(range(32))}, "k1")
        app = create_app(told, database, keys, [door(told), host.door()])
        made = Site(app, script, database, keys)
        with made.unit() as uow:
            host.seed(uow)
            uow.commit()
        return made

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def site(make_site: Callable[[dict[str, object]], Site]) -> Site:
    """The service in front of the scripted provider."""
    return make_site({})


@pytest.fixture(params=["process", "http"])
def transport(request: pytest.FixtureRequest) -> str:
    """How provider, service and browser are joined: in this process, or by real HTTP."""
    return str(request.param)


@pytest.fixture
def make_world(
    transport: str,
    settings: Settings,
    rsa_key: RSAKey,
    sqlite_template: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[dict[str, object]], World]]:
    """Give a maker of the service before a hostile provider, settings changed as told."""
    told = settings.model_dump(exclude_unset=True)
    with ExitStack() as stack:

        def make(changed: dict[str, object]) -> World:
            shutil.copy(sqlite_template, tmp_path / "mo.sqlite")
            if transport == "http":
                return over_http(stack, rsa_key, {**told, **changed})
            return in_process(stack, request.getfixturevalue("script"), {**told, **changed})

        yield make


@pytest.fixture
def listen() -> Iterator[Callable[[], io.StringIO]]:
    """Give what begins to write the log down; to be called once the service is made."""

    def begin() -> io.StringIO:
        stream = io.StringIO()
        log.configure("info", stream)
        return stream

    yield begin
    log.configure("info")
