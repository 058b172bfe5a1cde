"""Clients and their tokens (trust.md, P1) and the institutions that they may act for (rule 4)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from mo_access.domain.api_token import new_token, read_token
from mo_access.domain.errors import Conflict, Invalid, NotFound
from mo_access.domain.model import Actor
from mo_access.service import clients, imports
from mo_access.service.clients import NewClient
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.storage.schema import audit_event, client_secret
from tests.access.conftest import NOW
from tests.support.insz import made_up

Unit = Callable[..., UnitOfWork]
HOUR = 3_600
MICRO = 1_000_000
SCHOOLS = """number,name,kind,board,successor
900100,Oud bestuur,board,,900200
900200,Nieuw bestuur,board,,
900001,School een,school,900100,900002
900002,School een en twee,school,,900003
900003,School drie,school,,
900004,School van het nieuwe bestuur,school,900200,
900009,Vreemde school,school,,
"""


@pytest.fixture
def seeded(unit: Unit, tmp_path: Path) -> Unit:
    """Give a database with boards, schools and successors."""
    path = tmp_path / "institutions.csv"
    path.write_text(SCHOOLS, encoding="utf-8")
    with unit() as uow:
        imports.institutions(uow, path)
        uow.commit()
    return unit


def create(unit: Unit, new: NewClient) -> tuple[str, str]:
    """Make a client and commit."""
    with unit() as uow:
        made = clients.create(uow, new)
        uow.commit()
    return made


def who(unit: Unit, token: str, at: int = NOW) -> Actor | None:
    """Say who presents this token at this time."""
    with unit(at) as uow:
        return clients.by_token(uow, token)


def test_a_token_names_its_client(seeded: Unit) -> None:
    """The token shown at creation is the client, with its scopes and home."""
    client_id, token = create(seeded, NewClient("school", ("900009",), profile="strict"))
    actor = who(seeded, token)
    assert actor is not None
    assert (actor.client_id, actor.name, actor.profile) == (client_id, "school", "strict")
    assert actor.home == "900009"
    assert actor.scopes == {"scim:read", "scim:write"}


def test_scope_is_computed_with_boards_and_successors(seeded: Unit) -> None:
    """Bound numbers and successors, the schools of these boards, and their successors."""
    _, board = create(seeded, NewClient("board", ("900100",)))
    _, school = create(seeded, NewClient("school", ("900002",)))
    _, platform = create(seeded, NewClient("platform", platform=True))
    told = [who(seeded, token) for token in (board, school, platform)]
    numbers = [sorted(actor.institutions) for actor in told if actor]
    assert numbers == [
        ["900001", "900002", "900003", "900004", "900100", "900200"],
        ["900002", "900003"],
        [],
    ]
    assert [actor.covers("900009") for actor in told if actor] == [False, False, True]


def test_a_token_is_stored_as_its_hash_only(seeded: Unit) -> None:
    """Nothing in the rows or the trail holds the secret part."""
    _, token = create(seeded, NewClient("school", ("900001",)))
    secret = token.split("_", 2)[2][:43]
    with seeded() as uow:
        rows = uow.conn.all(select(client_secret)) + uow.conn.all(select(audit_event))
    assert rows
    assert not any(secret.encode() in repr(row).encode() for row in rows)


@pytest.mark.parametrize("bend", [str.upper, lambda t: t[:-1], lambda t: t + " ", lambda t: t[:0]])
def test_a_bent_token_is_nobody(seeded: Unit, bend: Callable[[str], str]) -> None:
    """Every other text than the token itself is refused."""
    _, token = create(seeded, NewClient("school", ("900001",)))
    assert who(seeded, bend(token)) is None


def test_another_secret_with_the_same_id_is_nobody(seeded: Unit) -> None:
    """The id finds the row; only the secret opens it."""
    _, token = create(seeded, NewClient("school", ("900001",)))
    forged = new_token()[1]
    body = forged[:4] + token[4:20] + forged[20:64]
    assert read_token(body) is None
    assert who(seeded, body) is None


def test_a_token_expires(seeded: Unit) -> None:
    """From the moment of its expiry a token is nobody's."""
    _, token = create(seeded, NewClient("school", ("900001",), expires=HOUR))
    assert who(seeded, token, NOW + HOUR * MICRO - 1) is not None
    assert who(seeded, token, NOW + HOUR * MICRO) is None


