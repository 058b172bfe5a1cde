"""Which links of a person a session that counts everywhere does not stand on (ruling 3).

Links meet at one person through a number or through {issuer, subject}. A school that writes both,
of two people, makes one person of them; what others then give to the one must not open to the
other. A session that stands on a platform client's link, or on the number, reaches the links that
share with those what they are known by; all others are contested.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, exists, or_, select

from mo_access.storage.schema import client, link, link_identity, session, session_reach

BY_LINK: Final = 2
"""Bit of ``session.reach_all``: it stands on a platform client's link."""
BY_NUMBER: Final = 4
"""Bit of ``session.reach_all``: it stands on the number that the provider told."""

_basis, _platform = link.alias("basis"), client.alias("platform")
_mine, _same = link_identity.alias("mine"), link_identity.alias("same")
_matched = select(session_reach.c.client_pk).where(session_reach.c.session_pk == session.c.pk)
_by_number: Final = session.c.reach_all >= BY_NUMBER
_shared: Final = or_(
    and_(_basis.c.said_insz == 1, link.c.said_insz == 1),
    exists(
        select(_same.c.link_pk)
        .join(_mine, and_(_mine.c.issuer == _same.c.issuer, _mine.c.subject == _same.c.subject))
        .where(_mine.c.link_pk == link.c.pk, _same.c.link_pk == _basis.c.pk)
        .correlate(link, _basis)
    ),
)
_vouched: Final = exists(
    select(_basis.c.pk)
    .join(_platform, _platform.c.pk == _basis.c.client_pk)
    .where(
        _basis.c.person_pk == link.c.person_pk,
        _platform.c.platform == 1,
        _platform.c.revoked.is_(None),
        or_(_basis.c.client_pk.in_(_matched), and_(_by_number, _basis.c.said_insz == 1)),
        _shared,
    )
    .correlate(link, session)
)
CONTESTED: Final = (
    select(link.c.pk)
    .where(
        session.c.reach_all >= BY_LINK,
        link.c.person_pk == session.c.person_pk,
        link.c.client_pk.not_in(_matched),
        ~and_(_by_number, link.c.said_insz == 1),
        ~_vouched,
    )
    .correlate(session)
)
"""The contested links of a session's person, inside a statement about sessions."""
