"""Whom every history begins with: rights of every form, since chance alone makes few."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tests.model.rules import BEHEERDER, GEBRUIKER, Said
from tests.model.universe import FIRST_DAY, NEW, NUMBERS, OLD, ONE, OPEN, PAY, PLATFORM, TWO
from tests.model.wire import Draft

AT_ONE: Final = f"{ONE}:{OPEN}"
AT_TWO: Final = f"{PAY}:{TWO}"
BOTH: Final = f"MijnOnderwijsPortaalGebruiker:{ONE}, {TWO}"
ASSISTANT: Final = f"MijnOnderwijsPortaalBeheerderAssistent:{ONE}"
SOON: Final = Said(TWO, BEHEERDER, None, FIRST_DAY + timedelta(3))


FIRST: Final = (
    ("one", Draft("an", "e1", True, (Said(ONE, GEBRUIKER),), (), (AT_ONE,), None, NUMBERS[0])),
    ("board", Draft("an", None, True, (), (f"beheerder:{ONE}",), (), None, NUMBERS[0])),
    ("two", Draft("bo", "e1", True, (SOON,), (), (AT_TWO,), None, NUMBERS[1])),
    ("old", Draft("bo", None, True, (Said(OLD, GEBRUIKER),), (), (), None, NUMBERS[1])),
    ("webidm", Draft("cis", "e2", True, (), (BOTH,), (AT_ONE,), None, NUMBERS[2])),
    ("webidm", Draft("an", None, True, (), (ASSISTANT,), (AT_ONE, AT_TWO))),
    ("old", Draft("cis", None, True, (Said(NEW, GEBRUIKER),), (), (), None, NUMBERS[2])),
    ("one", Draft("cis", None, True, (), (), (AT_ONE,), ONE)),
)
EVERYBODY: Final = None
GROUPS: Final = (
    ("one", f"MO_{ONE}_{OPEN}", 0),
    ("board", OPEN, 0),
    (PLATFORM, f"MO_{TWO}_{PAY}", EVERYBODY),
    ("old", f"MO_{OLD}_{OPEN}", 0),
    (PLATFORM, f"MO_{NEW}_{OPEN}", 2),
    ("webidm", f"mo_{TWO}_GEBRUIKER", 1),
)