def test_rotating_gives_a_second_token_and_ends_the_first_after_the_overlap(seeded: Unit) -> None:
    """Both work during the overlap, the new one after it."""
    _, old = create(seeded, NewClient("school", ("900001",)))
    with seeded() as uow:
        _, new = clients.rotate(uow, "school", overlap=HOUR)
        uow.commit()
    later = NOW + HOUR * MICRO + 1
    assert [who(seeded, t) is not None for t in (old, new)] == [True, True]
    assert [who(seeded, t, later) is not None for t in (old, new)] == [False, True]


def test_rotating_without_overlap_leaves_the_old_token(seeded: Unit) -> None:
    """Several tokens live at a time until one is revoked by its id."""
    _, old = create(seeded, NewClient("school", ("900001",)))
    with seeded() as uow:
        clients.rotate(uow, "school")
        assert clients.revoke(uow, "school", secret=old.split("_")[1]) == 1
        uow.commit()
    assert who(seeded, old) is None
    with seeded() as uow:
        (listed,) = clients.listed(uow)
    assert [secret.revoked is None for secret in listed.secrets] == [False, True]


def test_revoking_ends_everything_at_once(seeded: Unit) -> None:
    """Tokens and OAuth clients are nobody on the next request, and no new token is given."""
    oauth = (("https://op.example", "abc"),)
    client_id, token = create(seeded, NewClient("school", ("900001",), oauth=oauth))
    with seeded() as uow:
        found = clients.by_oauth(uow, "https://op.example", ("abc",))
        assert found is not None
        assert found.credential == "oauth"
        assert clients.by_oauth(uow, "https://op.example", ("other",)) is None
        clients.revoke(uow, client_id)
        uow.commit()
    assert who(seeded, token) is None
    with seeded() as uow:
        assert clients.by_oauth(uow, "https://op.example", ("abc",)) is None
        with pytest.raises(Invalid, match="revoked"):
            clients.rotate(uow, "school")


@pytest.mark.parametrize(
    ("new", "error", "text"),
    [
        (NewClient("a", ("900777",)), Invalid, "unknown institution 900777"),
        (NewClient("a", ("9007",)), Invalid, "no institution number"),
        (NewClient("a"), Invalid, "say one of both"),
        (NewClient("a", ("900001",), platform=True), Invalid, "say one of both"),
        (NewClient(" ", ("900001",)), Invalid, "needs a name"),
        (NewClient(f"van {made_up(0)}", ("900001",)), Invalid, "holds a number"),
        (NewClient("a", ("900001",), scopes=("all",)), Invalid, "unknown scope all"),
        (NewClient("a", ("900001",), profile="X;"), Invalid, "no name of a profile"),
        (
            NewClient("a", ("900001",), default_institution="900009"),
            Invalid,
            "not the client's own",
        ),
        (NewClient("taken", ("900001",)), Conflict, "named 'taken'"),
        (NewClient("a", ("900001",), oauth=(("i", "c"),)), Conflict, "acts as another"),
    ],
)
def test_a_client_that_makes_no_sense_is_refused(
    seeded: Unit, new: NewClient, error: type[Exception], text: str
) -> None:
    """The sentence says what is wrong, and nothing is stored."""
    create(seeded, NewClient("taken", ("900009",), oauth=(("i", "c"),)))
    with seeded() as uow, pytest.raises(error, match=text):
        clients.create(uow, new)
    with seeded() as uow:
        assert [found.name for found in clients.listed(uow)] == ["taken"]


def test_an_unknown_client_is_not_found(seeded: Unit) -> None:
    """Rotate and revoke name the client that there is not."""
    with seeded() as uow, pytest.raises(NotFound, match="'nobody'"):
        clients.revoke(uow, "nobody")


def test_what_happens_to_a_client_stands_in_the_chains_of_its_institutions(seeded: Unit) -> None:
    """Rule 9: making, rotating and revoking; for a platform client, in the platform's."""
    kinds = ("client.create", "client.rotate", "client.revoke")
    for new in (NewClient("school", ("900001",)), NewClient("ministry", platform=True)):
        create(seeded, new)
        with seeded() as uow:
            clients.rotate(uow, new.name)
            clients.revoke(uow, new.name)
            uow.commit()
    with seeded() as uow:
        told_of = select(audit_event.c.chain, audit_event.c.kind)
        rows = uow.conn.all(told_of.order_by(audit_event.c.pk))
    told = [(chain, kind) for chain, kind in rows if kind in kinds]
    assert told == [(chain, kind) for chain in ("900001", "platform") for kind in kinds]
