"""Setting the stage: the service made and joined to its provider, in process or by HTTP."""

from collections.abc import Mapping
from contextlib import ExitStack

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
