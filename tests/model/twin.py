"""One operation at a time on the service and on the model, with the answer that rules foretell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

from tests.model.rules import (
    GEBRUIKER,
    NAMES,
    Group,
    Link,
    Person,
    Said,
    World,
    contradicts,
    says_two_things,
)
from tests.model.universe import ENTERPRISE, HOME, OURS, PLATFORM, SCOPE, Answer, Site

ABSENT: Final = "00000000-0000-4000-8000-000000000000"


class Draft(NamedTuple):
    """A whole User as a broker sends it; ``active`` None leaves it out."""

    name: str
    external: str | None = None
    active: bool | None = None
    affiliations: tuple[Said, ...] = ()
    roles: tuple[str, ...] = ()
    entitled: tuple[str, ...] = ()
    organization: str | None = None
    insz: str | None = None


Change = Callable[[Link], Link]


@dataclass
class Twin:
    """The service and its model, which must never part."""

    site: Site
    world: World
    born: int = 0

    def create(self, client: str, draft: Draft) -> None:
        """Register somebody (rule 5, ruling 1)."""
        answer = self.site.send(client, "POST", "/Users", body(draft))
        known = self.world.by_number(draft.insz)
        link = self._link(draft, set(), set())
        refused = self._judge(client, link, None)
        if refused is None and known and client in self.world.people[known].links:
            refused = 409
        self.agree(answer, refused or 201)
        if refused:
            return
        made = answer.body["id"]
        assert made == known or (known is None and made not in self.world.people)
        if known is None:
            self.world.people[made] = Person(draft.insz, client)
        self.world.people[made].links[client] = link
        if client == PLATFORM and draft.active is False:
            self.world.people[made].switch = False

    def replace(self, client: str, person_id: str, draft: Draft) -> None:
        """PUT a whole user that did not come from a reading."""
        answer = self.site.send(client, "PUT", f"/Users/{person_id}", body(draft))
        self._change(client, person_id, draft, answer)

    def echo(self, client: str, person_id: str, dropped: Sequence[str]) -> None:
        """Read, change the title, leave some attributes out, and PUT everything else back."""
        path = f"/Users/{person_id}"
        read = self.site.send(client, "GET", path)
        if not self._visible(client, person_id):
            return self.agree(read, 404)
        sent = {k: v for k, v in read.body.items() if k not in dropped}
        answer = self.site.send(client, "PUT", path, {**sent, "title": "put back"})
        was = self.world.people[person_id].links.get(client)
        kept = was or self._adopted(client, person_id)
        draft = Draft(
            kept.name,
            kept.external,
            None,
            tuple(kept.affiliations),
            () if "roles" in dropped else kept.roles,
            () if "entitlements" in dropped else kept.entitled,
            kept.organization,
        )
        return self._change(client, person_id, draft, answer)

    def activate(self, client: str, person_id: str, *, active: bool) -> None:
        """Turn the switch that this client has: its own, or as platform the person's."""
        step = {"op": "replace", "path": "active", "value": active}
        answer = self._patch(client, "Users", person_id, step)
        self._alter(client, person_id, answer, lambda link: replace(link, active=active))

    def affiliate(self, client: str, person_id: str, said: Said) -> None:
        """Add an affiliation behind its path: always an assertion."""
        step = {"op": "add", "path": f"{OURS}:affiliations", "value": [written(said)]}
        answer = self._patch(client, "Users", person_id, step)

        def added(link: Link) -> Link:
            told = [*link.affiliations, said]
            return replace(link, affiliations=[*dict.fromkeys(told)])

        self._alter(client, person_id, answer, added)

    def part(self, client: str, person_id: str, at: str) -> None:
        """Remove the affiliations with one institution."""
        path = f'{OURS}:affiliations[value eq "{at}"]'
        answer = self._patch(client, "Users", person_id, {"op": "remove", "path": path})

        def without(link: Link) -> Link:
            return replace(link, affiliations=[s for s in link.affiliations if s.at != at])

        self._alter(client, person_id, answer, without)

    def delete(self, client: str, person_id: str) -> None:
        """End the client's link; a platform client ends the person (rule 5)."""
        answer = self.site.send(client, "DELETE", f"/Users/{person_id}")
        if not self._visible(client, person_id):
            return self.agree(answer, 404)
        self.agree(answer, 204)
        links = self.world.people[person_id].links
        for ended in list(links) if client == PLATFORM else [client]:
            self.world.leave(ended, person_id)
        return None

    def group(self, client: str, name: str, external: str | None, members: set[str]) -> None:
        """Make a group; a member who is nobody of this client refuses it whole (ruling 6)."""
        sent = {"displayName": name, "members": [{"value": m} for m in sorted(members)]}
        sent |= {"externalId": external} if external else {}
        answer = self.site.send(client, "POST", "/Groups", sent)
        refused = self._judge_group(client, name, external, None, members)
        self.agree(answer, refused or 201)
        if refused is None:
            made = self._named(client, name, external)
            made.members = set(members)
            self.world.groups[answer.body["id"]] = made

    def regroup(self, client: str, group_id: str, name: str, members: set[str]) -> None:
        """PUT a group: its name and members are exactly these."""
        group = self.world.groups.get(group_id)
        external = group.external if group else None
        sent = {"displayName": name, "members": [{"value": m} for m in sorted(members)]}
        sent |= {"externalId": external} if external else {}
        answer = self.site.send(client, "PUT", f"/Groups/{group_id}", sent)
        refused = self._not_mine(client, group_id) or self._judge_group(
            client, name, external, group_id, members
        )
        self.agree(answer, refused or 200)
        if refused is None:
            made = self._named(client, name, external)
            made.members = set(members)
            self.world.groups[group_id] = made

    def member(self, client: str, group_id: str, op: str, members: set[str]) -> None:
        """PATCH members; unknown ones are skipped by the lenient profile (ruling 6)."""
        step = {"op": op, "path": "members", "value": [{"value": m} for m in sorted(members)]}
        answer = self._patch(client, "Groups", group_id, step)
        refused = self._not_mine(client, group_id)
        self.agree(answer, refused or 200)
        if refused:
            return
        group = self.world.groups[group_id]
        known = members & set(self.world.seen_by(client))
        if op == "remove":
            group.members -= members
        elif members or op == "replace":
            group.members = known if op == "replace" else group.members | known

    def ungroup(self, client: str, group_id: str) -> None:
        """Delete a group."""
        answer = self.site.send(client, "DELETE", f"/Groups/{group_id}")
        refused = self._not_mine(client, group_id)
        self.agree(answer, refused or 204)
        if refused is None:
            del self.world.groups[group_id]

    def pass_days(self, days: int) -> None:
        """Let time go by for both."""
        self.site.pass_days(days)
        self.world.today = self.site.day

    def agree(self, answer: Answer, status: int) -> None:
        """Demand that the service answered as foretold."""
        assert answer.status == status, (status, answer)

    def _patch(self, client: str, kind: str, id_: str, step: object) -> Answer:
        return self.site.send(client, "PATCH", f"/{kind}/{id_}", {"Operations": [step]})

    def _visible(self, client: str, person_id: str) -> bool:
        return person_id in self.world.seen_by(client)

    def _change(self, client: str, person_id: str, draft: Draft, answer: Answer) -> None:
        """Foretell a PUT: echoes out first, then conflicts, then what it says (rule 11)."""
        if not self._visible(client, person_id):
            return self.agree(answer, 404)
        person = self.world.people[person_id]
        own = person.links.get(client)
        held = set(own.affiliations) if own else set()
        shown = {said for said, _ in self.world.shown(client, person_id)}
        active = person.switch if client == PLATFORM else bool(own and own.active)
        told = draft if draft.active is not None else draft._replace(active=active)
        link = self._link(told, held, shown)
        news = set(link.affiliations) - held or link.roles != (own.roles if own else ())
        refused = self._judge(client, link, person_id, forms=bool(news))
        if refused is None and self._number_taken(client, person_id, draft.insz):
            refused = 409
        self.agree(answer, refused or 200)
        if refused:
            return None
        link.born = own.born if own else link.born
        if client == PLATFORM:
            person.switch = link.active
        return self._put(client, person_id, draft.insz, link, answer)

    def _put(
        self, client: str, person_id: str, number: str | None, link: Link, answer: Answer
    ) -> None:
        """Store the link where it belongs now, with its memberships (ruling 2)."""
        person, target = self.world.people[person_id], self.world.by_number(number)
        free = person.insz is None and person.owner == client
        if number is None or person.insz == number or (not target and (free or client == PLATFORM)):
            person.insz = number or person.insz
            person.links[client] = link
            return
        joined = [g for g in self.world.joined(person_id) if g.client == client]
        self.world.leave(client, person_id)
        moved = answer.body["id"]
        if target is None:
            assert moved not in self.world.people
            self.world.people[moved] = Person(number, client)
        else:
            assert moved == target
        self.world.people[moved].links[client] = link
        for group in joined:
            group.members.add(moved)

    def _number_taken(self, client: str, person_id: str, number: str | None) -> bool:
        """Tell whether the number is another's, to whom this link cannot move (ruling 2)."""
        known = self.world.by_number(number)
        if known is None or known == person_id:
            return False
        return client == PLATFORM or client in self.world.people[known].links

    def _alter(self, client: str, person_id: str, answer: Answer, change: Change) -> None:
        """Foretell a PATCH: the client's link, changed; a platform client makes one first."""
        if not self._visible(client, person_id):
            return self.agree(answer, 404)
        person = self.world.people[person_id]
        own = person.links.get(client)
        link = change(own or self._adopted(client, person_id))
        if refused := self._judge(client, link, person_id, forms=False):
            return self.agree(answer, refused)
        assert answer, answer
        person.links[client] = link
        if client == PLATFORM:
            person.switch = link.active
        return None

    def _adopted(self, client: str, person_id: str) -> Link:
        """Return the link that a platform client gets: it names, and asserts nothing (rule 11)."""
        self.born += 1
        seen = self.world.document_of(client, person_id)
        switch = self.world.people[person_id].switch
        return Link(self.born, seen.name, seen.external, switch)

    def _link(self, draft: Draft, held: set[Said], shown: set[Said]) -> Link:
        told = [s for s in dict.fromkeys(draft.affiliations) if s in held or s not in shown]
        self.born += 1
        return Link(
            self.born,
            draft.name,
            draft.external,
            draft.active is not False,
            told,
            draft.roles,
            draft.entitled,
            draft.organization,
        )

    def _judge(
        self, client: str, link: Link, person_id: str | None, *, forms: bool = True
    ) -> int | None:
        """Refuse a foreign place, a contradiction, and a name that another of mine has.

        ``forms``: the request says both forms of a role, so that they may contradict.
        """
        if any(said.at not in SCOPE[client] for said in link.affiliations):
            return 400
        if says_two_things(link) or (forms and contradicts(client, link)):
            return 400
        for other_id, other in self.world.people.items():
            theirs = other.links.get(client)
            if theirs is None or other_id == person_id:
                continue
            same = link.external is not None and link.external == theirs.external
            if same or link.name.casefold() == theirs.name.casefold():
                return 409
        return None

    def _judge_group(
        self, client: str, name: str, external: str | None, own: str | None, members: set[str]
    ) -> int | None:
        """Refuse a foreign place, an externalId of another group, and unknown members."""
        said = NAMES[name]
        if said.at is not None and said.at not in SCOPE[client]:
            return 400
        taken = {
            group.external
            for group_id, group in self.world.groups.items()
            if group.client == client and group_id != own
        }
        if external is not None and external in taken:
            return 409
        return 400 if members - set(self.world.seen_by(client)) else None

    def _named(self, client: str, name: str, external: str | None) -> Group:
        said = NAMES[name]
        at = said.at if said.at or not said.theme else HOME.get(client)
        return Group(client, name, external, at, said.theme, said.role)

    def _not_mine(self, client: str, group_id: str) -> int | None:
        if group_id not in self.world.groups_seen_by(client):
            return 404
        return None if self.world.groups[group_id].client == client else 403


def written(said: Said) -> dict[str, Any]:
    """Write an affiliation as a broker does."""
    days = {"start": said.start, "end": said.end}
    shown = {k: day.isoformat() for k, day in days.items() if isinstance(day, date)}
    role = {} if said.role == GEBRUIKER else {"role": said.role}
    return {"value": said.at, **role, **shown}


def body(draft: Draft) -> dict[str, Any]:
    """Write a user as a broker does."""
    sent: dict[str, Any] = {"userName": draft.name}
    sent |= {"externalId": draft.external} if draft.external else {}
    sent |= {"active": draft.active} if draft.active is not None else {}
    sent |= {"roles": [{"value": text} for text in draft.roles]} if draft.roles else {}
    if draft.entitled:
        sent["entitlements"] = [{"value": text} for text in draft.entitled]
    if draft.organization:
        sent[ENTERPRISE] = {"organization": draft.organization}
    ours: dict[str, Any] = {}
    if draft.affiliations:
        ours["affiliations"] = [written(said) for said in draft.affiliations]
    if draft.insz:
        ours["insz"] = draft.insz
    return {**sent, OURS: ours} if ours else sent
