"""One made-up person, by number: everything that a broker could say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

from mo_demo.nation import words
from mo_demo.nation.plan import Nation

_FIRST_BIRTH: Final = date(1955, 1, 1)
_DAYS: Final = 18_250
"""Births over fifty years, to 2004."""
_LAST_SERIAL: Final = 998
_WITHOUT_NUMBER: Final = 10


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is; ``insz`` is None for one in ten, as brokers do not know them all."""

    number: int
    given: str
    family: str
    gender: str
    born: date
    insz: str | None
    vo_id: str
    department: str
    phone: str


def person(nation: Nation, n: int) -> Person:
    """Return somebody of a nation, the same one each time."""
    chance = Random(nation.seed * 1_000_003 + n)  # noqa: S311 - made-up people, no secret
    gender = "X" if n % 100 == 7 else chance.choice("MF")  # noqa: PLR2004 - one in a hundred
    turn, day = divmod(n, _DAYS)
    born = _FIRST_BIRTH + timedelta(days=(day * 7_919 + nation.seed * 997) % _DAYS)
    return Person(
        number=n,
        given=chance.choice(words.GIVEN[gender]),
        family=chance.choice(words.FAMILY),
        gender=gender,
        born=born,
        insz=None if n % _WITHOUT_NUMBER == _WITHOUT_NUMBER - 1 else insz(born, turn, gender),
        vo_id=str(UUID(int=chance.getrandbits(128), version=4)),
        department=chance.choice(words.DEPARTMENTS),
        phone=f"+32 2 555 {chance.randrange(100):02d} {chance.randrange(100):02d}",
    )


def insz(born: date, turn: int, gender: str) -> str:
    """Return a number of that day which is nobody's: serials count from 1, ours from 998 down.

    Odd for men (domain.md, People); each ``turn`` from 0 to 49 has another.
    """
    serial = _LAST_SERIAL - 2 * turn - (gender == "M")
    body = f"{born:%y%m%d}{serial:03d}"
    century = "2" if born.year > 1999 else ""  # noqa: PLR2004 - the rule's own year
    return f"{body}{97 - int(century + body) % 97:02d}"
