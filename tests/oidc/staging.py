"""Setting the stage: the service made and joined to its provider, in process or by HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from joserfc.jwk import Key

from mo_access.domain.keys import KeyRing
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import Script
from tests.oidc.broker_server import BrokerServer
from tests.oidc.site import BASE, Site
from tests.oidc.world import World, port_taken, serving

KEYS = KeyRing({"k1": bytes(range(32))}, "k1")


def in_process(stack: ExitStack, script: Script, told: Mapping[str, object]) -> World:
    """Return the service before a provider whose network is mocked."""
    site = _service(stack, script, {**told, "base_url": BASE, "oidc_issuer": script.issuer})
    return _opened(stack, World(site, BASE, over_http=False))


def over_http(stack: ExitStack, key: Key, told: Mapping[str, object]) -> World:
    """Return the service on a port, before a provider on another."""
    server = port_taken()
    script = stack.enter_context(BrokerServer(key))
    base = f"http://127.0.0.1:{server.server_port}"
    site = _service(stack, script, {**told, "base_url": base, "oidc_issuer": script.issuer})
    world = _opened(stack, World(site, base, over_http=True))
    stack.enter_context(serving(site.app, server))
    return world


@contextmanager
def two_nodes(
    settings: Settings, script: Script, database: Database, **told: object
) -> Iterator[tuple[World, World]]:
    """Yield two nodes on one database, each with connections of its own, and register a person."""
    usual = settings.model_dump(exclude_unset=True)
    chosen = Settings.model_validate({**usual, "database_url": database.url, **told})
    with ExitStack() as stack:
        made = []
        for _ in range(2):
            own = Database(database.url)
            stack.callback(own.close)
            app = create_app(chosen, own, KEYS, [door(chosen), host.door()])
            made.append(World(Site(app, script, own, KEYS), BASE, over_http=False))
        with made[0].site.unit() as uow:
            host.seed(uow)
            uow.commit()
        made[0].register()
        yield made[0], made[1]


def _service(stack: ExitStack, script: Script, told: Mapping[str, object]) -> Site:
    chosen = Settings.model_validate(told)
    database = Database(chosen.database_url)
    stack.callback(database.close)
    app = create_app(chosen, database, KEYS, [door(chosen), host.door()])
    return Site(app, script, database, KEYS)


def _opened(stack: ExitStack, world: World) -> World:
    stack.callback(world.close)
    with world.site.unit() as uow:
        host.seed(uow)
        uow.commit()
    return world
