"""An echo is not an assertion (domain.md, rule 11; design section 3).

+------+-------+----------------+-----------+
| held | shown | asserted       | what      |
+======+=======+================+===========+
| yes  | any   | any            | assertion |
| no   | no    | any            | assertion |
| no   | yes   | no             | echo      |
| no   | yes   | by POST, path  | assertion |
+------+-------+----------------+-----------+

*held*: this link said it itself in this form; *shown*: it equals something shown to the caller
now, in value, role and dates; *asserted*: by a POST or an explicit PATCH path. Behind an
explicit path an untouched entry of the shown resource still carries the ``origin`` that we
rendered, and stays an echo: adding one affiliation asserts no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from mo_access.domain.model import AffiliationClaim, PersonView, Role, ShownAffiliation, Status

Fact: TypeAlias = tuple[str, Role, object, object]


def is_echo(*, held: bool, shown: bool, asserted: bool) -> bool:
    """Decide one row of the truth table."""
    return shown and not held and not asserted


def fact(item: AffiliationClaim | ShownAffiliation) -> Fact:
    """Return what two affiliations are compared by: value, role and dates."""
    return item.institution, item.role, item.start, item.end


def assertions(
    said: Iterable[tuple[AffiliationClaim, bool]],
    held: Iterable[AffiliationClaim],
    view: PersonView,
) -> tuple[AffiliationClaim, ...]:
    """Return what is left when the echoes are taken out of pairs (claim, asserted)."""
    own = {fact(claim) for claim in held}
    seen = {fact(affiliation) for affiliation in view.affiliations}
    return tuple(
        claim
        for claim, asserted in said
        if not is_echo(held=fact(claim) in own, shown=fact(claim) in seen, asserted=asserted)
    )


def derived_organization(view: PersonView) -> str | None:
    """Return the number shown as ``organization`` to a client that never sent one."""
    for affiliation in view.affiliations:
        if affiliation.primary and affiliation.status is not Status.ENDED:
            return affiliation.institution
    return None
