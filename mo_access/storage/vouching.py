"""Which links vouch for the number of their person (ruling 3)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, case, delete, select, update

from mo_access.domain.vouching import Says
from mo_access.storage.engine import Connection
from mo_access.storage.schema import BIG, identity, link

_of_person: Final = link.c.person_pk == bindparam("person")
_HOLD = select(link.c.pk).where(_of_person).order_by(link.c.pk).with_for_update()
_says: Final = link.c.said_insz == Says.NUMBER.value
_UNPIN = delete(identity).where(identity.c.link_pk.in_(select(link.c.pk).where(_of_person, _says)))
_TAKE_BACK = (
    update(link)
    .values(
        said_insz=Says.NOTHING.value,
        version=link.c.version + case((_says, 1), else_=0),
        modified=case((_says, bindparam("now_", type_=BIG)), else_=link.c.modified),
    )
    .where(_of_person, link.c.said_insz != Says.NOTHING.value, link.c.pk != bindparam("but"))
)


def hold(conn: Connection, person_pk: int) -> None:
    """Wait for who writes a link of this person, before its number changes.

    Links first, then the person: as who vouches for a number takes them, so that two wait in line.
    """
    conn.all(_HOLD, {"person": person_pk})


def take_back(conn: Connection, person_pk: int, *, but: int, now: int) -> None:
    """Let no link vouch for the number any more, ``but`` the one whose client writes it now.

    Nor did any ever say the new one, so that each stands against it until its client does.

    The sign-ins that those links made possible may stand on the old number and are forgotten.
    What their clients read changes, and so does the version.
    """
    conn.run(_UNPIN, {"person": person_pk})
    conn.run(_TAKE_BACK, {"person": person_pk, "but": but, "now_": now})
