"""Operations on the service and on the model, with the answer that the rules foretell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from tests.model import barred, refusals, restructuring
from tests.model.refusals import CONFLICT, FORBIDDEN
from tests.model.rules import Link, Person, Said, World, read
from tests.model.universe import OURS, PLATFORM, Answer, Site
from tests.model.wire import Draft, Sent, body, group_body, written

Change = Callable[[Link], Link]


@dataclass
class Twin:
    """The service and its model, which must never part."""

    site: Site
    world: World
    born: int = 0

    def do(self, sent: Sent) -> Answer:
        """Send a request by itself."""
        answer = self.site.send(sent.client, sent.method, sent.path, sent.body)
        self.take(sent, answer)
        return answer

    def take(self, sent: Sent, answer: Answer) -> None:
        """Demand that the service answered as foretold, and let the world follow."""
        foretold = sent.foretold()
        assert answer.status in foretold, (foretold, answer, sent[:4])
        if answer:
            sent.done(answer)
            barred.remember(self.world)

    def create(self, client: str, draft: Draft) -> Sent:
        """Register somebody (rule 5, ruling 1)."""

        def foretold() -> set[int]:
            known, link = self.world.by_number(draft.insz), self._link(client, draft, set(), set())
            if refusals.wrong(self.world, client, link, None):
                return {400}
            if known and client in self.world.people[known].links:
                return {CONFLICT}
            refused = refusals.taken(self.world, client, link, None)
            bar = (
                self.world.people[known].bar
                if known
                else barred.bar_of_new(self.world, client, link, draft.insz)
            )
            return refused | refusals.anothers(self.world, client, link, bar) or {201}

        def done(answer: Answer) -> None:
            known, link = self.world.by_number(draft.insz), self._link(client, draft, set(), set())
            made = answer.body["id"]
            assert made == known or (known is None and made not in self.world.people)
            if known is None:
                bar = barred.bar_of_new(self.world, client, link, draft.insz)
                self.world.people[made] = Person(draft.insz, client, bar=bar)
            self.world.people[made].links[client] = link
            if client == PLATFORM and draft.active is False:
                self.world.people[made].switch = False

        return Sent(client, "POST", "/Users", body(draft), foretold, done)

    def replace(self, client: str, person_id: str, draft: Draft) -> Sent:
        """PUT a whole user that did not come from a reading."""
        return self._rewritten(client, person_id, draft, body(draft))

    def echo(self, client: str, person_id: str, dropped: Sequence[str]) -> None:
        """Read, change the title, leave some attributes out, and PUT everything else back."""
        read = self.site.send(client, "GET", f"/Users/{person_id}")
        if not self._visible(client, person_id):
            assert read.status == 404, read
            return
        sent = {k: v for k, v in read.body.items() if k not in dropped} | {"title": "put back"}
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
        self.do(self._rewritten(client, person_id, draft, sent))

    def activate(self, client: str, person_id: str, *, active: bool) -> Sent:
        """Turn the switch that this client has: its own, or as platform the person's."""
        step = {"op": "replace", "path": "active", "value": active}
        return self._altered(client, person_id, step, lambda link: replace(link, active=active))

    def affiliate(self, client: str, person_id: str, said: Said) -> Sent:
        """Add an affiliation behind its path: always an assertion."""
        step = {"op": "add", "path": f"{OURS}:affiliations", "value": [written(said)]}

        def added(link: Link) -> Link:
            return replace(link, affiliations=[*dict.fromkeys([*link.affiliations, said])])

        return self._altered(client, person_id, step, added)

    def part(self, client: str, person_id: str, at: str) -> Sent:
        """Remove the affiliations with one institution."""
        step = {"op": "remove", "path": f'{OURS}:affiliations[value eq "{at}"]'}

        def without(link: Link) -> Link:
            return replace(link, affiliations=[s for s in link.affiliations if s.at != at])

        return self._altered(client, person_id, step, without)

    def delete(self, client: str, person_id: str) -> Sent:
        """End the client's link; a platform client ends the person (rule 5)."""

        def done(_: Answer) -> None:
            links = self.world.people[person_id].links
            for ended in list(links) if client == PLATFORM else [client]:
                self.world.leave(ended, person_id)

        def foretold() -> set[int]:
            return {204} if self._visible(client, person_id) else {404}

        return Sent(client, "DELETE", f"/Users/{person_id}", None, foretold, done)

    def group(self, client: str, name: str, external: str | None, members: set[str]) -> Sent:
        """Make a group; a member who is nobody of this client refuses it whole (ruling 6)."""

        def done(answer: Answer) -> None:
            made = refusals.named(self.world, client, name, external)
            made.members = set(members)
            self.world.groups[answer.body["id"]] = made

        def foretold() -> set[int]:
            refused = refusals.of_group(self.world, client, name, external, None, members)
            return {refused or 201}

        sent = group_body(name, external, members)
        return Sent(client, "POST", "/Groups", sent, foretold, done)

    def regroup(
        self, client: str, group_id: str, name: str, external: str | None, members: set[str]
    ) -> Sent:
        """PUT a group: its name, externalId and members are exactly these."""

        def foretold() -> set[int]:
            refused = refusals.not_mine(self.world, client, group_id) or refusals.of_group(
                self.world, client, name, external, group_id, members
            )
            return {refused or 200}

        def done(_: Answer) -> None:
            made = refusals.named(self.world, client, name, external)
            made.members = set(members)
            self.world.groups[group_id] = made

        sent = group_body(name, external, members)
        return Sent(client, "PUT", f"/Groups/{group_id}", sent, foretold, done)

    def external_of(self, group_id: str) -> str | None:
        """Return the externalId of a group, if it is one and has one."""
        group = self.world.groups.get(group_id)
        return group.external if group else None

    def member(self, client: str, group_id: str, op: str, members: set[str]) -> Sent:
        """PATCH members; unknown ones are skipped by the lenient profile (ruling 6).

        Not when all who are to take others' places are unknown: nothing would be left.
        """

        def done(_: Answer) -> None:
            group = self.world.groups[group_id]
            known = members & set(self.world.seen_by(client))
            if op == "remove":
                group.members -= members
            elif members or op == "replace":
                group.members = known if op == "replace" else group.members | known

        def foretold() -> set[int]:
            lost = op == "replace" and not members & set(self.world.seen_by(client))
            return {
                refusals.not_mine(self.world, client, group_id)
                or (400 if members and lost else 200)
            }

        step = {"op": op, "path": "members", "value": [{"value": m} for m in sorted(members)]}
        sent = {"Operations": [step]}
        return Sent(client, "PATCH", f"/Groups/{group_id}", sent, foretold, done)

    def ungroup(self, client: str, group_id: str) -> Sent:
        """Delete a group."""

        def done(_: Answer) -> None:
            del self.world.groups[group_id]

        def foretold() -> set[int]:
            return {refusals.not_mine(self.world, client, group_id) or 204}

        return Sent(client, "DELETE", f"/Groups/{group_id}", None, foretold, done)

    def pass_days(self, days: int) -> None:
        """Let time go by for both; what is due happens."""
        self.site.pass_days(days)
        self.world.today = self.site.day
        restructuring.come(self)

    @contextmanager
    def as_on(self, day: date) -> Iterator[None]:
        """Let both take it for another day while something is asked."""
        today = self.site.day
        self.site.day = self.world.today = day
        try:
            yield
        finally:
            self.site.day = self.world.today = today

    def _visible(self, client: str, person_id: str) -> bool:
        return person_id in self.world.seen_by(client)

    def _rewritten(self, client: str, person_id: str, draft: Draft, sent: object) -> Sent:
        """PUT: echoes out first, then conflicts, then what it says (rule 11)."""

        def foretold() -> set[int]:
            if not self._visible(client, person_id):
                return {404}
            own, link = self._told(client, person_id, draft)
            held = set(own.affiliations) if own else set()
            news = set(link.affiliations) - held or link.roles != (own.roles if own else ())
            if refusals.wrong(self.world, client, link, own, forms=bool(news)):
                return {400}
            return self._moved(client, person_id, draft.insz, link) or {200}

        def done(answer: Answer) -> None:
            own, link = self._told(client, person_id, draft)
            link.born = own.born if own else link.born
            if client == PLATFORM:
                self.world.people[person_id].switch = link.active
            self._put(client, person_id, draft.insz, link, answer.body["id"])

        return Sent(client, "PUT", f"/Users/{person_id}", sent, foretold, done)

    def _told(self, client: str, person_id: str, draft: Draft) -> tuple[Link | None, Link]:
        """Return what the client said, and what it says when echoes are taken out."""
        person = self.world.people[person_id]
        own = person.links.get(client)
        held = set(own.affiliations) if own else set()
        shown = {said for said, _ in self.world.shown(client, person_id)}
        active = person.switch if client == PLATFORM else bool(own and own.active)
        told = draft if draft.active is not None else draft._replace(active=active)
        if own is None:
            told = _without_echoes(told, self.world.document_of(client, person_id))
        return own, self._link(client, told, held, shown)

    def _moved(self, client: str, person_id: str, number: str | None, link: Link) -> set[int]:
        """Refuse a number or a name that is another's, and to take a human out of its block."""
        person, taken = (
            self.world.people[person_id],
            refusals.taken(self.world, client, link, person_id),
        )
        if self._stays(client, person_id, number):
            new = number not in {None, person.insz}
            meant = barred.bar_of_new(self.world, client, link, number) if new else None
            bar = person.bar or meant
            if meant and meant != bar:
                return {FORBIDDEN} | taken
            return taken | refusals.anothers(self.world, client, link, bar)
        if person.bar is not None:
            return {FORBIDDEN} | taken
        known = self.world.by_number(number)
        if known and (client == PLATFORM or client in self.world.people[known].links):
            # A platform client that adopts the person names it before its number is looked at.
            return {CONFLICT} | refusals.anothers(self.world, client, link, person.bar)
        bar = (
            self.world.people[known].bar
            if known
            else barred.bar_of_new(self.world, client, link, number)
        )
        return taken | refusals.anothers(self.world, client, link, bar)

    def _stays(self, client: str, person_id: str, number: str | None) -> bool:
        """Tell whether this number leaves the link with the person (ruling 2)."""
        person = self.world.people[person_id]
        free = person.insz is None and person.owner == client
        unknown = self.world.by_number(number) is None
        return number in {None, person.insz} or (unknown and (free or client == PLATFORM))

    def _put(
        self, client: str, person_id: str, number: str | None, link: Link, shown_as: str
    ) -> None:
        """Store the link where it belongs now, with its memberships (ruling 2)."""
        person, target = self.world.people[person_id], self.world.by_number(number)
        if self._stays(client, person_id, number):
            if number and person.insz != number:
                person.bar = person.bar or barred.bar_of_new(self.world, client, link, number)
            person.insz = number or person.insz
            person.links[client] = link
            return
        joined = [g for g in self.world.joined(person_id) if g.client == client]
        self.world.leave(client, person_id)
        if target is None:
            assert shown_as not in self.world.people
            bar = barred.bar_of_new(self.world, client, link, number)
            self.world.people[shown_as] = Person(number, client, bar=bar)
        else:
            assert shown_as == target
        self.world.people[shown_as].links[client] = link
        for group in joined:
            group.members.add(shown_as)

    def _altered(self, client: str, person_id: str, step: object, change: Change) -> Sent:
        """PATCH: the client's link, changed; a platform client makes one first."""

        def told() -> tuple[Link | None, Link]:
            own = self.world.people[person_id].links.get(client)
            changed = change(own or self._adopted(client, person_id))
            return own, read(self.world, client, changed)

        def foretold() -> set[int]:
            if not self._visible(client, person_id):
                return {404}
            own, link = told()
            if refusals.wrong(self.world, client, link, own, forms=False):
                return {400}
            bar = self.world.people[person_id].bar
            refused = refusals.taken(self.world, client, link, person_id) | refusals.anothers(
                self.world, client, link, bar
            )
            return refused or {200, 204}

        def done(_: Answer) -> None:
            person, (_own, link) = self.world.people[person_id], told()
            person.links[client] = link
            if client == PLATFORM:
                person.switch = link.active

        sent = {"Operations": [step]}
        return Sent(client, "PATCH", f"/Users/{person_id}", sent, foretold, done)

    def _adopted(self, client: str, person_id: str) -> Link:
        """Return the link that a platform client gets: it names, and asserts nothing (rule 11)."""
        self.born += 1
        seen = self.world.document_of(client, person_id)
        switch = self.world.people[person_id].switch
        return Link(self.born, seen.name, seen.external, switch)

    def _link(self, client: str, draft: Draft, held: set[Said], shown: set[Said]) -> Link:
        told = [s for s in dict.fromkeys(draft.affiliations) if s in held or s not in shown]
        self.born += 1
        link = Link(
            self.born,
            draft.name,
            draft.external,
            draft.active is not False,
            told,
            draft.roles,
            draft.entitled,
            draft.organization,
        )
        return read(self.world, client, link)


def _without_echoes(draft: Draft, seen: Link) -> Draft:
    """Take out what a platform client without a link only read from the owner (rule 11)."""
    return draft._replace(
        roles=() if draft.roles == seen.roles else draft.roles,
        entitled=() if draft.entitled == seen.entitled else draft.entitled,
        organization=None if draft.organization == seen.organization else draft.organization,
    )
