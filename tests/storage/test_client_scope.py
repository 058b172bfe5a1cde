"""A client's institutions, as SQL finds them, against the rule written as a loop (rule 4)."""

import random
from collections.abc import Mapping

import pytest
from sqlalchemy import insert

from mo_access.storage import clients
from mo_access.storage.engine import Connection, Database, Params
from mo_access.storage.schema import institution

Known = Mapping[str, tuple[str | None, str | None]]
COUNT = 12


def invented(seed: int) -> Known:
    """Return made-up institutions: number to board and successor, circles not left out."""
    draw = random.Random(seed)
    numbers = [str(900001 + n) for n in range(COUNT)]

    def some(odds: float) -> str | None:
        return draw.choice(numbers) if draw.random() < odds else None

    return {number: (some(0.4), some(seed % 4 * 0.15)) for number in numbers}


def expected(known: Known, bound: set[str]) -> frozenset[str]:
    """Follow successors of what is bound, take the schools of all these, follow again."""
    boards = followed(known, bound)
    schools = {number for number, (board, _) in known.items() if board in boards}
    return frozenset(followed(known, boards | schools))


def followed(known: Known, numbers: set[str]) -> set[str]:
    """Return these and whoever came after them."""
    found: set[str] = set()
    ahead = set(numbers)
    while ahead:
        found |= ahead
        ahead = {later for n in ahead if (later := known[n][1]) is not None} - found
    return found


def stored(conn: Connection, known: Known) -> dict[str, int]:
    """Store the institutions and return the key of each."""
    for number, (board, successor) in known.items():
        row = {"number": number, "name": "S", "kind": "school", "board": board}
        conn.run(insert(institution).values(successor=successor, **row))
    return clients.institution_pks(conn)


@pytest.mark.parametrize("seed", range(24))
def test_the_scope_is_what_the_rule_says(database: Database, seed: int) -> None:
    """Any shape of boards and successors: bound to none, to some, and to all of them."""
    known = invented(seed)
    draw = random.Random(seed)
    with database.connect() as conn:
        conn.begin()
        pks = stored(conn, known)
        for size in (0, 1, 2, COUNT):
            bound = set(draw.sample(sorted(known), size))
            row: Params = {
                "id": f"c{size}",
                "name": f"c{size}",
                "platform": 0,
                "profile": "lenient",
                "beheerders": 1,
            }
            client_pk = clients.add(
                conn, {**row, "default_institution": None, "scopes": "", "created": 1}
            )
            clients.bind(conn, client_pk, (pks[number] for number in bound))
            assert clients.institutions(conn, client_pk) == expected(known, bound), known
            assert clients.by_pk(conn, client_pk).institutions == expected(known, bound)
