"""By what a human under a block is known again, whatever rows stand for that human now.

The INSZ and the pairs of {issuer, subject} know the human from every client; userName and
externalId know only the record of the client that wrote them. Read inside the statements that
write people and links, so that neither costs a statement of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, exists, or_, select

from mo_access.domain.keys import Indexes
from mo_access.storage.constructs import json_texts
from mo_access.storage.engine import Params
from mo_access.storage.identities import speaks
from mo_access.storage.interventions import block, block_key
from mo_access.storage.schema import BIG, client, person

PERSON: Final = "person"
AFFILIATION: Final = "affiliation"
INSTITUTION: Final = "institution"
INSZ: Final = "insz"


@dataclass(frozen=True, slots=True)
class Record:
    """What a client's record is known by: its keys there, and the identities that it claims.

    ``insz`` is every blind index under which the number that the client said may stand, where it
    said one: two while the key is replaced.
    """

    client_pk: int
    user_key: str
    external_key: str | None
    identities: tuple[tuple[str, str], ...] = ()
    insz: Indexes | None = None

    @property
    def params(self) -> Params:
        """The parameters of the expressions below."""
        return {
            "bar_client": str(self.client_pk),
            "bar_user": self.user_key,
            "bar_external": self.external_key or "",
            "bar_pairs": json.dumps([pair(*one) for one in self.identities]),
        }

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """(kind, scope, value) of everything that it is known by, but the number."""
        own = [("userName", str(self.client_pk), self.user_key)]
        if self.external_key is not None:
            own.append(("externalId", str(self.client_pk), self.external_key))
        return own + [identity_key(*one) for one in self.identities]


def pair(issuer: str, subject: str) -> str:
    """Write an identity as one text; an issuer is an address and holds no line."""
    return f"{issuer}\n{subject}"


def number_params(insz: Indexes | None) -> Params:
    """Give the parameters by which a number is looked for; without one, nobody has it."""
    first, last = (one.hex() for one in insz or (b"", b""))
    return {"bar_insz": first, "bar_insz_or": last}


def number_key(index: bytes) -> tuple[str, str, str]:
    """Give (kind, scope, value) of the blind index of a number."""
    return INSZ, "", index.hex()


def identity_key(issuer: str, subject: str) -> tuple[str, str, str]:
    """Give (kind, scope, value) of an identity."""
    return "identity", issuer, pair(issuer, subject)


_k = block_key.c
_client, _user, _external, _insz, _insz_or = (
    bindparam(f"bar_{name}", type_=Text)
    for name in ("client", "user", "external", "insz", "insz_or")
)
_pairs = json_texts(bindparam("bar_pairs", type_=Text))
_of_record: Final = or_(
    and_(_k.kind == "userName", _k.scope == _client, _k.value == _user),
    and_(_k.kind == "externalId", _k.scope == _client, _k.value == _external),
    # Whom a provider does not trust lets nobody in by a claim, and learns nothing by making one.
    and_(
        _k.kind == "identity",
        _k.value.in_(select(_pairs.c.value)),
        exists(select(client.c.pk).where(cast(client.c.pk, Text) == _client, speaks(_k.scope))),
    ),
)
_of_number: Final = and_(_k.kind == INSZ, _k.scope == "", _k.value.in_([_insz, _insz_or]))


def is_number() -> ColumnElement[bool]:
    """Tell whether a key is the number that is looked for."""
    return _of_number


def bar_of_number() -> ColumnElement[str | None]:
    """Give the bar of the human with the number, NULL for who has none."""
    return select(_k.bar).where(_of_number).order_by(_k.bar).limit(1).scalar_subquery()


def bar_of_new() -> ColumnElement[str | None]:
    """Give the bar of a person that is made: by the number, else by the record that makes it."""
    either = or_(_of_number, and_(_insz == "", _of_record))
    return select(_k.bar).where(either).order_by(_k.bar).limit(1).scalar_subquery()


def block_of(bar: ColumnElement[str | None]) -> ColumnElement[str | None]:
    """Give the id of the block on the whole person that a bar stands for, NULL for none."""
    found = select(block.c.id).where(block.c.bar == bar, block.c.kind == PERSON)
    return found.order_by(block.c.id).limit(1).scalar_subquery()


def standing(bar: ColumnElement[str | None]) -> ColumnElement[str | None]:
    """Give the bar itself while a block of it stands, else NULL."""
    return select(block.c.bar).where(block.c.bar == bar).limit(1).scalar_subquery()


def of_another(target: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a record is known as that of a human under a block, and the target is not."""
    theirs = select(person.c.bar).where(person.c.pk == target).scalar_subquery()
    return exists(select(_k.bar).where(_of_record, _k.bar.is_distinct_from(theirs)))


def at_institution(
    person_pk: ColumnElement[int], institution_pk: ColumnElement[int]
) -> ColumnElement[str | None]:
    """Give the id of the block on what a person is at an institution, NULL for none."""
    barred = person.alias()
    found = (
        select(block.c.id)
        .join(barred, barred.c.bar == block.c.bar)
        .where(barred.c.pk == person_pk, block.c.institution_pk == institution_pk)
    )
    found = found.correlate_except(block, barred)
    return found.order_by(block.c.id).limit(1).scalar_subquery()


TARGET: Final = bindparam("bar_target", type_=BIG)
