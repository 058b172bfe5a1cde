"""What can go wrong in the core, as one tree.

AccessError
  NotFound            the thing does not exist for this caller (rule 4: foreign equals absent)
  Invalid             a value is refused; nothing was changed
    Sensitive         a value that may not be searched this way
    MissingTarget     a patch path that selects nothing
    Immutable         an attribute that the caller may not change
  Conflict            a value that must be unique is taken
  LastBeheerder       the institution would be left without beheerder (rule 8, ``refuse``)
  Stale               the version that the caller expected is not the current one
  Overtaken           what the caller may do changed under way; the same request may succeed
  Forbidden           the caller lacks a scope
  TooLarge            a documented limit was passed (rule 12)
  Refused             a sign-in that is not accepted, with its reason code
"""


class AccessError(Exception):
    """Base of every error of the core; its text is safe to show to the caller."""

    def __init__(self, message: str, *, attribute: str | None = None) -> None:
        """Keep the sentence and the attribute that it is about (wire name, or None)."""
        super().__init__(message)
        self.message = message
        self.attribute = attribute


class NotFound(AccessError):
    """The resource does not exist for this caller."""


class Invalid(AccessError):
    """A value is refused; nothing was changed."""


class Sensitive(Invalid):
    """A value that may not travel in a URL (domain.md, People: INSZ)."""


class MissingTarget(Invalid):
    """A path that selects no value (RFC 7644 section 3.5.2, noTarget)."""


class Immutable(Invalid):
    """An attribute that is read-only or cannot be changed after creation."""


class Conflict(AccessError):
    """A value that must be unique within the client is taken."""


class LastBeheerder(AccessError):
    """The change would leave an institution without beheerder; nothing was changed."""


class Stale(AccessError):
    """The expected version is not the current one; nothing was changed."""


class Overtaken(AccessError):
    """What the caller may do changed while the request was under way; nothing was changed."""


class Forbidden(AccessError):
    """The caller is known but lacks the scope for this."""


class TooLarge(AccessError):
    """A documented limit was passed (rule 12); the text names the limit."""


class Refused(AccessError):
    """A sign-in that is not accepted; ``code`` is the stable reason.

    ``person`` is the id of the one person that it led to, if it did: for the audit trail only.
    """

    def __init__(self, code: str, message: str, *, person: str | None = None) -> None:
        """Keep the stable reason code beside the sentence."""
        super().__init__(message)
        self.code = code
        self.person = person
