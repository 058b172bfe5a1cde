"""Who vouches for an (issuer, subject), and what was pinned at the first sign-in (ruling 3)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Text, and_, bindparam, delete, exists, insert, or_, select

from mo_access.domain.model import Actor
from mo_access.storage.engine import Connection
from mo_access.storage.schema import client, client_issuer, identity, link, link_identity, person


def trusted(issuer: ColumnElement[str]) -> ColumnElement[bool]:
    """Only links of platform clients and of clients bound to the issuer count."""
    bound = exists(
        select(client_issuer.c.client_pk).where(
            client_issuer.c.client_pk == client.c.pk, client_issuer.c.issuer == issuer
        )
    )
    return and_(client.c.revoked.is_(None), or_(client.c.platform == 1, bound))


def speaks(issuer: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell whether a client's word about subjects of the issuer is believed.

    That of trusted clients is, and that of the client of the provider itself, which knows its
    subjects from their sign-ins. The latter finds nobody by userName or externalId.
    """
    return or_(trusted(issuer), client.c.provider == issuer)


_issuer: Final = bindparam("issuer", type_=Text)
_said = (
    select(link.c.person_pk)
    .join(link_identity, link_identity.c.link_pk == link.c.pk)
    .join(client, client.c.pk == link.c.client_pk)
    .where(
        link_identity.c.issuer == _issuer,
        link_identity.c.subject == bindparam("subject"),
        speaks(_issuer),
    )
)
# Locked, so that it stays somebody until a link is made to it; who is gone has no owner.
_VOUCHED = (
    select(person.c.pk, person.c.id)
    .where(person.c.pk.in_(_said), person.c.owner_pk.is_not(None))
    .with_for_update(read=True, of=person)
)
_TRUSTS = select(client.c.pk).where(client.c.pk == bindparam("client"), trusted(_issuer))
_SAID_BY = select(link_identity.c.issuer, link_identity.c.subject).where(
    link_identity.c.link_pk == bindparam("link")
)


def vouched(conn: Connection, actor: Actor, issuer: str, subject: str) -> tuple[int, str] | None:
    """Return the one person that clients who may give this pair to, if the actor is trusted.

    None as well when they name different people: an ambiguous pair links nobody.
    """
    if conn.one(_TRUSTS, {"client": actor.client_pk, "issuer": issuer}) is None:
        return None
    rows = conn.all(_VOUCHED, {"issuer": issuer, "subject": subject})
    return (int(rows[0][0]), str(rows[0][1])) if len(rows) == 1 else None


def said_by(conn: Connection, link_pk: int) -> frozenset[tuple[str, str]]:
    """Return the pairs that a link vouches for."""
    return frozenset((str(i), str(s)) for i, s in conn.all(_SAID_BY, {"link": link_pk}))


_UNPIN = delete(identity).where(identity.c.link_pk == bindparam("link"))
_PIN = insert(identity).values(
    issuer=_issuer,
    subject=bindparam("subject"),
    person_pk=bindparam("person"),
    link_pk=bindparam("link"),
    proof=bindparam("proof"),
    created=bindparam("now"),
)
_DROP_PIN = delete(identity).where(
    identity.c.issuer == _issuer, identity.c.subject == bindparam("subject")
)


def unpin(conn: Connection, link_pk: int) -> None:
    """Forget the sign-ins that this link made possible."""
    conn.run(_UNPIN, {"link": link_pk})


def drop_pin(conn: Connection, issuer: str, subject: str) -> None:
    """Forget one pinned sign-in."""
    conn.run(_DROP_PIN, {"issuer": issuer, "subject": subject})


def pin(  # noqa: PLR0913 - the columns of one row
    conn: Connection,
    issuer: str,
    subject: str,
    *,
    person_pk: int,
    link_pk: int | None,
    proof: str,
    now: int,
) -> None:
    """Remember that this pair is this person; ``proof`` names the attribute that matched."""
    drop_pin(conn, issuer, subject)
    row: dict[str, int | str | bytes | None] = {
        "issuer": issuer,
        "subject": subject,
        "person": person_pk,
        "link": link_pk,
        "proof": proof,
        "now": now,
    }
    conn.run(_PIN, row)
