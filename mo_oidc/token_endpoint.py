"""The requests behind the browser's back: the code for tokens, and UserInfo."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from mo_oidc.config import ProviderConfig
from mo_oidc.errors import FlowRefused
from mo_oidc.id_token import VerifiedClaims
from mo_oidc.metadata import Metadata
from mo_oidc.provider import Provider
from mo_web import client_auth
from mo_web.faults import UNAVAILABLE, ProviderTrouble, TokenRefused, trouble
from mo_web.fetch import FetchError, bound, get_text, only_fetch_errors
from mo_web.jws import verify_signature
from mo_web.strict_json import JsonObject, NotStrictJsonError, parse_object
from mo_web.token_claims import audiences

_OK, _SERVER_ERRORS, _TOO_MANY = 200, 500, 429
# What a provider says about the code, not about us; everything else is its or our trouble.
_ERRORS_OF_THE_CODE = ("invalid_grant", "invalid_request")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)


def exchange(provider: Provider, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Exchange the code (Core §3.1.3); `FlowRefused` for a bad code, else `ProviderTrouble`."""
    config, metadata = provider.config, provider.metadata()
    method = auth_method(config, metadata)
    with _session(config, method) as session:
        try:
            with only_fetch_errors():
                session.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    redirect_uri=redirect_uri,
                )
        except FetchError as error:
            raise trouble("token", error) from None
        except (OAuthError, ValueError):
            raise ProviderTrouble("token_response") from None
        return read_tokens(dict(session.token))


def _session(config: ProviderConfig, method: str) -> OAuth2Session:
    client_id, secret = config.client_id, config.client_secret
    if method == client_auth.BASIC:
        # Authlib leaves the encoding to its caller.
        client_id, secret = client_auth.encoded(client_id, secret)
    session = bound(OAuth2Session(client_id, secret or None, token_endpoint_auth_method=method))
    session.register_compliance_hook("access_token_response", check_token_response)
    return session


def auth_method(config: ProviderConfig, metadata: Metadata) -> str:
    """Return how we authenticate at the token endpoint, by what the provider says it takes."""
    return client_auth.method(config.client_id, config.client_secret, metadata.token_auth_methods)


def check_token_response(response: requests.Response) -> requests.Response:
    """Let only a 200 with a JSON object through to Authlib."""
    status = response.status_code
    if status >= _SERVER_ERRORS or status == _TOO_MANY:
        raise ProviderTrouble("token_status", UNAVAILABLE if status == _TOO_MANY else 502)
    try:
        body = parse_object(response.content)
    except NotStrictJsonError:
        raise ProviderTrouble("token_not_json") from None
    if body.get("error") in _ERRORS_OF_THE_CODE:
        raise FlowRefused("code_refused")
    if status != _OK or "error" in body:
        raise ProviderTrouble("token_refused")
    return response


def read_tokens(body: JsonObject) -> Tokens:
    """Return the tokens of a token response (Core §3.1.3.3); trouble if one is missing."""
    token_type = body.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise ProviderTrouble("token_type")
    access_token, id_token = body.get("access_token"), body.get("id_token")
    if not isinstance(access_token, str) or not access_token:
        raise ProviderTrouble("access_token_missing")
    if not isinstance(id_token, str) or not id_token:
        raise ProviderTrouble("id_token_missing")
    return Tokens(access_token, id_token)


def with_userinfo(provider: Provider, claims: VerifiedClaims, access_token: str) -> VerifiedClaims:
    """Return the claims with those of UserInfo added (Core §5.3); the ID token's own ones win.

    `TokenRefused` when it speaks of somebody else; an unreachable endpoint is trouble.
    """
    endpoint = provider.metadata().userinfo_endpoint
    if endpoint is None:
        return claims
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    try:
        media_type, text = get_text(endpoint, headers)
    except FetchError as error:
        raise trouble("userinfo", error) from None
    said = _userinfo(provider, media_type, text)
    if said.get("sub") != claims["sub"]:
        raise TokenRefused("userinfo_subject")
    return VerifiedClaims({**said, **claims})


def _userinfo(provider: Provider, media_type: str, text: str) -> Mapping[str, object]:
    if media_type == "application/jwt":
        return _signed_userinfo(provider, text.strip())
    try:
        return parse_object(text)
    except NotStrictJsonError:
        raise ProviderTrouble("userinfo_not_json") from None


def _signed_userinfo(provider: Provider, text: str) -> Mapping[str, object]:
    """Verify a UserInfo JWT: signed by the provider, for us (Core §5.3.2)."""
    config = provider.config
    claims = verify_signature(text, config.algorithms, ("jwt", "jose"), provider).claims
    if claims.get("iss", config.issuer) != config.issuer:
        raise TokenRefused("userinfo_issuer")
    if "aud" in claims and config.client_id not in audiences(claims):
        raise TokenRefused("userinfo_audience")
    return claims
