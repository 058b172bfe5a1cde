"""The access review: who has what at one institution, and that somebody looked at it.

Read-only: nothing can be given or taken here. A list comes in pages by key, so that neither a
page nor an export grows with the institution.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Final, NamedTuple

from mo_access.domain import policy
from mo_access.domain.called import full_name
from mo_access.domain.errors import Invalid, NotFound, Stale
from mo_access.domain.judging import Judge
from mo_access.domain.keys import KeyRing, SealBroken
from mo_access.domain.model import Event, Form, Json
from mo_access.domain.policy import Facts, Reason, Session
from mo_access.domain.text import without_numbers
from mo_access.service import decisions, explaining
from mo_access.service.decisions import Spot
from mo_access.service.explaining import Origin
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage import access, facts
from mo_access.storage import review as stored
from mo_access.storage.facts import PersonFacts
from mo_access.storage.review import Listed, Review

PAGE: Final = 100
AT_ONCE: Final = 1_000
_AHEAD: Final = 10 * AT_ONCE
"""Who is on the list costs as much for these as for few: an engine may sort all there are."""
SOON_DAYS: Final = 30
"""An end within so many days is one to look at."""
_NAME: Final = attrgetter("name", "slug")
_OF_NO_CLIENT: Final = frozenset({Form.RECOVERY.value, Form.SIGN_IN.value})


class ThemeHeld(NamedTuple):
    """A theme that somebody holds here, by which origins, and what a decision says of it now."""

    slug: str
    name: str
    reason: Reason
    origins: tuple[Origin, ...]

    @property
    def open(self) -> bool:
        """Whether it may be read now."""
        return self.reason is Reason.GRANTED


@dataclass(frozen=True, slots=True)
class Entry:
    """One person on the list: called as the clients that gave something here wrote it."""

    person: str
    name: str
    user_name: str
    last_sign_in: int | None
    roles: tuple[Origin, ...]
    themes: tuple[ThemeHeld, ...]
    ends: str | None
    """The day on which the last current role ends, if that is soon."""

    @property
    def dormant(self) -> bool:
        """Whether nothing of it counts now: no current role, and no theme that may be read."""
        live = any(role.idle is None for role in self.roles)
        return not live and not any(theme.open for theme in self.themes)


@dataclass(frozen=True, slots=True)
class Done:
    """The last review: who, when (microseconds), how many people, and whether we signed it."""

    reviewer: str
    name: str
    at: int
    people: int
    digest: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list; ``following`` is the key to ask the next one with, None at the end."""

    institution: str
    name: str
    entries: tuple[Entry, ...]
    following: int | None
    done: Done | None


def page(uow: UnitOfWork, number: str, after: int = 0, count: int = PAGE) -> Listing:
    """Return who has or holds something at an institution or one that it succeeded.

    The number of statements does not depend on how many there are. Raises ``NotFound``. The
    caller has to see to it that whoever asks may.
    """
    spot, name = _place(uow, number)
    listed = stored.page(uow.conn, spot.at, after, count + 1, uow.now)
    return _listing(uow, spot, name, listed, count)


def _place(uow: UnitOfWork, number: str) -> tuple[Spot, str]:
    spot, place = decisions.spot_of(uow, number), access.place(uow.conn, number)
    if spot is None or place is None:
        raise NotFound(f"there is no institution {number}")
    return spot, place[0]


def _listing(uow: UnitOfWork, spot: Spot, name: str, listed: list[Listed], count: int) -> Listing:
    """Read so many of those who were listed; there is a next page where more were."""
    following = listed[count - 1].pk if len(listed) > count else None
    last = stored.last(uow.conn, spot.institution)
    shown = listed[:count]
    reader = _Reader(uow, spot, [*(one.pk for one in shown), last[1] if last else 0])
    # Whoever was removed for good between two statements is on the list no more.
    entries = tuple(reader.entry(o.pk, o.last_sign_in) for o in shown if o.pk in reader.known)
    told = _done(uow.keys, last[0], reader.called(last[1])) if last else None
    return Listing(spot.institution, name, entries, following, told)


