"""The tables of what the platform and the calendar do to rights: blocks, and ends that were told.

As in ``schema``, whose conventions hold here. A ``bar`` names one human under a block, whatever
rows stand for that human now: ``person.bar`` refers to it, ``block_key`` holds by what the human
is known again after every row was removed and made anew. Of kind ``insz`` that is the blind index
of a number, with the number ``sealed`` beside it, as a new key needs a new index.
"""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from mo_access.storage.bookkeeping import metadata
from mo_access.storage.columns import BIG
from mo_access.storage.columns import binary as _bytes
from mo_access.storage.columns import integer as _int
from mo_access.storage.columns import pk as _pk
from mo_access.storage.columns import reference as _ref
from mo_access.storage.columns import text as _text

__all__ = ["metadata"]

block = Table(
    "block",
    metadata,
    _pk(),
    _text("id", unique=True),
    _text("kind"),
    _text("bar", null=True),
    _text("person", null=True),
    _ref("institution_pk", "institution", null=True),
    _text("reason"),
    _int("since"),
    _text("set_by"),
    Index(None, "bar", "institution_pk"),
)

block_key = Table(
    "block_key",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("bar", Text, primary_key=True),
    _bytes("sealed", null=True),
    Index(None, "bar"),
)

affiliation_end = Table(
    "affiliation_end",
    metadata,
    Column("person_pk", BIG, ForeignKey("person.pk"), primary_key=True),
    Column("institution_pk", BIG, ForeignKey("institution.pk"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("end_day", Text, primary_key=True),
    _int("noticed", null=True),
    _int("ended", null=True),
)
