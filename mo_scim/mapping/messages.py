"""``schemas`` of the messages that clients send (RFC 7644 section 8.2): what kind each is."""

from __future__ import annotations

from typing import Final

from mo_access.domain.model import Document
from mo_scim.mapping.refusals import InvalidSyntax
from mo_scim.profiles import Deviation, Profile

PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK: Final = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def parts(message: Document) -> Document:
    """Return the parts under folded names; refuses one that is written twice, in two cases."""
    found = {name.casefold(): value for name, value in message.items()}
    if len(found) != len(message):
        raise InvalidSyntax("The message holds a name twice. Send it once.")
    return found


def check(body: Document, urn: str, profile: Profile) -> None:
    """Refuse a message that does not say that it is one, unless the profile tolerates that."""
    sent = next((value for name, value in body.items() if name.casefold() == "schemas"), None)
    if not sent:
        if not profile.allows(Deviation.MISSING_SCHEMAS):
            raise InvalidSyntax(f'schemas: is required. Send ["{urn}"].', attribute="schemas")
        return
    named = sent if isinstance(sent, list) else []
    if urn.casefold() in {str(each).casefold() for each in named}:
        return
    if not profile.allows(Deviation.UNKNOWN_SCHEMAS):
        raise InvalidSyntax(f'schemas: must name the message. Send ["{urn}"].', attribute="schemas")
