"""What the mapping tests share: a catalogue, actors, and a person as a client sees it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from mo_access.domain.model import (
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GroupDraft,
    PersonDraft,
    PersonView,
    Role,
    ShownAffiliation,
    Status,
)
from mo_scim.mapping import groups, users
from mo_scim.mapping.echo import fact
from mo_scim.profiles import profile
from mo_scim.resources import ENTERPRISE, USER_EXTENSION

URN = USER_EXTENSION
ORG = ENTERPRISE
THEMES = {
    "leerlingen-openbaar": "leerlingen-openbaar",
    "leerlingen (openbaar)": "leerlingen-openbaar",
    "leerlingen-vertrouwelijk": "leerlingen-vertrouwelijk",
}


@dataclass(frozen=True)
class Shelf:
    """A catalogue with three institutions in scope and two themes."""

    numbers: frozenset[str] = frozenset({"900001", "900002", "090001"})

    def institution(self, number: str) -> bool:
        """Tell whether the number is in scope."""
        return number in self.numbers

    def theme(self, text: str) -> str | None:
        """Find a theme by slug or name."""
        return THEMES.get(text.casefold())


def actor(*numbers: str, default: str | None = None) -> Actor:
    """Make a client bound to these institutions, or to the whole shelf."""
    bound = frozenset(numbers) or Shelf().numbers
    return Actor(1, "c1", "broker", False, bound, default, "lenient", frozenset())


BROKER = actor()


def read(
    body: Mapping[str, object],
    *,
    shown: PersonView | None = None,
    explicit: Collection[str] | None = None,
    by: Actor = BROKER,
    name: str = "lenient",
) -> PersonDraft:
    """Read a User with a userName filled in where the body has none."""
    whole: Document = json.loads(json.dumps({"userName": "els", **body}))
    return users.read(
        whole, profile=profile(name), catalogue=Shelf(), actor=by, shown=shown, explicit=explicit
    )


def group(display: str, by: Actor = BROKER, **extension: str) -> GroupDraft:
    """Read a Group with this name and extension."""
    body: Document = {"displayName": display}
    if extension:
        body["urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"] = dict(extension)
    return groups.read(body, profile=profile("lenient"), catalogue=Shelf(), actor=by, shown=None)


def view(draft: PersonDraft, *, client: str = "broker", insz: str | None = None) -> PersonView:
    """Show a draft as the core would after storing it, today."""
    merged: dict[object, list[AffiliationClaim]] = {}
    for claim in draft.affiliations:
        merged.setdefault(fact(claim), []).append(claim)
    shown = tuple(_shown(same, client) for same in merged.values())
    return PersonView(
        id="p1",
        user_name=draft.user_name,
        external_id=draft.external_id,
        active=draft.active,
        document=json.dumps(draft.document),
        version=1,
        created=1_790_000_000_000_000,
        modified=1_790_000_000_000_000,
        insz=insz,
        affiliations=shown,
    )


def said(
    form: Form, number: str, role: Role = Role.GEBRUIKER, start: date | None = None
) -> AffiliationClaim:
    """Make a claim to compare with; ``organization`` is always primary."""
    primary = form is Form.ORGANIZATION
    return AffiliationClaim(form, number, role, start, primary=primary)


def _shown(same: list[AffiliationClaim], client: str) -> ShownAffiliation:
    first = same[0]
    return ShownAffiliation(
        first.institution,
        first.role,
        first.start,
        first.end,
        any(claim.primary for claim in same),
        Status.ACTIVE,
        tuple(sorted({f"{client}/{claim.form.value}" for claim in same})),
        "Een school",
    )
