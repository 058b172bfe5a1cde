"""The table of subjects that are numbers of the national register (some brokers take it for one).

As in ``schema``, whose conventions hold here. Wherever else a subject stands (``session``,
``identity``, ``link_identity``, ``block_key``) such a one stands as ``subject``, a name made with
the key of the blind index; ``sealed`` is the subject itself, as a new key needs a new name.
"""

from sqlalchemy import Table, UniqueConstraint

from mo_access.storage.claim_tables import metadata
from mo_access.storage.columns import binary as _bytes
from mo_access.storage.columns import pk as _pk
from mo_access.storage.columns import text as _text

__all__ = ["metadata"]

sealed_subject = Table(
    "sealed_subject",
    metadata,
    _pk(),
    _text("issuer"),
    _text("subject"),
    _bytes("sealed"),
    UniqueConstraint("issuer", "subject"),
)
