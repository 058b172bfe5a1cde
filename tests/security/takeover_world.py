"""Two people, five clients and a provider: the smallest world in which one may become another.

Small on purpose: where few names are shared by all, what clients say meets at one person at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mo_access.domain.keys import KeyRing
from mo_access.domain.model import (
    KEEP,
    Actor,
    AffiliationClaim,
    Document,
    Form,
    GrantClaim,
    Keep,
    PersonDraft,
    Role,
)
from mo_access.service import clients, imports
from mo_access.service.clients import NewClient
from mo_access.service.sign_in import SignIn
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.engine import Connection, Database
from tests.security.isolation_world import insz

ISSUER: Final = "https://broker.example"
THEME, SHARED = "leerlingen-openbaar", "infrastructuur"
"""What a user gives by itself, and what a group gives."""
IDLE, YEAR = 3_600_000_000, 365 * 86_400_000_000
HUMANS: Final = (0, 1)
NUMBERS: Final = tuple(insz(500 + human) for human in HUMANS)
HOSTILE, UNTRUSTED, PLATFORM = "hostile", "untrusted", "platform"
AT: Final = {
    HOSTILE: "900001",
    "honest": "900002",
    "board": "900003",
    PLATFORM: "900004",
    UNTRUSTED: "900005",
    "aside": "900006",
}
"""Where each client gives rights; the platform's client may everywhere and does so here."""
CLIENTS: Final = tuple(AT)
BOUND: Final = {"board": "900009"}
LIARS: Final = (HOSTILE, UNTRUSTED)
TRUTHFUL: Final = ("honest", "board", "aside", PLATFORM)
UNKNOWN_TO_PROVIDER: Final = (UNTRUSTED, "aside")
"""Clients to whose links the provider's sign-ins are not matched."""
SCHOOLS: Final = (
    "number,name,kind,board,successor\n900001,Een,school,,\n900002,Twee,school,,\n"
    "900009,Bestuur,board,,\n900003,Drie,school,900009,\n900004,Vier,school,,\n"
    "900005,Vijf,school,,\n900006,Zes,school,,\n"
)
THEMES: Final = (
    f"slug,name,confidentiality,min_level\n{THEME},Leerlingen,public,0\n"
    f"{SHARED},Gebouwen,public,0\n"
)
KEYS: Final = KeyRing({"k1": bytes(range(32))}, "k1")
Number = int | None | Literal["keep"]


@dataclass(frozen=True)
class Words:
    """What a link says of who it is about: a human for each identifier, or nobody.

    ``number``: a human's, None to clear it, or ``keep`` for what was said before. ``at`` is where
    it gives rights, None for where its client belongs.
    """

    name: int | None = None
    external: int | None = None
    number: Number = "keep"
    subject: int | None = None
    active: bool = True
    at: str | None = None


@dataclass(frozen=True)
class Claims:
    """What a provider's token carries beside the subject."""

    name: bool = False
    external: bool = False
    number: bool = False


class Step(UnitOfWork):
    """A unit of work in a transaction that lasts as long as its world, and is never committed.

    A step costs no write to the disk that way, and a world is as it was when it is left.
    """

    def __init__(self, database: Database, conn: Connection) -> None:
        """Work on this connection."""
        super().__init__(database, keys=KEYS, request_id="t", caller="cli:t")
        self._conn = conn

    def open(self) -> Step:
        """Borrow nothing."""
        return self

    def close(self) -> None:
        """Give nothing back."""
        self._forget()

    def commit(self) -> None:
        """Do what a commit does first, and leave the rest."""
        if self.beheerders and self.before_commit is not None:
            self.before_commit(self)
        self._forget()


@dataclass(frozen=True)
class Ground:
    """A database with schools and clients and nobody else in it, and what clients act as."""

    database: Database
    conn: Connection
    actors: dict[str, Actor]

    def step(self) -> Step:
        """Open a step."""
        return Step(self.database, self.conn)

    @contextmanager
    def history(self) -> Iterator[None]:
        """Forget at the end of the block whatever was done in it, also after a failure."""
        self.conn.begin()
        try:
            yield
        finally:
            self.conn.rollback()


@contextmanager
def prepared(database: Database, folder: Path) -> Iterator[Ground]:
    """Put schools and clients into an empty database; the provider trusts some of them."""
    with UnitOfWork(database, keys=KEYS, request_id="t", caller="cli:t") as uow:
        for name, text in (("institutions", SCHOOLS), ("themes", THEMES)):
            path = folder / f"{name}.csv"
            path.write_text(text, "utf-8")
            getattr(imports, name)(uow, path)
        actors = {name: _client(uow, name) for name in CLIENTS}
        uow.commit()
    with database.connect() as conn:
        yield Ground(database, conn, actors)


def _client(uow: UnitOfWork, name: str) -> Actor:
    issuers = () if name in UNKNOWN_TO_PROVIDER else (ISSUER,)
    at = () if name == PLATFORM else (BOUND.get(name, AT[name]),)
    _, token = clients.create(uow, NewClient(name, at, platform=not at, issuers=issuers))
    actor = clients.by_token(uow, token)
    assert actor is not None
    return actor


def draft(client: str, words: Words, serial: int) -> PersonDraft:
    """Return what the client says; ``serial`` makes a userName that is nobody's."""
    at, subject = words.at or AT[client], words.subject
    name = f"user-{words.name}" if words.name is not None else f"{client}-{serial}"
    pairs = () if subject is None else ((ISSUER, f"sub-{subject}"),)
    said: Document = {"userName": name, "at": at, "identities": [list(pair) for pair in pairs]}
    return PersonDraft(
        name,
        None if words.external is None else f"vo-{words.external}",
        words.active,
        said,
        affiliations=(AffiliationClaim(Form.AFFILIATIONS, at, Role.GEBRUIKER),),
        grants=(GrantClaim(THEME, at),),
        identities=pairs,
        insz=_insz(words.number),
    )


def _insz(number: Number) -> str | Keep | None:
    if number == "keep":
        return KEEP
    return None if number is None else NUMBERS[number]


def arrival(human: int, claims: Claims, now: int) -> SignIn:
    """Return what a provider says, truly, of who signs in."""
    links: tuple[tuple[str, str], ...] = ()
    links += ((f"user-{human}", "userName"),) if claims.name else ()
    links += ((f"vo-{human}", "externalId"),) if claims.external else ()
    links += ((NUMBERS[human], "insz"),) if claims.number else ()
    return SignIn("broker", ISSUER, f"sub-{human}", links, "t", now + YEAR)
