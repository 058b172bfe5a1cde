"""A provider that takes tokens back, and the giving of them, step by step."""

from collections.abc import Iterator
from contextlib import contextmanager

from mo_access.domain.keys import KeyRing
from mo_access.service import sessions
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door, giving_back
from mo_web import shared
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import Script
from tests.oidc.site import BASE, Site
from tests.oidc.world import Agent, World

HOUR = 3_600_000_000
KEYS = KeyRing({"k1": bytes(range(32))}, "k1")


@contextmanager
def taking_back(settings: Settings, script: Script, url: str, **changed: object) -> Iterator[World]:
    """Give the service set to renew, a provider with an endpoint for revocation, and a person."""
    told = {**settings.model_dump(exclude_unset=True), "database_url": url, "oidc_refresh": True}
    chosen = Settings.model_validate({**told, **changed})
    database = Database(url)
    app = create_app(chosen, database, KEYS, [door(chosen), host.door()])
    world = World(Site(app, script, database, KEYS), BASE, over_http=False)
    script.refresh = {}
    script.document["revocation_endpoint"] = f"{script.issuer}/revoke"
    with world.site.unit() as uow:
        host.seed(uow)
        uow.commit()
    world.register()
    yield world
    database.close()


def outcomes(world: World) -> dict[str, float]:
    """Deal with what waits, and return how often what came of it."""
    giving = giving_back(world.site.app)
    while giving.step():
        pass
    families = shared.of(world.site.app).metrics.registry.collect()
    samples = [s for family in families for s in family.samples]
    told = [s for s in samples if s.name == "mo_token_revocations_total"]
    return {sample.labels["outcome"]: sample.value for sample in told}


def signed_in(world: World) -> Agent:
    """Return a browser in which the person is signed in."""
    world.script.claims = {"sid": "s-1"}
    agent = world.agent()
    assert agent.sign_in().status == 302
    return agent


def by_operator(world: World, _agent: Agent) -> None:
    """End it by its number."""
    with world.site.unit() as uow:
        assert sessions.end_one(uow, sessions.listed(uow, HOUR)[0].pk)
        uow.commit()
