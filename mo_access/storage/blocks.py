"""Blocks: setting, lifting and listing them, and remembering whom they are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Text, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from mo_access.domain.keys import Indexes
from mo_access.storage import bars, ended
from mo_access.storage.bars import Record, at_institution, identity_key, number_key
from mo_access.storage.ended import END, Ended
from mo_access.storage.engine import Connection
from mo_access.storage.identities import speaks
from mo_access.storage.interventions import block, block_key
from mo_access.storage.schema import (
    affiliation,
    client,
    identity,
    institution,
    link,
    link_identity,
    person,
    session,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block as it stands: on whom or what, why, since when (microseconds) and by whom."""

    id: str
    kind: str
    person: str | None
    institution: str | None
    reason: str
    since: int
    set_by: str
    bar: str | None = None


_BLOCKS = (
    select(
        *(block.c.id, block.c.kind, block.c.person, institution.c.number),
        *(block.c.reason, block.c.since, block.c.set_by, block.c.bar),
    )
    .select_from(block)
    .outerjoin(institution, institution.c.pk == block.c.institution_pk)
    .order_by(block.c.pk)
)
_OF_BAR = _BLOCKS.where(block.c.bar == bindparam("of")).with_for_update(of=block)
# Shared, so that writers do not wait for each other, but for who sets or lifts a block.
_STANDS = select(block.c.pk).where(block.c.bar == bindparam("of")).with_for_update(read=True)
_OF_INSTITUTION = _BLOCKS.where(
    block.c.bar.is_(None), institution.c.number == bindparam("at", type_=Text)
)
_AT = select(institution.c.pk).where(institution.c.number == bindparam("at", type_=Text))
_NEW = insert(block).values(
    **{name: bindparam(name) for name in ("id", "kind", "bar", "person", "reason", "since")},
    set_by=bindparam("set_by"),
    institution_pk=_AT.scalar_subquery(),
)
_DROP = delete(block).where(block.c.id == bindparam("of"))
_LOCK_PERSON = (
    select(person.c.pk, person.c.bar)
    .where(person.c.id == bindparam("person", type_=Text))
    .with_for_update()
)
_LOCK_LINKS = (
    select(link.c.pk)
    .join(person, person.c.pk == link.c.person_pk)
    .where(person.c.id == bindparam("person", type_=Text))
    .with_for_update(of=link)
)
_LOCK_INSTITUTION = _AT.with_for_update()


def every(conn: Connection) -> list[Block]:
    """List every block, the oldest first."""
    return [Block(*row) for row in conn.all(_BLOCKS, {})]


def of_bar(conn: Connection, bar: str) -> list[Block]:
    """List the blocks on one human, and hold them until the commit."""
    return [Block(*row) for row in conn.all(_OF_BAR, {"of": bar})]


def stands(conn: Connection, bar: str) -> bool:
    """Tell whether a block is on a human, and keep those as they are until the commit.

    A bar that was read before may be gone: without this, who writes it down anew while the last
    block is lifted would leave the human under a block that nobody can lift.
    """
    return bool(conn.all(_STANDS, {"of": bar}))


def of_institution(conn: Connection, number: str) -> list[Block]:
    """List the blocks on an institution as a whole: one at most."""
    return [Block(*row) for row in conn.all(_OF_INSTITUTION, {"at": number})]


def lock_person(conn: Connection, person_id: str) -> tuple[int, str | None] | None:
    """Hold a person until the commit; returns the key and the bar, or None for nobody.

    The records of clients are held first, as clients hold theirs before the person.
    """
    conn.all(_LOCK_LINKS, {"person": person_id})
    row = conn.one(_LOCK_PERSON, {"person": person_id})
    return (int(row[0]), row[1]) if row else None


def lock_institution(conn: Connection, number: str) -> None:
    """Hold an institution until the commit."""
    conn.one(_LOCK_INSTITUTION, {"at": number})


def add(conn: Connection, made: Block) -> None:
    """Write a block."""
    names = ("id", "kind", "bar", "person", "reason", "since", "set_by")
    conn.run(_NEW, {**{name: getattr(made, name) for name in names}, "at": made.institution})


def drop(conn: Connection, block_id: str) -> None:
    """Remove a block."""
    conn.run(_DROP, {"of": block_id})


