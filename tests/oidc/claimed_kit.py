"""A site before a provider whose claims make people and give rights, on either engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mo_access.domain.keys import KeyRing
from mo_access.service import decisions
from mo_access.service.decisions import Question
from mo_access.settings import Settings
from mo_access.storage.engine import Database
from mo_oidc.door import door
from mo_portal.door import door as portal_door
from mo_web.app import create_app
from tests.oidc import host
from tests.oidc.broker import Script
from tests.oidc.site import Browser, Site

GEBRUIKER, BEHEERDER = "MijnOnderwijsPortaalGebruiker", "MijnOnderwijsPortaalBeheerder"
OPEN, UNKNOWN_THEME = f"{GEBRUIKER}-leerlingenOpenbaar", f"{GEBRUIKER}-leerlingenVertrouwelijk"
THEME = "leerlingen-openbaar"
INSZ, OTHER_INSZ = "85073003328", "85073003427"
Make = Callable[..., Site]


def making(settings: Settings, script: Script, url: str) -> Iterator[Make]:
    """Give a maker of the service in mode ``jit``, or with other settings."""
    opened: list[Database] = []

    def make(**changed: object) -> Site:
        fields = {"oidc_mode": "jit", "database_url": url, **changed}
        told = Settings(**{**settings.model_dump(exclude_unset=True), **fields})
        database = Database(told.database_url)
        opened.append(database)
        keys = KeyRing({"k1": bytes(range(32))}, "k1")
        app = create_app(told, database, keys, [door(told), host.door(), portal_door()])
        made = Site(app, script, database, keys)
        if not made.rows("select 1 from institution"):
            with made.unit() as uow:
                host.seed(uow)
                uow.commit()
        return made

    yield make
    for database in opened:
        database.close()


def says(site: Site, *rights: str, **claims: object) -> None:
    """Let the provider say of the person who signs in next that these are the rights."""
    site.script.claims = {"vo_id": "ffff", "mijnonderwijs_rol_3d": list(rights), **claims}


def entered(site: Site, *rights: str, **claims: object) -> Browser:
    """Return the browser of somebody who signed in with these claims."""
    says(site, *rights, **claims)
    browser = site.browser()
    response = browser.sign_in()
    assert response.status_code == 302, response.text
    return browser


def roles(browser: Browser) -> list[tuple[str, str]]:
    """Return (institution, role) of what the person of a browser is now."""
    told = browser.me().get_json()["affiliations"]
    return [(one["institution"], one["role"]) for one in told]


def themes(browser: Browser) -> list[str]:
    """Return what the person of a browser may read now."""
    return [str(one) for one in browser.me().get_json()["themes"]]


def person(browser: Browser) -> str:
    """Return the id of who is signed in."""
    return str(browser.me().get_json()["id"])


def reads(site: Site, who: str, theme: str, institution: str = "900001") -> str:
    """Return the reason of a decision about somebody, asked by no session."""
    with site.unit() as uow:
        return str(decisions.decide(uow, Question(who, institution, theme)).reason.value)
