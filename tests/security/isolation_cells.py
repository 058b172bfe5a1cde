"""The cells of the isolation matrix: a request with one value of a client in one place.

``{it}`` stands for the value, ``{user}`` and ``{group}`` for things of the asker's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.security.isolation_world import (
    EXTENSION,
    GROUP_EXTENSION,
    OURS,
    SCIM,
    THEME,
    Sent,
    Things,
)

Body = dict[str, Any]
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USERS, GROUPS, BULK = f"{SCIM}/Users", f"{SCIM}/Groups", f"{SCIM}/Bulk"
OWN: Final[Mapping[str, str]] = {"user": f"{USERS}/{{user}}", "group": f"{GROUPS}/{{group}}"}
ROOTS: Final[Mapping[str, str]] = {"user": USERS, "group": GROUPS}
NAMES: Final[Mapping[str, Body]] = {"user": {"userName": "m"}, "group": {"displayName": "m"}}
RENAMED: Final[Body] = {"Operations": [{"op": "replace", "path": "displayName", "value": "m"}]}
CHANGES: Final = (("PUT", None), ("PATCH", RENAMED), ("DELETE", None))


@dataclass(frozen=True)
class Cell:
    """One place; ``key`` names the kind of value.

    ``tells``: of the asker's own value the answer is another than of nobody's, so the cell sees.
    """

    place: str
    key: str
    sent: Sent
    tells: bool = True

    @property
    def name(self) -> str:
        """Name the cell in a report."""
        return f"{self.sent.method} {self.sent.path} {self.place}"

    def filled(self, it: str, own: Things) -> Sent:
        """Return the request with this value; ``own`` is asked only for what stands in it."""
        sent = self.sent
        headers, query = _filled(dict(sent.headers), it, own), _filled(dict(sent.query), it, own)
        path, body = _filled(sent.path, it, own), _filled(sent.body, it, own)
        return Sent(sent.method, path, body, headers, query)


def _filled(value: Any, it: str, own: Things) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {_filled(k, it, own): _filled(v, it, own) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(each, it, own) for each in value]
    if not isinstance(value, str):
        return value
    for name in ROOTS:
        if f"{{{name}}}" in value:
            value = value.replace(f"{{{name}}}", own[name])
    return value.replace("{it}", it)


FILTERS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "Users": (
        ("user", 'id eq "{it}"'),
        ("user", 'not (id ne "{it}")'),
        ("user_external", 'externalId eq "{it}"'),
        ("user_external", 'externalId sw "{it}"'),
        ("user_name", 'userName eq "{it}"'),
        ("user_name", 'userName sw "{it}"'),
        ("user_name", 'userName co "{it}"'),
        ("user_name", 'userName ew "{it}"'),
        ("family", 'name.familyName eq "{it}"'),
        ("family", 'name.familyName co "{it}"'),
        ("family", 'displayName eq "{it}"'),
        ("email", 'emails.value eq "{it}"'),
        ("email", 'emails[type eq "work" and value eq "{it}"]'),
        ("group", 'groups.value eq "{it}"'),
        ("group", 'groups[value eq "{it}"]'),
        ("group_name", 'groups.display eq "{it}"'),
        ("institution", f'{EXTENSION}:affiliations.value eq "{{it}}"'),
        ("institution", f'{EXTENSION}:affiliations[value eq "{{it}}" and role eq "gebruiker"]'),
        ("institution", f'entitlements.value eq "{{it}}:{THEME}"'),
    ),
    "Groups": (
        ("group", 'id eq "{it}"'),
        ("group", 'not (id ne "{it}")'),
        ("group_external", 'externalId eq "{it}"'),
        ("group_name", 'displayName eq "{it}"'),
        ("group_name", 'displayName sw "{it}"'),
        ("group_name", 'displayName co "{it}"'),
        ("user", 'members.value eq "{it}"'),
        ("user", 'members[value eq "{it}"]'),
        ("institution", f'{GROUP_EXTENSION}:institution eq "{{it}}"'),
        ("institution", f'displayName eq "MO_{{it}}_{THEME}"'),
    ),
    "Institutions": (("institution", 'number eq "{it}"'), ("institution", 'id eq "{it}"')),
}
BY_INSZ: Final = f'{EXTENSION}:insz eq "{{it}}"'


def patch(path: str, op: str, where: str | None, value: object = None) -> Sent:
    """Return a PATCH of one operation."""
    step: Body = {"op": op} | ({"path": where} if where else {})
    step |= {} if value is None else {"value": value}
    return Sent("PATCH", path, {"Operations": [step]})


def bulk(method: str, path: str, data: object = None, **told: str) -> Sent:
    """Return a Bulk of one operation."""
    operation: Body = {"method": method, "path": path} | told
    operation |= {} if data is None else {"data": data}
    return Sent("POST", BULK, {"Operations": [operation]})


def _filters() -> Iterator[Cell]:
    for kind, asked in FILTERS.items():
        for key, text in asked:
            whole = f'meta.resourceType eq "Institution" and {text}'
            everywhere = whole if kind == "Institutions" else text
            yield Cell(text, key, Sent("GET", f"{SCIM}/{kind}", query={"filter": text}))
            yield Cell(text, key, Sent("POST", f"{SCIM}/{kind}/.search", {"filter": text}))
            yield Cell(text, key, Sent("POST", f"{SCIM}/.search", {"filter": everywhere}))
            yield Cell(text, key, Sent("GET", f"{SCIM}/", query={"filter": everywhere}))
    yield Cell("filter", "user", Sent("GET", SCIM, query={"filter": 'id eq "{it}"'}))
    for way in (f"{USERS}/.search", f"{SCIM}/.search"):
        yield Cell("insz", "insz", Sent("POST", way, {"filter": BY_INSZ}))
    yield Cell("insz", "insz", Sent("GET", USERS, query={"filter": BY_INSZ}), tells=False)


CONDITIONS: Final[Mapping[str, dict[str, str]]] = {
    "": {},
    " If-Match *": {"If-Match": "*"},
    " If-Match tag": {"If-Match": 'W/"1-x"'},
    " If-None-Match *": {"If-None-Match": "*"},
    " Idempotency-Key": {"Idempotency-Key": "matrix-{it}"},
}


def _ids() -> Iterator[Cell]:
    """The id in the path, by each method and condition; another's entity tag on one's own."""
    for key, root in ROOTS.items():
        for method, data in (("GET", None), *CHANGES):
            body = NAMES[key] if method == "PUT" else data
            for named, headers in CONDITIONS.items():
                yield Cell(f"path id{named}", key, Sent(method, f"{root}/{{it}}", body, headers))
            if key == "user":  # a group's tag is a mere count
                for name in ("If-Match", "If-None-Match"):
                    sent = Sent(method, OWN[key], body, {name: "{it}"})
                    yield Cell(f"{name} of another", "user_tag", sent, tells=False)


BODIES: Final[tuple[tuple[str, str, bool, Body], ...]] = (
    ("body id", "user", False, {"id": "{it}"}),
    ("userName", "user_name", True, {"userName": "{it}"}),
    ("externalId", "user_external", True, {"externalId": "{it}"}),
    ("externalId that is an id", "user", False, {"externalId": "{it}"}),
    ("affiliation", "institution", True, {EXTENSION: {"affiliations": [{"value": "{it}"}]}}),
    ("manager", "user", False, {ENTERPRISE: {"manager": {"value": "{it}"}}}),
    ("groups", "group", False, {"groups": [{"value": "{it}"}]}),
    ("organization", "institution", True, {ENTERPRISE: {"organization": "{it}"}}),
    ("division", "institution", False, {ENTERPRISE: {"division": "{it}"}}),
    ("entitlement", "institution", False, {"entitlements": [{"value": f"{{it}}:{THEME}"}]}),
    ("role", "institution", True, {"roles": [{"value": "beheerder:{it}"}]}),
    ("role type", "institution", True, {"roles": [{"value": "beheerder", "type": "{it}"}]}),
)


def _users() -> Iterator[Cell]:
    """Values in the body of a user. A PATCH of the INSZ moves the link (ruling 2): no cell."""
    for place, key, tells, said in BODIES:
        new, again = {"userName": "matrix-new"} | said, {"userName": "matrix-put"} | said
        yield Cell(place, key, Sent("POST", USERS, new), tells)
        yield Cell(place, key, Sent("PUT", OWN["user"], again), tells)
        yield Cell(place, key, patch(OWN["user"], "replace", None, said), tells)
        shows = tells and key != "institution"
        yield Cell(f"data {place}", key, bulk("POST", "/Users", new, bulkId="a"), shows)
    number = {"userName": "matrix-new", EXTENSION: {"insz": "{it}"}}
    yield Cell("insz", "insz", Sent("POST", USERS, number))
    for kind in ROOTS:
        body = NAMES[kind] | {"externalId": "matrix-key"}
        sent = Sent("POST", ROOTS[kind], body, {"Idempotency-Key": "{it}"})
        yield Cell("Idempotency-Key", "key", sent)


MEMBER: Final = [{"value": "{it}"}]
NEW_GROUP: Final[Body] = {"displayName": "m", "members": MEMBER}
THEMED: Final[Body] = {GROUP_EXTENSION: {"institution": "{it}", "theme": THEME}}


def _members() -> Iterator[Cell]:
    """A person's id as a member, in each form."""
    group, one = OWN["group"], 'members[value eq "{it}"]'
    yield Cell("member", "user", Sent("POST", GROUPS, NEW_GROUP))
    yield Cell("member", "user", Sent("PUT", group, NEW_GROUP))
    yield Cell("add member", "user", patch(group, "add", "members", MEMBER))
    yield Cell("replace member", "user", patch(group, "replace", "members", MEMBER))
    yield Cell("add member, no path", "user", patch(group, "add", None, {"members": MEMBER}))
    yield Cell("remove member", "user", patch(group, "remove", "members", MEMBER), tells=False)
    yield Cell("remove member by path", "user", patch(group, "remove", one), tells=False)
    relabelled = patch(group, "replace", f"{one}.display", "x")
    yield Cell("member's label", "user", relabelled, tells=False)
    adding = {"Operations": [{"op": "add", "path": "members", "value": MEMBER}]}
    yield Cell("data member", "user", bulk("PATCH", "/Groups/{group}", adding))
    yield Cell("data member, new", "user", bulk("POST", "/Groups", NEW_GROUP, bulkId="a"))
    refers = {"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:{it}"}]}]}
    yield Cell("bulkId member", "user", bulk("PATCH", "/Groups/{group}", refers), tells=False)


