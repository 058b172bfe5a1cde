"""What a SCIM message can get wrong, with the scimType of RFC 7644 section 3.12 and RFC 9865."""

from mo_access.domain.errors import Immutable, Invalid, MissingTarget


class InvalidFilter(Invalid):
    """A filter or sortBy that is malformed, too large, or names what cannot be searched."""


class InvalidPath(Invalid):
    """A PATCH path that is malformed or names no attribute."""


class InvalidSyntax(Invalid):
    """A body whose structure is not that of the message."""


class TooMany(Invalid):
    """A message with more parts than the documented limit."""


class InvalidCursor(Invalid):
    """A cursor that was not given out for this query (RFC 9865 section 2.1)."""


class ExpiredCursor(Invalid):
    """A cursor that is too old."""


class InvalidCount(Invalid):
    """A page size that a list by cursor cannot have."""


def scim_type(error: Exception) -> str | None:
    """Return the scimType of an error that is answered with 400, None for any other."""
    table: tuple[tuple[type[Invalid], str], ...] = (
        (InvalidFilter, "invalidFilter"),
        (InvalidPath, "invalidPath"),
        (InvalidSyntax, "invalidSyntax"),
        (TooMany, "tooMany"),
        (InvalidCursor, "invalidCursor"),
        (ExpiredCursor, "expiredCursor"),
        (InvalidCount, "invalidCount"),
        (MissingTarget, "noTarget"),
        (Immutable, "mutability"),
        (Invalid, "invalidValue"),
    )
    return next((name for kind, name in table if isinstance(error, kind)), None)
