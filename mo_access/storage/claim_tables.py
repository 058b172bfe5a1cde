"""The table of rights that came with a session, from the claims of its sign-in (ruling 8).

As in ``schema``, whose conventions hold here. A row hangs on its session and is gone with it;
``theme_pk`` NULL: it is the role, else the theme. ``idle`` is after how many microseconds without
use the session is over, for questions that no session asks. ``person_pk`` is that of the session.
"""

from sqlalchemy import Index, Table

from mo_access.storage.columns import integer as _int
from mo_access.storage.columns import pk as _pk
from mo_access.storage.columns import reference as _ref
from mo_access.storage.columns import text as _text
from mo_access.storage.interventions import metadata

__all__ = ["metadata"]

session_right = Table(
    "session_right",
    metadata,
    _pk(),
    _ref("session_pk", "session", cascade=True),
    _ref("person_pk", "person"),
    _ref("institution_pk", "institution"),
    _ref("theme_pk", "theme", null=True),
    _text("role", null=True),
    _int("idle"),
    _int("created"),
    Index(None, "session_pk"),
    Index(None, "person_pk"),
    Index(None, "institution_pk", "person_pk"),
)