def _groups() -> Iterator[Cell]:
    """Values in the body of a group."""
    name, group = NAMES["group"], OWN["group"]
    external, said = name | {"externalId": "{it}"}, name | {"id": "{it}"}
    yield Cell("externalId", "group_external", Sent("POST", GROUPS, external))
    yield Cell("externalId", "group_external", Sent("PUT", group, external))
    yield Cell("externalId", "group_external", patch(group, "replace", "externalId", "{it}"))
    yield Cell("body id", "group", Sent("POST", GROUPS, said), tells=False)
    yield Cell("body id", "group", Sent("PUT", group, said), tells=False)
    yield Cell("name", "group_name", Sent("POST", GROUPS, {"displayName": "{it}"}), tells=False)
    placed = {"displayName": f"MO_{{it}}_{THEME}"}
    yield Cell("institution by name", "institution", Sent("POST", GROUPS, placed))
    yield Cell("institution", "institution", Sent("POST", GROUPS, name | THEMED))
    yield Cell("institution", "institution", patch(group, "replace", None, THEMED))


def _bulks() -> Iterator[Cell]:
    """Ids in a Bulk: its paths, its versions, its bulkIds."""
    for key, kind in (("user", "Users"), ("group", "Groups")):
        for method, data in CHANGES:
            body = NAMES[key] if method == "PUT" else data
            path = f"/{kind}/{{it}}"
            yield Cell(f"{method} path", key, bulk(method, path, body))
            yield Cell(f"{method} version", key, bulk(method, path, body, version='W/"1-x"'))
        made = bulk("POST", f"/{kind}", NAMES[key], bulkId="{it}")
        yield Cell(f"bulkId {kind}", key, made, tells=False)
    ending = bulk("DELETE", "/Groups/{group}").body
    keyed = Sent("POST", BULK, ending, {"Idempotency-Key": "{it}"})
    yield Cell("Idempotency-Key", "key", keyed)


