"""Options of ``client`` that say whose access tokens act as it, and how the list shows them."""

from __future__ import annotations

import click

from mo_access.domain import oauth_client

issuer = click.option("--oauth-issuer", help="Access tokens of this issuer …")
client_id = click.option("--oauth-client-id", help="… and client id act as this client.")
subject = click.option(
    "--oauth-subject",
    help="Only those with this subject: the id of the client's own account at its issuer.",
)


def pairs(
    issuer: str | None, client_id: str | None, subject: str | None
) -> tuple[tuple[str, str], ...]:
    """Return what the three options say; a usage error unless they go together."""
    if bool(issuer) != bool(client_id):
        raise click.UsageError("--oauth-issuer and --oauth-client-id go together")
    if not issuer or not client_id:
        if subject is not None:
            raise click.UsageError("--oauth-subject needs --oauth-issuer and --oauth-client-id")
        return ()
    if not client_id.isprintable():
        raise click.UsageError("--oauth-client-id is printable text on one line")
    return ((issuer, oauth_client.named(client_id, subject)),)


def shown(told: tuple[str, str, str | None]) -> str:
    """Return one line of the list."""
    issuer, client_id, subject = told
    account = "" if subject is None else f", subject {subject} only"
    return f"{client_id} at {issuer}{account}"