def pages(uow: UnitOfWork, number: str) -> Iterator[Listing]:
    """Yield the whole list, a thousand people at a time. Raises ``NotFound``."""
    spot, name = _place(uow, number)
    after = 0
    while True:
        listed = stored.page(uow.conn, spot.at, after, _AHEAD + 1, uow.now)
        for start in range(0, min(max(len(listed), 1), _AHEAD), AT_ONCE):
            few = listed[start : start + AT_ONCE + 1]
            yield _listing(uow, spot, name, few, AT_ONCE)
        if len(listed) <= _AHEAD:
            return
        after = listed[_AHEAD - 1].pk


def mark_done(uow: UnitOfWork, number: str, reviewer: str, seen: str = "") -> Done:
    """Write down, signed and audited, that this person reviewed the list as it is now.

    ``seen`` is the digest of what the reviewer was shown, "" where that was not the whole list.
    Raises ``Stale`` when the list is another one by now, and ``NotFound``.
    """
    folded, people = sha256(), 0
    for found in pages(uow, number):
        people += len(found.entries)
        folded.update(_content(found.entries))
    digest = folded.digest()
    if seen and not hmac.compare_digest(digest.hex().encode(), seen.encode()):
        raise Stale("Who has access here changed since you looked: look again, then mark it done.")
    made = _signed(uow.keys, Review(number, reviewer, uow.now, people, digest, b""))
    stored.add(uow.write(), made)
    told: dict[str, Json] = {"people": people, "digest": digest.hex()}
    uow.record(Event("review.done", "ok", person=reviewer, institutions=(number,), facts=told))
    return _done(uow.keys, made, "")


def record_export(uow: UnitOfWork, number: str, reviewer: str | None) -> None:
    """Write down that somebody took the list along."""
    uow.record(Event("review.export", "ok", person=reviewer, institutions=(number,)))


def digest_of(listing: Listing, after: int) -> str:
    """Return the digest of a page that is the whole list, else ""."""
    if after or listing.following is not None:
        return ""
    return sha256(_content(listing.entries)).hexdigest()


def cursor(keys: KeyRing, listing: Listing) -> str | None:
    """Return what asks for the next page in a URL: it tells nothing and cannot be made up."""
    if listing.following is None:
        return None
    sealed = keys.seal(_context(listing.institution), str(listing.following))
    return base64.urlsafe_b64encode(sealed).decode()


def opened(keys: KeyRing, number: str, told: str) -> int:
    """Return the key that a cursor holds; "" is the beginning. Raises ``Invalid``."""
    if not told:
        return 0
    try:
        return int(keys.open(_context(number), base64.urlsafe_b64decode(told.encode())))
    except (SealBroken, binascii.Error, ValueError):
        raise Invalid("This is no page of the list; begin at its first page.") from None


def _context(number: str) -> str:
    return f"mo:review:cursor:{number}"