def _lists() -> Iterator[Cell]:
    yield Cell("path id", "institution", Sent("GET", f"{SCIM}/Institutions/{{it}}"))
    for root in (USERS, GROUPS):
        asked = {"cursor": "{it}", "count": "1"}
        yield Cell("cursor", "cursor", Sent("GET", root, query=asked), tells=False)
        yield Cell("cursor", "cursor", Sent("POST", f"{root}/.search", asked), tells=False)


def question(person: str, resource: str, kind: str = "theme") -> Body:
    """Return an evaluation request."""
    return {
        "subject": {"type": "user", "id": person},
        "action": {"name": "read"},
        "resource": {"type": kind, "id": resource},
    }


def _decisions() -> Iterator[Cell]:
    at = "/access/v1"
    forms = (
        ("subject", "user", question("{it}", f"{OURS}:{THEME}")),
        ("institution", "institution", question("{user}", f"{{it}}:{THEME}")),
        ("institution last", "institution", question("{user}", f"{THEME}:{{it}}")),
        ("document", "document", question("{user}", "{it}", "document")),
        ("subject of a document", "user", question("{it}", f"doc-{OURS}", "document")),
    )
    for place, key, body in forms:
        yield Cell(place, key, Sent("POST", f"{at}/evaluation", body))
        yield Cell(place, key, Sent("POST", f"{at}/search/action", body))
        yield Cell(place, key, Sent("POST", f"{at}/evaluations", {"evaluations": [body, body]}))
    readers = question("{user}", f"{{it}}:{THEME}")
    yield Cell("institution", "institution", Sent("POST", f"{at}/search/subject", readers))
    for kind in ("theme", "document"):
        found = Sent("POST", f"{at}/search/resource", question("{it}", "x", kind))
        yield Cell(f"subject of {kind}s", "user", found)
    here = question("{user}", f"{OURS}:{THEME}") | {"context": {"orgcode": "{it}"}}
    yield Cell("orgcode", "institution", Sent("POST", f"{at}/evaluation", here))


