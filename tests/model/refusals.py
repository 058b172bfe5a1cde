"""What a client may not say, and why not: foreign, contradicting, taken, or a blocked human's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.model import barred
from tests.model.rules import NAMES, Group, contradicts, says_two_things

if TYPE_CHECKING:
    from tests.model.rules import Link, World

FORBIDDEN: Final = 403
CONFLICT: Final = 409


def wrong(world: World, client: str, link: Link, own: Link | None, *, forms: bool = True) -> bool:
    """Find a foreign place or a contradiction; what the client said before may be foreign by now.

    ``forms``: the request says both forms of a role, so that they may contradict.
    """
    said = set(link.affiliations) - set(own.affiliations if own else ())
    foreign = any(one.at not in world.scope(client) for one in said)
    return foreign or says_two_things(link) or (forms and contradicts(link))


def taken(world: World, client: str, link: Link, person_id: str | None) -> set[int]:
    """Refuse a userName or externalId that another of mine has (rule 4)."""
    for other_id, other in world.people.items():
        theirs = other.links.get(client)
        if theirs is None or other_id == person_id:
            continue
        same = link.external is not None and link.external == theirs.external
        if same or link.name.casefold() == theirs.name.casefold():
            return {CONFLICT}
    return set()


def anothers(world: World, client: str, link: Link, bar: str | None) -> set[int]:
    """Refuse the record of a human under a block to anybody else."""
    return {FORBIDDEN} if barred.is_anothers(world, client, link, bar) else set()


def of_group(
    world: World, client: str, name: str, external: str | None, own: str | None, members: set[str]
) -> int | None:
    """Refuse a foreign place, an externalId of another group, and unknown members."""
    said = NAMES[name]
    if said.at is not None and said.at not in world.scope(client):
        return 400
    held = {
        group.external
        for group_id, group in world.groups.items()
        if group.client == client and group_id != own
    }
    if external is not None and external in held:
        return CONFLICT
    return 400 if members - set(world.seen_by(client)) else None


def named(world: World, client: str, name: str, external: str | None) -> Group:
    """Return a new group of this name, read as what it says."""
    said = NAMES[name]
    at = said.at if said.at or not said.theme else world.successions.home(client)
    return Group(client, name, external, at, said.theme, said.role)


def not_mine(world: World, client: str, group_id: str) -> int | None:
    """Refuse a group that this client does not see, and one that it only sees."""
    if group_id not in world.groups_seen_by(client):
        return 404
    return None if world.groups[group_id].client == client else FORBIDDEN
