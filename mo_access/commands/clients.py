"""``client``: the provisioning clients and applications, and their tokens."""

from __future__ import annotations

from dataclasses import asdict

import click

from mo_access.commands import client_endings, oauth_options
from mo_access.commands.desk import as_json, moment, opened, say_json, say_table
from mo_access.service import client_change, clients
from mo_access.service.client_change import ClientChange
from mo_access.service.clients import DEFAULT_SCOPES, SCOPES, NewClient
from mo_access.storage.clients import ClientRow
from mo_scim import profiles

_DAY = 86_400
_left_without = click.option(
    "--leave-without-beheerder",
    "left_without",
    default="",
    metavar="REASON",
    help="Go on although an institution loses its last beheerder (last_beheerder = refuse).",
)
_days = click.option("--days", type=click.IntRange(1, 3650), help="Days until the token expires.")


class ProfileName(click.ParamType[str]):
    """A profile, perhaps with single deviations let in or kept out (docs/profiles.md)."""

    name = "profile"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text in lower case without spaces, or fail with what is known."""
        text = "".join(value.split()).casefold()
        try:
            profiles.profile(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return text


@click.group()
def client() -> None:
    """Clients that provision or ask for decisions."""


@client.command()
@click.argument("name")
@click.option(
    "--institution",
    "institutions",
    multiple=True,
    help="It may act for this number; a board covers its schools.",
)
@click.option("--platform", is_flag=True, help="It may act for every institution.")
@click.option("--default-institution", help="Meant where a role names no institution.")
@click.option("--issuer", "issuers", multiple=True, help="Sign-ins of it find this client's links.")
@oauth_options.issuer
@oauth_options.client_id
@oauth_options.subject
@click.option(
    "--profile",
    type=ProfileName(),
    default="lenient",
    show_default=True,
    help="Which deviations of a broker pass, as in: lenient,-remove_values",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help=f"Repeats; without it: {' '.join(DEFAULT_SCOPES)}.",
)
@click.option(
    "--beheerders/--no-beheerders",
    default=True,
    show_default=True,
    help="Whether it may make somebody beheerder; else that role counts as gebruiker.",
)
@_days
@as_json
def create(
    *,
    name: str,
    institutions: tuple[str, ...],
    platform: bool,
    default_institution: str | None,
    issuers: tuple[str, ...],
    oauth_issuer: str | None,
    oauth_client_id: str | None,
    oauth_subject: str | None,
    profile: str,
    scopes: tuple[str, ...],
    beheerders: bool,
    days: int | None,
    as_json: bool,
) -> None:
    """Make a client and show its token, once."""
    new = NewClient(
        name=name,
        institutions=institutions,
        platform=platform,
        default_institution=default_institution,
        issuers=issuers,
        oauth=oauth_options.pairs(oauth_issuer, oauth_client_id, oauth_subject),
        profile=profile,
        scopes=scopes or DEFAULT_SCOPES,
        expires=None if days is None else days * _DAY,
        beheerders=beheerders,
    )
    with opened().unit() as uow:
        client_id, token = clients.create(uow, new)
        uow.commit()
    _show(client_id, token, as_json=as_json)


@client.command()
@click.argument("client")
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    help="Hours that the old tokens go on; without it they stay until revoked.",
)
@_days
@as_json
def rotate(client: str, overlap: int | None, days: int | None, *, as_json: bool) -> None:
    """Make a further token for CLIENT (name or id) and show it, once."""
    hours = None if overlap is None else overlap * 3_600
    with opened().unit() as uow:
        client_id, token = clients.rotate(
            uow, client, overlap=hours, expires=None if days is None else days * _DAY
        )
        uow.commit()
    _show(client_id, token, as_json=as_json)


@client.command()
@click.argument("client")
@click.option("--token", default="", help="End only the token with this id (see client list).")
@click.option(
    "--end-rights",
    is_flag=True,
    help="End all that it gave too, everywhere; also of a client that is revoked already.",
)
@_left_without
@as_json
def revoke(client: str, *, token: str, end_rights: bool, left_without: str, as_json: bool) -> None:
    """End CLIENT (name or id) and all its tokens; holds from the next request on.

    What it gave stays, until it is ended: with --end-rights, or person by person.
    """
    if end_rights and token:
        raise click.UsageError("--token leaves the client alive, and so all that it gave")
    if left_without and not end_rights:
        raise click.UsageError("--leave-without-beheerder goes with --end-rights")
    if end_rights:
        return client_endings.end(opened(), client, left_without.strip(), as_json=as_json)
    with opened().unit() as uow:
        ended = clients.revoke(uow, client, secret=token)
        uow.commit()
    if as_json:
        return say_json({"tokens": ended})
    return click.echo(f"{ended} token(s) ended")


@client.command()
@click.argument("client")
@click.option("--name", help="Another name.")
@click.option("--add-institution", "add", multiple=True, help="It may act for this number too.")
@click.option(
    "--remove-institution",
    "remove",
    multiple=True,
    help="It may not act for this number any more; what it gave there ends.",
)
@click.option("--default-institution", help="Meant where a role names no institution; '' for none.")
@click.option("--profile", type=ProfileName(), help="Which deviations of a broker pass.")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeats; replaces all."
)
@click.option(
    "--beheerders/--no-beheerders",
    default=None,
    help="Whether it may make somebody beheerder; holds for those that it made, too.",
)
@oauth_options.issuer
@oauth_options.client_id
@oauth_options.subject
@click.option("--no-oauth", is_flag=True, help="No (other) access token acts as this client.")
@_left_without
@as_json
def change(
    client: str,
    *,
    name: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    default_institution: str | None,
    profile: str | None,
    scopes: tuple[str, ...],
    beheerders: bool | None,
    oauth_issuer: str | None,
    oauth_client_id: str | None,
    oauth_subject: str | None,
    no_oauth: bool,
    left_without: str,
    as_json: bool,
) -> None:
    """Change CLIENT (name or id); holds for its tokens from the next request on."""
    told = (name, profile, scopes or None, default_institution, add, remove, beheerders)
    oauth = oauth_options.pairs(oauth_issuer, oauth_client_id, oauth_subject)
    wanted = ClientChange(*told, left_without.strip(), oauth, no_oauth)
    if wanted == ClientChange():
        raise click.UsageError("say what to change; see --help")
    with opened().unit() as uow:
        client_id, ended = client_change.change(uow, client, wanted)
        uow.commit()
    if as_json:
        return say_json({"id": client_id, "ended": asdict(ended)})
    click.echo(f"client {client_id} changed")
    if ended.institutions:
        counts = f"{ended.affiliations} affiliations, {ended.grants} grants, {ended.groups} groups"
        click.echo(f"ended at {' '.join(ended.institutions)}: {counts}")
    return None


@client.command("list")
@as_json
def list_clients(*, as_json: bool) -> None:
    """List every client, without secrets."""
    with opened().unit() as uow:
        found = clients.listed(uow)
    if as_json:
        return say_json([asdict(c) for c in found])
    rows = [
        (
            c.name,
            c.id,
            _place(c),
            c.scopes,
            c.profile,
            tuple(map(oauth_options.shown, c.oauth)),
            tuple(s.id for s in c.secrets if s.revoked is None),
            moment(c.revoked) if c.revoked else "",
        )
        for c in found
    ]
    columns = ("name", "id", "institutions", "scopes", "profile", "oauth", "tokens", "revoked")
    return say_table(columns, rows, empty="No clients yet.")


def _place(found: ClientRow) -> tuple[str, ...]:
    """Tell where a client acts; that of a provider only keeps whom its sign-ins made."""
    if found.provider is not None:
        return (f"whoever signs in at {found.provider}",)
    return ("all",) if found.platform else found.institutions


def _show(client_id: str, token: str, *, as_json: bool) -> None:
    if as_json:
        return say_json({"id": client_id, "token": token})
    click.echo(f"client {client_id}\ntoken  {token}")
    return click.echo("Keep the token now: it is not stored and cannot be shown again.", err=True)
