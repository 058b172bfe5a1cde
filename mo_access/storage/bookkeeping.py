"""The tables beside the facts: what happened, what is counted, what was answered.

As in ``schema``, whose conventions hold here.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from mo_access.storage.columns import binary as _bytes
from mo_access.storage.columns import integer as _int
from mo_access.storage.columns import pk as _pk
from mo_access.storage.columns import reference as _ref
from mo_access.storage.columns import text as _text
from mo_access.storage.schema import BIG, metadata

__all__ = ["metadata"]

client_activity = Table(
    "client_activity",
    metadata,
    _pk(),
    _ref("client_pk", "client"),
    _int("at"),
    _text("method"),
    _text("resource"),
    _text("resource_id", null=True),
    _int("status"),
    _text("detail", null=True),
    _text("unmapped", null=True),
    _text("request_id"),
    Index(None, "client_pk", "at"),
)

client_tally = Table(
    "client_tally",
    metadata,
    Column("hour", BIG, primary_key=True),
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _int("times"),
    _int("last"),
)

list_total = Table(
    "list_total",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Column("shard", Integer, primary_key=True),
    _int("amount"),
)

audit_subject = Table(
    "audit_subject",
    metadata,
    Column("person", Text, primary_key=True),
    Column("event_pk", BIG, ForeignKey("audit_event.pk", ondelete="CASCADE"), primary_key=True),
    Column("what", Text, primary_key=True),
    Index(None, "event_pk"),
)

last_sign_in = Table(
    "last_sign_in",
    metadata,
    Column("person_pk", BIG, ForeignKey("person.pk"), primary_key=True, autoincrement=False),
    _int("at"),
)

access_review = Table(
    "access_review",
    metadata,
    _pk(),
    _text("institution"),
    _text("reviewer"),
    _int("at"),
    _int("people"),
    _bytes("digest"),
    _bytes("signature"),
    Index(None, "institution", "pk"),
)

beheerder_watch = Table(
    "beheerder_watch",
    metadata,
    Column("institution_pk", BIG, ForeignKey("institution.pk"), primary_key=True),
    _int("missing_since", null=True),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Column("key", Text, primary_key=True),
    _bytes("request"),
    _int("at"),
    _int("status"),
    _text("headers"),
    _bytes("body"),
    Index(None, "at"),
)
