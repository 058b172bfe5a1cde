"""What an installation chose about beheerders: how the last one is kept, and what one may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

LastBeheerder: TypeAlias = Literal["allow", "retain", "refuse"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The choices that settings make for rules 3 and 8; the defaults are those of the rules.

    ``last_beheerder``: what becomes of the last beheerder role of an institution when it is taken
    away. ``beheerder_reads``: whether a beheerder reads every theme of the institution.
    ``beheerder_level``: the least level of a session that may act as beheerder.
    """

    last_beheerder: LastBeheerder = "allow"
    beheerder_reads: bool = False
    beheerder_level: int = 0


DEFAULT: Final = Terms()
