"""Whom an access token speaks of: a machine, or a person. Deny by default.

**Only a machine provisions.** The same client id stands in a client's own token and in the tokens
of everybody who signs in through it, so a token is a machine's only when nothing in it speaks of
a person. A person's token opens that person's own record (``/scim/v2/Me``) and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from mo_web.access_token import AccessToken
from mo_web.faults import TokenRefused
from mo_web.strict_json import JsonObject
from mo_web.token_claims import audiences

_MAX_SUBJECT: Final = 255
# The client that the token was issued to: RFC 9068; OpenID Connect Core; Entra's version 1.
_CLIENT_CLAIMS: Final = ("client_id", "azp", "appid")
# Names of a person (Core §5.1, Entra, RFC 7662, the Flemish broker), the traces of a person's
# sign-in, and rights that a person delegated (`scp` of Entra, `act` of RFC 8693). In lower case.
PERSON_CLAIMS: Final = frozenset(
    {
        *("username", "user_name", "preferred_username", "unique_name", "nickname", "upn"),
        *("name", "given_name", "family_name", "middle_name", "profile", "picture", "gender"),
        *("email", "email_verified", "mail", "phone_number", "phone_number_verified", "address"),
        *("birthdate", "rrn", "vo_id"),
        *("sid", "session_state", "auth_time", "amr"),
        *("scp", "act", "may_act"),
    }
)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The client whose own token it is, as its issuer knows it."""

    issuer: str
    client_id: str


@dataclass(frozen=True, slots=True)
class OAuthPerson:
    """The person whose token it is; ``claims`` are what the issuer says of them."""

    issuer: str
    subject: str
    claims: JsonObject


def machine(token: AccessToken) -> OAuthClient:
    """Return the client that is the subject of its own token.

    ``TokenRefused``: ``client`` when it names none or several, ``person`` when anything in it
    speaks of somebody, empty values included.
    """
    client_id = client_of(token)
    claims = token.claims
    if any(name.casefold() in PERSON_CLAIMS for name in claims):
        raise TokenRefused("person")
    if "sub" in claims and claims["sub"] != client_id and not _is_entra_app(claims):
        raise TokenRefused("person")
    return OAuthClient(token.issuer, client_id)


def client_of(token: AccessToken) -> str:
    """Return the client that the token was issued to; all claims that name one must agree."""
    named = [token.claims[name] for name in _CLIENT_CLAIMS if name in token.claims]
    first = named[0] if named else None
    if not isinstance(first, str) or not first or not first.isprintable():
        raise TokenRefused("client")
    if any(other != first for other in named):
        raise TokenRefused("client")
    return first


def check_recipient(token: AccessToken, our_client: str, ours: Collection[str]) -> None:
    """Raise ``TokenRefused`` unless the token was made for us: for our audience or our client.

    Else whoever gets a person's token, such as another application of the same provider, could
    read the person's record with it.
    """
    named = audiences(token.claims) if "aud" in token.claims else ()
    if not set(named) & set(ours) and token.claims.get("client_id") != our_client:
        raise TokenRefused("audience")


def person(token: AccessToken) -> OAuthPerson:
    """Return the person that the token speaks of; ``TokenRefused`` when it names nobody."""
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or not subject.isprintable():
        raise TokenRefused("subject")
    if len(subject) > _MAX_SUBJECT:
        raise TokenRefused("subject")
    return OAuthPerson(token.issuer, subject, token.claims)


def _is_entra_app(claims: JsonObject) -> bool:
    """Tell whether Entra says that this is the token of an application alone: a service principal.

    Its subject is then the principal's object id; for people the two differ.
    """
    subject = claims.get("sub")
    return claims.get("idtyp") == "app" and bool(subject) and subject == claims.get("oid")
