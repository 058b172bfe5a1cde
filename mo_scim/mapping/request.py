"""One write of a User as the mapping sees it: who writes, what is shown now, what is named."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from mo_access.domain.model import Actor, AffiliationClaim, Document, Form, Json, PersonView
from mo_scim.mapping import echo, institutions
from mo_scim.mapping.institutions import Catalogue
from mo_scim.mapping.registered import is_named
from mo_scim.profiles import Profile
from mo_scim.resources import USER_EXTENSION


@dataclass(frozen=True)
class Request:
    """What surrounds a body; ``shown`` is None for a POST, ``explicit`` is None but for a PATCH."""

    profile: Profile
    catalogue: Catalogue
    actor: Actor
    shown: PersonView | None
    explicit: Collection[str] | None = None

    @cached_property
    def before(self) -> Document:
        """The document that is stored now; empty for a POST."""
        return stored(self.shown.document) if self.shown else {}

    @cached_property
    def held(self) -> tuple[AffiliationClaim, ...]:
        """The entries that this link itself said in ``affiliations[]``.

        A platform client without a link reads the owner's document; what is shown without this
        client among its origins is not its own.
        """
        if self.shown is None:
            return ()
        entries = objects(part(self.before, USER_EXTENSION).get("affiliations"))
        said = institutions.claims(entries, self.profile.rules)
        mine = f"{self.actor.name}/{Form.AFFILIATIONS.value}"
        return tuple(claim for claim in said if _is_mine(claim, self.shown, mine))

    def named(self, path: str) -> bool:
        """Tell whether an explicit PATCH path names this attribute or a part of it."""
        return is_named(path, self.explicit or ())

    def asserted(self, path: str) -> bool:
        """Tell whether this attribute cannot be an echo: a POST, or an explicit path."""
        return self.shown is None or self.named(path)

    def judged(self, one: bool, other: bool) -> bool:  # noqa: FBT001 - two sides of one question
        """Tell whether two forms were said in this request, given which of them is new.

        A PATCH says what it changes or names; other bodies say everything, but what stands
        unchanged beside itself was accepted before.
        """
        return (one and other) if self.explicit is not None else (one or other)


def _is_mine(claim: AffiliationClaim, view: PersonView, mine: str) -> bool:
    origins = [a.origins for a in view.affiliations if echo.fact(a) == echo.fact(claim)]
    return not origins or any(mine in each for each in origins)


def objects(value: Json) -> list[Json]:
    """Return a multi-valued attribute as a list, absent as an empty one."""
    return value if isinstance(value, list) else []


def part(document: Document, name: str) -> Document:
    """Return a complex attribute or an extension, absent as an empty one."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def stored(text: str) -> Document:
    """Return a stored document as an object."""
    loaded: Document = json.loads(text)
    return loaded
