"""The tables (design section 2). Columns hold integers, text and bytes only.

Times are integer microseconds since the epoch (UTC), days ISO text, flags 0 or 1. Names with
``_key`` are case-folded, ``parts`` holds all folded texts of a row for the trigram index (see
``trigrams``). Migrations make these tables; ``mo-access db check`` compares.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from mo_access.storage.columns import BIG, metadata
from mo_access.storage.columns import binary as _bytes
from mo_access.storage.columns import integer as _int
from mo_access.storage.columns import pk as _pk
from mo_access.storage.columns import reference as _ref
from mo_access.storage.columns import text as _text

__all__ = ["BIG", "metadata"]

institution = Table(
    "institution",
    metadata,
    _pk(),
    _text("number", unique=True),
    _text("name"),
    _text("kind"),
    _text("board", null=True),
    _text("successor", null=True),
    _text("blocked", null=True),
    _int("themes_end", default=0),
    _text("successor_next", null=True),
    _text("successor_from", null=True),
    Index(None, "board"),
    Index(None, "successor"),
)

theme = Table(
    "theme",
    metadata,
    _pk(),
    _text("slug", unique=True),
    _text("name"),
    _text("confidentiality"),
    _int("min_level", default=0),
)

client = Table(
    "client",
    metadata,
    _pk(),
    _text("id", unique=True),
    _text("name", unique=True),
    _int("platform", default=0),
    _text("default_institution", null=True),
    _text("profile"),
    _text("scopes"),
    _int("created"),
    _int("revoked", null=True),
    _int("beheerders", default=1),
    _text("provider", null=True),
    Index(None, "provider", unique=True),
)

client_institution = Table(
    "client_institution",
    metadata,
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Column("institution_pk", BIG, ForeignKey("institution.pk"), primary_key=True),
)

client_issuer = Table(
    "client_issuer",
    metadata,
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Column("issuer", Text, primary_key=True),
)

client_oauth = Table(
    "client_oauth",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("oauth_client_id", Text, primary_key=True),
    _ref("client_pk", "client"),
)

client_secret = Table(
    "client_secret",
    metadata,
    _pk(),
    _text("id", unique=True),
    _ref("client_pk", "client"),
    _bytes("hash"),
    _int("created"),
    _int("expires", null=True),
    _int("revoked", null=True),
)

person = Table(
    "person",
    metadata,
    _pk(),
    _text("id", unique=True),
    _ref("owner_pk", "client", null=True),
    _int("active", default=1),
    _text("blocked", null=True),
    _text("bar", null=True),
    _bytes("insz_sealed", null=True),
    _bytes("insz_index", null=True),
    _int("created"),
    _int("modified"),
    UniqueConstraint("insz_index"),
)

link = Table(
    "link",
    metadata,
    _pk(),
    _ref("client_pk", "client"),
    _ref("person_pk", "person"),
    _text("user_name"),
    _text("user_key"),
    _text("external_id", null=True),
    _text("external_key", null=True),
    _int("active", default=1),
    _int("said_insz", default=0),
    _text("document"),
    _int("version", default=1),
    _int("created"),
    _int("modified"),
    _text("parts", default=""),
    Index(None, "client_pk"),
    UniqueConstraint("client_pk", "user_key"),
    UniqueConstraint("client_pk", "external_id"),
    UniqueConstraint("person_pk", "client_pk"),
    Index(None, "user_key"),
    Index(None, "external_key"),
)

link_value = Table(
    "link_value",
    metadata,
    Column("link_pk", BIG, ForeignKey("link.pk", ondelete="CASCADE"), primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("sub", Text, primary_key=True),
    _text("exact"),
    _text("folded"),
    Index(None, "attribute", "sub", "folded"),
)

link_identity = Table(
    "link_identity",
    metadata,
    Column("link_pk", BIG, ForeignKey("link.pk", ondelete="CASCADE"), primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Index(None, "issuer", "subject"),
)

affiliation = Table(
    "affiliation",
    metadata,
    _pk(),
    _ref("person_pk", "person"),
    _ref("institution_pk", "institution"),
    _ref("link_pk", "link", null=True, cascade=True),
    _text("form"),
    _text("role"),
    _text("start_day", null=True),
    _text("end_day", null=True),
    _int("is_primary", default=0),
    _text("blocked", null=True),
    _int("created"),
    _int("outside", default=0),
    _text("reason", null=True),
    Index(None, "person_pk", "institution_pk"),
    Index(None, "institution_pk", "role"),
    Index(None, "institution_pk", "person_pk"),
    Index(None, "link_pk"),
    Index(None, "end_day"),
)

direct_grant = Table(
    "direct_grant",
    metadata,
    _pk(),
    _ref("person_pk", "person"),
    _ref("link_pk", "link", cascade=True),
    _ref("theme_pk", "theme"),
    _ref("institution_pk", "institution"),
    _int("created"),
    _int("outside", default=0),
    _int("ended", null=True),
    UniqueConstraint("link_pk", "theme_pk", "institution_pk"),
    Index(None, "person_pk", "theme_pk"),
    Index(None, "institution_pk", "person_pk"),
)

group = Table(
    "group_",
    metadata,
    _pk(),
    _text("id", unique=True),
    _ref("client_pk", "client"),
    _text("display_name"),
    _text("display_key"),
    _text("external_id", null=True),
    _ref("theme_pk", "theme", null=True),
    _ref("institution_pk", "institution", null=True),
    _text("role", null=True),
    _text("document"),
    _int("version", default=1),
    _int("created"),
    _int("modified"),
    _int("size", default=0),
    _text("parts", default=""),
    _int("outside", default=0),
    Index(None, "client_pk"),
    UniqueConstraint("client_pk", "external_id"),
    Index(None, "client_pk", "display_key"),
    Index(None, "display_key"),
    Index(None, "external_id"),
    Index(None, "theme_pk", "institution_pk"),
    Index(None, "institution_pk", "role"),
)

group_value = Table(
    "group_value",
    metadata,
    Column("group_pk", BIG, ForeignKey("group_.pk", ondelete="CASCADE"), primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("sub", Text, primary_key=True),
    _text("exact"),
    _text("folded"),
    Index(None, "attribute", "sub", "folded"),
)

membership = Table(
    "membership",
    metadata,
    Column("group_pk", BIG, ForeignKey("group_.pk", ondelete="CASCADE"), primary_key=True),
    Column("person_pk", BIG, ForeignKey("person.pk"), primary_key=True),
    _text("display", null=True),
    _int("created"),
    _int("ended", null=True),
    Index(None, "person_pk", "group_pk"),
)

identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _ref("person_pk", "person"),
    _ref("link_pk", "link", null=True, cascade=True),
    _text("proof"),
    _int("created"),
    Index(None, "person_pk"),
)

session = Table(
    "session",
    metadata,
    _pk(),
    Column("id_hash", LargeBinary, nullable=False, unique=True),
    _ref("person_pk", "person"),
    _int("reach_all", default=0),
    _text("provider"),
    _text("issuer"),
    _text("subject"),
    _text("sid", null=True),
    _text("acr", null=True),
    _int("level", default=0),
    _text("capacity", null=True),
    _bytes("id_token_sealed", null=True),
    _int("created"),
    _int("seen"),
    _int("expires"),
    _int("auth_time", null=True),
    _bytes("refresh_sealed", null=True),
    _int("renew_at", null=True),
    _int("renewing_until", null=True),
    _text("mode", default="scim"),
    Index(None, "person_pk"),
    Index(None, "issuer", "sid"),
    Index(None, "issuer", "subject"),
    Index(None, "expires"),
)

session_reach = Table(
    "session_reach",
    metadata,
    Column("session_pk", BIG, ForeignKey("session.pk", ondelete="CASCADE"), primary_key=True),
    Column("client_pk", BIG, ForeignKey("client.pk"), primary_key=True),
    Index(None, "client_pk"),
)

one_time = Table(
    "one_time",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value_hash", LargeBinary, primary_key=True),
    _text("owner", null=True),
    _text("payload"),
    _int("expires"),
    Index(None, "kind", "owner"),
    Index(None, "expires"),
)

document = Table(
    "document",
    metadata,
    _pk(),
    _text("id", unique=True),
    _text("title"),
    _ref("institution_pk", "institution"),
    _text("contact_name"),
    _text("contact_email"),
    _text("file_name"),
    _text("media_type"),
    _text("digest"),
    _int("size"),
    _int("created"),
    Index(None, "institution_pk"),
)

document_theme = Table(
    "document_theme",
    metadata,
    Column("document_pk", BIG, ForeignKey("document.pk", ondelete="CASCADE"), primary_key=True),
    Column("theme_pk", BIG, ForeignKey("theme.pk"), primary_key=True),
    Index(None, "theme_pk"),
)

audit_event = Table(
    "audit_event",
    metadata,
    _pk(),
    _text("chain"),
    _int("at"),
    _text("kind"),
    _text("outcome"),
    _text("body"),
    _bytes("content_hash"),
    _int("seq", null=True),
    _bytes("chain_hash", null=True),
    _text("person", null=True),
    UniqueConstraint("chain", "seq"),
    Index(None, "seq"),
    Index(None, "person", "pk"),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("seq", BIG, primary_key=True),
    _bytes("head"),
    _int("at"),
    _bytes("signature"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    _text("holder"),
    _int("expires"),
)
