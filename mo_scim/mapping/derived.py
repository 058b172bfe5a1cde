"""What is added to a stored document when it is shown: meta, affiliations, groups, ETag."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from mo_access.domain.affiliations import KEPT
from mo_access.domain.model import (
    Document,
    GroupView,
    Json,
    PersonView,
    ShownAffiliation,
    ShownGroup,
)

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC; isoformat then writes no offset


def etag(view: PersonView | GroupView) -> str:
    """Return the weak entity tag: the version and a short hash of the derived part."""
    if isinstance(view, GroupView):
        facts = f"{view.theme}|{view.institution}|{view.role}"
    else:
        facts = _facts(view)
        if not view.own:
            # Whose words are seen may change; their version counts from 1 again.
            facts += f"|{view.created}|{view.user_name}"
    digest = hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()
    return f'W/"{view.version}-{digest}"'


def meta(view: PersonView | GroupView, resource: str, location: str) -> Document:
    """Return ``meta`` (RFC 7643 section 3.1)."""
    return {
        "resourceType": resource,
        "created": instant(view.created),
        "lastModified": instant(view.modified),
        "location": location,
        "version": etag(view),
    }


def meta_text(view: PersonView | GroupView, resource: str, location: str) -> str:
    """Return ``meta`` as JSON text; ``location`` is an address of ours, which needs no escape."""
    version = etag(view).replace('"', '\\"')
    return (
        f'{{"resourceType":"{resource}","created":"{instant(view.created)}",'
        f'"lastModified":"{instant(view.modified)}","location":"{location}","version":"{version}"}}'
    )


@lru_cache(maxsize=KEPT)
def instant(microseconds: int) -> str:
    """Return a time as RFC 7643 section 2.3.5 writes it, in UTC and milliseconds."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="milliseconds") + "Z"


def affiliation(shown: ShownAffiliation) -> Document:
    """Write an effective affiliation; ``origin`` names the forms in which it was said."""
    written: Document = {"value": shown.institution}
    if shown.display:
        written["display"] = shown.display
    written["role"] = shown.role.value
    if shown.start:
        written["start"] = shown.start.isoformat()
    if shown.end:
        written["end"] = shown.end.isoformat()
    if shown.primary:
        written["primary"] = True
    written["status"] = shown.status.value
    forms = dict.fromkeys(origin.rpartition("/")[2] for origin in shown.origins)
    written["origin"] = " ".join(forms)
    return written


def groups(shown: tuple[ShownGroup, ...], base_url: str) -> list[Json]:
    """Write the groups of a person (RFC 7643 section 4.1.2)."""
    return [
        {
            "value": group.id,
            "$ref": f"{base_url}/Groups/{group.id}",
            "display": group.display,
            "type": "direct",
        }
        for group in shown
    ]


def _facts(view: PersonView) -> str:
    groups = "|".join([f"{g.id},{g.display}" for g in view.groups]) if view.groups else ""
    return f"{view.active}#{_affiliation_facts(view.affiliations)}#{groups}"


@lru_cache(maxsize=KEPT)
def _affiliation_facts(affiliations: tuple[ShownAffiliation, ...]) -> str:
    return "|".join(
        f"{a.institution},{a.role},{a.start},{a.end},{a.primary},{a.status},{a.origins},{a.display}"
        for a in affiliations
    )