_RECORDS = (
    select(link.c.client_pk, link.c.user_key, link.c.external_key)
    .where(link.c.person_pk == bindparam("person"))
    .order_by(link.c.pk)
)
_NUMBER = select(person.c.id, person.c.insz_sealed).where(
    person.c.pk == bindparam("person"), person.c.insz_sealed.is_not(None)
)
_CLAIMED = (
    select(link_identity.c.issuer, link_identity.c.subject)
    .join(link, link.c.pk == link_identity.c.link_pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(link.c.person_pk == bindparam("person"), speaks(link_identity.c.issuer))
)
_PINNED = select(identity.c.issuer, identity.c.subject).where(
    identity.c.person_pk == bindparam("person")
)
_OF_ANOTHER = (
    select(block_key.c.bar)
    .join(person, person.c.pk == bindparam("person"))
    .where(bars.is_number(), block_key.c.bar != person.c.bar)
    .limit(1)
)
_KEY: Final = ("kind", "scope", "value", "bar", "sealed")
_new_key = upsert(block_key).values({name: bindparam(name) for name in _KEY})
_REMEMBER = _new_key.on_conflict_do_update(
    index_elements=[block_key.c[name] for name in ("kind", "scope", "value", "bar")],
    set_={"sealed": func.coalesce(block_key.c.sealed, _new_key.excluded.sealed)},
)
_FORGET = delete(block_key).where(block_key.c.bar == bindparam("of"))
_NAME = update(person).where(person.c.pk == bindparam("of")).values(bar=bindparam("named"))


def name(conn: Connection, person_pk: int, bar: str) -> None:
    """Let a person be the human of this bar."""
    conn.run(_NAME, {"of": person_pk, "named": bar})


def is_registered(conn: Connection, person_pk: int) -> bool:
    """Tell whether a client still has a record of a person."""
    return conn.one(_RECORDS, {"person": person_pk}) is not None


def number_of(conn: Connection, person_pk: int) -> tuple[str, bytes] | None:
    """Give the id of a person with its sealed number, None where it has none."""
    row = conn.one(_NUMBER, {"person": person_pk})
    return (str(row[0]), bytes(row[1])) if row else None


def is_anothers(conn: Connection, person_pk: int, number: Indexes) -> bool:
    """Tell whether a person is under a block, and the number is known as another's who is too."""
    who = {"person": person_pk, **bars.number_params(number)}
    return conn.one(_OF_ANOTHER, who) is not None


def remember(
    conn: Connection, person_pk: int, bar: str, number: tuple[bytes, bytes] | None
) -> None:
    """Write down everything that the human of a bar is known by now, beside what is known.

    ``number`` is (blind index, number sealed for the bar), where the human has one.
    """
    who = {"person": person_pk}
    rows = conn.all(_RECORDS, who)
    pairs = (*conn.all(_CLAIMED, who), *conn.all(_PINNED, who))
    keys = {key for row in rows for key in Record(*row).keys}
    keys |= {identity_key(*one) for one in pairs}
    known: list[tuple[str | bytes | None, ...]] = [(*key, bar, None) for key in sorted(keys)]
    known += [(*number_key(number[0]), bar, number[1])] if number else []
    conn.many(_REMEMBER, [dict(zip(_KEY, key, strict=True)) for key in known])


def forget(conn: Connection, bar: str) -> None:
    """Forget a human on whom no block is left."""
    conn.run(_FORGET, {"of": bar})
    conn.run(_UNNAME, {"of": bar})


_UNNAME = update(person).where(person.c.bar == bindparam("of")).values(bar=None)
_on_whole: Final = bars.block_of(person.c.bar)
_MARK_PEOPLE = update(person).where(person.c.bar == bindparam("of")).values(blocked=_on_whole)
_SETTLE = (
    update(person)
    .where(person.c.pk == bindparam("of"))
    .values(bar=bars.standing(person.c.bar), blocked=_on_whole)
)
_PEOPLE = select(person.c.id).where(person.c.bar == bindparam("of")).order_by(person.c.pk)
_barred = select(person.c.pk).where(person.c.bar == bindparam("of"))
_MARK_AFFILIATIONS = (
    update(affiliation)
    .where(affiliation.c.person_pk.in_(_barred))
    .values(blocked=at_institution(affiliation.c.person_pk, affiliation.c.institution_pk))
)
_MARK_INSTITUTION = (
    update(institution)
    .where(institution.c.number == bindparam("at"))
    .values(blocked=bindparam("mark"))
)
_END_SESSIONS = END.where(
    session.c.person_pk.in_(
        select(person.c.pk).where(person.c.bar == bindparam("of"), person.c.blocked.is_not(None))
    )
)


def people(conn: Connection, bar: str) -> list[str]:
    """Give the ids of every row that stands for a human."""
    return [str(row[0]) for row in conn.all(_PEOPLE, {"of": bar})]


def mark_people(conn: Connection, bar: str) -> list[Ended]:
    """Let every row that stands for a human tell the blocks on it; return the sessions that end."""
    for statement in (_MARK_PEOPLE, _MARK_AFFILIATIONS):
        conn.run(statement, {"of": bar})
    return ended.end(conn, _END_SESSIONS, {"of": bar})


def settle(conn: Connection, person_pk: int) -> None:
    """Let one person be under the blocks that stand now, or under none."""
    conn.run(_SETTLE, {"of": person_pk})


def mark_institution(conn: Connection, number: str, block_id: str | None) -> None:
    """Let an institution tell the block on it."""
    conn.run(_MARK_INSTITUTION, {"at": number, "mark": block_id})
