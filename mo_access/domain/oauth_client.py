"""How the client of an issuer is named here: by its id, or by its id and its own account.

Issuers such as Keycloak give a client an account, whose subject stands in the client's own tokens.
A registration with that subject lets in these tokens and no others of the same client.
"""

from __future__ import annotations

from typing import Final, TypeGuard

from mo_access.domain.errors import Invalid
from mo_access.domain.text import without_numbers

LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core section 2."""
_BETWEEN: Final = "\n"
"""Printable text holds none, so that no id can be taken for an id with a subject."""


def named(client_id: str, subject: str | None = None) -> str:
    """Return the name of a client, or of its account; both parts are printable."""
    return client_id if subject is None else f"{client_id}{_BETWEEN}{subject}"


def parts(name: str) -> tuple[str, str | None]:
    """Return the client id of a name, and the subject if it has one."""
    client_id, between, subject = name.partition(_BETWEEN)
    return client_id, subject if between else None


def is_subject(value: object) -> TypeGuard[str]:
    """Tell whether this is a subject that an account can have: printable, not empty, not long."""
    if not isinstance(value, str) or len(value) > LONGEST_SUBJECT:
        return False
    return bool(value.strip()) and value.isprintable()


def check(name: str) -> None:
    """Raise ``Invalid`` for a name that no client or account of an issuer can have."""
    client_id, subject = parts(name)
    if not client_id or not client_id.isprintable():
        raise Invalid("the client id of an issuer is printable text on one line")
    if subject is None:
        return
    if not is_subject(subject):
        raise Invalid(f"a subject is printable text on one line, {LONGEST_SUBJECT} characters long")
    if without_numbers(subject) != subject:
        raise Invalid("that subject looks like a person's number: a machine has an account's id")
