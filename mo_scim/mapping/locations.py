"""``meta.location`` in a filter: nobody stores it, but it is an address of ours and the id.

An id is in lower case and ``location`` is compared without case (RFC 7643 section 3.1 does not say
otherwise), so what is asked is folded and laid beside the two.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from mo_access.domain import criteria
from mo_access.domain.criteria import Column, Compare, Criteria, Not, Nothing, Op
from mo_access.domain.text import fold
from mo_scim.mapping import operands

_ALL: Final = Not(Nothing())


def compared(op: Op, asked: str, base_url: str, resource: str) -> Criteria:
    """Return what a comparison asks of the id; ``base_url`` stands before ``/Users/…``."""
    front, text = fold(f"{base_url}/{resource}s/"), fold(asked)
    if op is Op.NE:
        return Not(compared(Op.EQ, asked, base_url, resource))
    if op in {Op.CO, Op.EW}:
        across = Op.SW if op is Op.CO else Op.EQ
        found = [Compare(Column.ID, across, rest) for rest in _behind(front, text)]
        whole: Criteria = Compare(Column.ID, op, text)
        return _ALL if op is Op.CO and text in front else reduce(criteria.Or, found, whole)
    if text.startswith(front):
        return Compare(Column.ID, op, text.removeprefix(front))
    # What is asked ends or differs inside the front, which is the same for all.
    return _ALL if operands.stands(front, op, text) else Nothing()


def _behind(front: str, text: str) -> list[str]:
    """Give what is left of the text behind each beginning of it with which the front ends."""
    starts = range(1, min(len(text), len(front) + 1))
    return [text[at:] for at in starts if front.endswith(text[:at])]