class _Reader:
    """Everything about the people of a page, read at once, for one line after the other."""

    def __init__(self, uow: UnitOfWork, spot: Spot, pks: list[int]) -> None:
        self.uow = uow
        self.spot = spot
        self.known = facts.facts_at(uow.conn, pks, spot.at, "", uow.now)
        self.named = _named(uow, pks)
        self.judge = Judge()
        self.themes = {slug: told[0] for slug, told in access.themes(uow.conn).items()}

    def entry(self, pk: int, last_sign_in: int | None) -> Entry:
        known = self.known[pk]
        here, session = decisions.narrowed(self.uow, known, self.spot)
        roles = _judged(explaining.roles(here), here)
        held, ends = self._themes(known, here, session), _ends(here, self.uow.today)
        user_name, name = self._names(pk, roles, held)
        return Entry(known.id, name, user_name, last_sign_in, roles, held, ends)

    def called(self, pk: int) -> str:
        """Return what somebody is called here; "" for who has and holds nothing any more."""
        if pk not in self.known:
            return ""
        entry = self.entry(pk, None)
        return entry.name or entry.user_name

    def _themes(self, known: PersonFacts, here: Facts, session: Session) -> tuple[ThemeHeld, ...]:
        """List what somebody holds here, by the name of the theme."""
        held = decisions.held_here(known, self.spot.at, here)
        told = self.judge.reasons(here, session, held)
        found = [
            ThemeHeld(slug, self.themes[slug], told[slug], explaining.themes(grants))
            for slug, grants in held.items()
        ]
        return tuple(sorted(found, key=_NAME))

    def _names(
        self, pk: int, roles: tuple[Origin, ...], held: tuple[ThemeHeld, ...]
    ) -> tuple[str, str]:
        """Return userName and name as a client wrote them that gave something here (rule 5)."""
        named = self.named.get(pk, {})
        said_by = [*(o.client for o in roles), *(o.client for t in held for o in t.origins)]
        if any(role.how in _OF_NO_CLIENT for role in roles):
            # No client gave it; the platform calls somebody as who registered the person did.
            said_by += [*named]
        user_name, document = next((named[c] for c in said_by if c in named), ("", "{}"))
        name = full_name(json.loads(document)) or ""
        return without_numbers(user_name), without_numbers(name)


def _judged(roles: tuple[Origin, ...], here: Facts) -> tuple[Origin, ...]:
    """A role counts for nothing while the person or the institution as a whole does not."""
    blocked = here.person_blocked or here.institution_blocked
    if here.active and not blocked:
        return roles
    why = "blocked" if blocked else "suspended"
    return tuple(role if role.idle else role._replace(idle=why) for role in roles)


def _ends(here: Facts, today: str) -> str | None:
    """Return when somebody will be nothing here any more, if that is soon."""
    if not any(fact.end for fact in here.affiliations):
        return None
    live = [fact for fact in here.affiliations if policy.is_current(fact, today)]
    days = [fact.end for fact in live if fact.end is not None]
    if not days or len(days) < len(live):
        return None
    soon = (date.fromisoformat(today) + timedelta(days=SOON_DAYS)).isoformat()
    return max(days) if max(days) <= soon else None


def _named(uow: UnitOfWork, pks: list[int]) -> dict[int, dict[str, tuple[str, str]]]:
    """Return (userName, document) of these people by client."""
    found: dict[int, dict[str, tuple[str, str]]] = {}
    for pk, client, user_name, document in stored.names(uow.conn, pks):
        found.setdefault(pk, {})[client] = (user_name, document)
    return found


def _content(entries: tuple[Entry, ...]) -> bytes:
    """Return what a review is about: rights and their origins, no names and no sign-ins."""
    lines = (
        json.dumps(
            [
                entry.person,
                [_line(role) for role in entry.roles],
                [[t.slug, t.reason.value, [_line(o) for o in t.origins]] for t in entry.themes],
            ]
        )
        for entry in entries
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _line(origin: Origin) -> list[str | int | None]:
    return [
        origin.value,
        origin.institution,
        origin.client,
        origin.how,
        origin.start,
        origin.end,
        origin.idle,
        origin.since,
    ]


def _signed(keys: KeyRing, done: Review) -> Review:
    return replace(done, signature=keys.sign(_signable(done)))


def _signable(done: Review) -> bytes:
    said = [done.institution, done.reviewer, done.at, done.people, done.digest.hex()]
    return b"mo:access-review:" + json.dumps(said).encode()


def _done(keys: KeyRing, done: Review, name: str) -> Done:
    sound = hmac.compare_digest(keys.sign(_signable(done)), done.signature)
    return Done(done.reviewer, name, done.at, done.people, done.digest.hex(), sound)
