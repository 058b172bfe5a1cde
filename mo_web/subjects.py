"""Whom an access token speaks of: a machine, or a person. Deny by default.

**Only a machine provisions.** The same client id stands in a client's own token and in the tokens
of everybody who signs in through it, so a token is a machine's only when nothing in it speaks of
a person, or when its subject is what an operator registered as the client's own account
(`OAuthClient.names`). A person's token opens that person's own record (``/scim/v2/Me``) and
nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from mo_access.domain import oauth_client
from mo_web.access_token import AccessToken
from mo_web.faults import TokenRefused
from mo_web.strict_json import JsonObject
from mo_web.token_claims import audiences

# The client that the token was issued to: RFC 9068; OpenID Connect Core; Entra's version 1.
_CLIENT_CLAIMS: Final = ("client_id", "azp", "appid")
# Names of a person (Core §5.1, Entra, RFC 7662, the Flemish broker), which the account of a machine
# may have too. In lower case, as below.
_NAMES: Final = frozenset(
    {
        *("username", "user_name", "preferred_username", "unique_name", "nickname", "upn"),
        *("name", "given_name", "family_name", "middle_name", "profile"),
        *("email", "email_verified", "mail"),
    }
)
# What no machine has: a life, the traces of a person's sign-in, and rights that a person
# delegated (`scp` of Entra, `act` of RFC 8693).
_ONLY_PERSONS: Final = frozenset(
    {
        *("picture", "gender", "birthdate", "phone_number", "phone_number_verified", "address"),
        *("rrn", "vo_id"),
        *("sid", "session_state", "auth_time", "amr"),
        *("scp", "act", "may_act"),
    }
)
PERSON_CLAIMS: Final = _NAMES | _ONLY_PERSONS


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The client that a token was issued to, as its issuer knows it.

    ``account``: the token speaks of somebody, who may be the client's own account at its issuer
    or anybody who signed in through it. So it is the client's only where an operator said that
    this ``subject`` is its account.
    """

    issuer: str
    client_id: str
    subject: str | None = None
    account: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """As what the client must be registered here: that of the account first."""
        plain = () if self.account else (self.client_id,)
        if self.subject is None:
            return plain
        return (oauth_client.named(self.client_id, self.subject), *plain)


@dataclass(frozen=True, slots=True)
class OAuthPerson:
    """The person whose token it is; ``claims`` are what the issuer says of them."""

    issuer: str
    subject: str
    claims: JsonObject


def machine(token: AccessToken) -> OAuthClient:
    """Return the client that a token belongs to **if it is registered under its names**.

    ``TokenRefused``: ``client`` when it names none or several, ``person`` when anything in it
    speaks of somebody, empty values included, and it cannot be the account of a machine.
    """
    client_id, said = client_of(token), token.claims.get("sub")
    subject = said if oauth_client.is_subject(said) else None
    if _is_own(token.claims, client_id):
        return OAuthClient(token.issuer, client_id, subject)
    if subject is None or any(name.casefold() in _ONLY_PERSONS for name in token.claims):
        raise TokenRefused("person")
    return OAuthClient(token.issuer, client_id, subject, account=True)


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
    if not oauth_client.is_subject(subject):
        raise TokenRefused("subject")
    return OAuthPerson(token.issuer, subject, token.claims)


def _is_own(claims: JsonObject, client_id: str) -> bool:
    """Tell whether nothing in a token speaks of anybody but its client."""
    if any(name.casefold() in PERSON_CLAIMS for name in claims):
        return False
    return "sub" not in claims or claims["sub"] == client_id or _is_entra_app(claims)


def _is_entra_app(claims: JsonObject) -> bool:
    """Tell whether Entra says that this is the token of an application alone: a service principal.

    Its subject is then the principal's object id; for people the two differ.
    """
    subject = claims.get("sub")
    return claims.get("idtyp") == "app" and bool(subject) and subject == claims.get("oid")
