"""What rows tell of blocks beside the blocks themselves; to check and to mend.

``person`` and ``affiliation`` tell the block that is on them, so that a decision reads no more
than it must. Until the release that made writers hold the blocks on whom they write, a record that
was written while a block was set or lifted could miss the one, or keep the other for ever.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection as CoreConnection
from sqlalchemy import delete, exists, func, or_, select, text, update

from mo_access.storage.bars import at_institution, block_of, standing
from mo_access.storage.interventions import block, block_key
from mo_access.storage.schema import affiliation, person

_KEYS: Final = ~exists(select(block.c.pk).where(block.c.bar == block_key.c.bar))
_standing: Final = standing(person.c.bar)
_on_person: Final = block_of(person.c.bar)
_PEOPLE: Final = or_(
    person.c.bar.is_distinct_from(_standing), person.c.blocked.is_distinct_from(_on_person)
)
_there: Final = at_institution(affiliation.c.person_pk, affiliation.c.institution_pk)
_AFFILIATIONS: Final = affiliation.c.blocked.is_distinct_from(_there)

_WRONG: Final = {
    "people tell another block than stands": (person, _PEOPLE),
    "affiliations tell another block than stands": (affiliation, _AFFILIATIONS),
    "keys of blocks that were lifted": (block_key, _KEYS),
}
_MENDED: Final = (
    delete(block_key).where(_KEYS),
    update(person).where(_PEOPLE).values(bar=_standing, blocked=_on_person),
    update(affiliation).where(_AFFILIATIONS).values(blocked=_there),
)


def faults(connection: CoreConnection) -> tuple[str, ...]:
    """Tell how many rows are wrong, a sentence for each kind."""
    found = []
    for told, (where, wrong) in _WRONG.items():
        amount = connection.scalar(select(func.count()).select_from(where).where(wrong))
        found += [f"{amount} {told}"] if amount else []
    return tuple(found)


def mend(connection: CoreConnection) -> None:
    """Let every row tell the blocks that stand, in the caller's transaction.

    Who sets or lifts a block waits; others mark what they write themselves.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("LOCK TABLE block IN SHARE ROW EXCLUSIVE MODE"))
    for statement in _MENDED:
        connection.execute(statement)
