"""What the brokers of a made-up nation send: users and groups as SCIM bodies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from mo_demo.nation.person import Person, person
from mo_demo.nation.plan import Nation

CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
OURS: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
Body = dict[str, Any]
_SIGNS: Final = re.compile(r"[^a-z]+")
_YEARS: Final = range(2024, 2032)


def user(nation: Nation, n: int) -> Body:
    """Return somebody as the government's broker sends it: about a kilobyte."""
    who = person(nation, n)
    said = _core(who, f"{_plain(who.given)}.{_plain(who.family)}.{n}@onderwijs.example")
    home = nation.home(n)
    said["active"] = n % 50 != 49  # noqa: PLR2004 - one in fifty is switched off
    said["externalId"] = who.vo_id
    if n % 20 == 3:  # noqa: PLR2004 - one in twenty gets a theme without a group
        said["entitlements"] = [{"value": f"{nation.school(home)}:dienstbrieven"}]
    said[ENTERPRISE] = {
        "organization": nation.school(home),
        "department": who.department,
        "employeeNumber": str(n),
    }
    places = nation.places(n)
    said[OURS] = {**_details(who), "affiliations": [_at(nation, n, i) for i in places]}
    return said


def local(nation: Nation, n: int) -> Body:
    """Return somebody as the broker of the own board sends it: under another name, at home only."""
    who = person(nation, n)
    said = _core(who, f"{_plain(who.given)[:1]}{_plain(who.family)}{n}")
    said["externalId"] = f"school-{n}"
    claim = {"value": nation.school(nation.home(n)), "role": "gebruiker"}
    said[OURS] = {**_details(who), "affiliations": [claim]}
    return said


def group(name: str, members: Sequence[str] = ()) -> Body:
    """Return a group as a broker sends it."""
    entries = [{"value": value, "type": "User"} for value in members]
    return {"schemas": [GROUP], "displayName": name, "members": entries}


def _core(who: Person, name: str) -> Body:
    n, shown = who.number, f"{who.given} {who.family}"
    return {
        "schemas": [CORE, ENTERPRISE, OURS],
        "userName": name,
        "name": {"givenName": who.given, "familyName": who.family, "formatted": shown},
        "displayName": shown,
        "emails": [
            {"value": f"u{n}@school.example", "type": "work", "primary": True},
            {"value": f"u{n}@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": who.phone, "type": "work"}],
        "active": True,
    }


def _details(who: Person) -> Body:
    told = {"gender": who.gender, "birthDate": who.born.isoformat()}
    return told if who.insz is None else {"insz": who.insz, **told}


def _at(nation: Nation, n: int, number: str) -> Body:
    """Return an affiliation: one in three has a first day, one in ten a last one, come or past."""
    home = number == nation.school(nation.home(n))
    said = {"value": number, "role": "beheerder" if home and nation.leads(n) else "gebruiker"}
    if n % 3 == 0:
        said["start"] = f"{_YEARS[0] - 1 - n % 7}-09-01"
    if n % 10 == 1 and not (home and nation.leads(n)):
        said["end"] = f"{_YEARS[n // 10 % len(_YEARS)]}-06-30"
    return said


def _plain(text: str) -> str:
    """Return a name in plain small letters, as addresses have it."""
    spelt = unicodedata.normalize("NFKD", text.casefold())
    return _SIGNS.sub("", spelt)