CELLS: Final = (
    *(*_ids(), *_filters(), *_users(), *_members(), *_groups()),
    *(*_bulks(), *_lists(), *_decisions()),
)
# Where no value of a client is asked for, and why.
NOTHING_OF_A_CLIENT: Final[Mapping[str, str]] = {
    "/static/<path:filename>": "files of the package",
    "/health/live": "says nothing but that it answers",
    "/health/ready": "says nothing but that it answers",
    f"{SCIM}/ServiceProviderConfig": "the same for all",
    f"{SCIM}/Schemas": "the same for all",
    f"{SCIM}/Schemas/<path:urn>": "the same for all",
    f"{SCIM}/ResourceTypes": "the same for all",
    f"{SCIM}/ResourceTypes/<name>": "the same for all",
    f"{SCIM}/Themes": "themes are of everybody",
    f"{SCIM}/Themes/<id:slug>": "themes are of everybody",
    f"{SCIM}/Themes/.search": "themes are of everybody",
    f"{SCIM}/Me": "the token names the person: tests/scim/endpoints/test_me.py",
    "/oidc/login": "asks for no resource; who signs in: test_takeover_machine.py",
    "/oidc/callback": "as above",
    "/oidc/callback/<provider>": "as above",
    "/oidc/logout": "ends the browser's own session",
    "/oidc/signed-out": "a page",
    "/oidc/backchannel-logout": "the token names the session: tests/oidc/test_logout.py",
    "/oidc/frontchannel-logout": "as above",
    "/oidc/jwks": "our public keys, the same for all",
    "/me": "the session's own person",
    "/me/sessions": "the session's own person: tests/oidc/test_own_sessions.py",
    "/me/sessions/end": "as above",
    "/.well-known/authzen-configuration": "the same for all",
    "/": "the session's own person",
    "/contacts": "the session's own person",
}
PERSONAL: Final = (
    *("/forward-auth", "/documents/<document_id>"),
    *("/review/<institution>", "/review/<institution>/export", "/review/<institution>/done"),
)
"""A person is told why it is a no (rule 10), and of a review nothing: tests of their own."""
