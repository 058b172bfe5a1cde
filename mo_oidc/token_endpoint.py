"""The requests behind the browser's back: the code for tokens, and UserInfo."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from mo_access.provider_rules import KEY, TLS
from mo_oidc.config import ProviderConfig
from mo_oidc.dpop import HEADER, NONCE_ASKED, DpopKey, asks_for_nonce
from mo_oidc.errors import FlowRefused
from mo_oidc.id_token import VerifiedClaims
from mo_oidc.metadata import Metadata
from mo_oidc.provider import Provider
from mo_web import client_auth
from mo_web.faults import UNAVAILABLE, ProviderTrouble, TokenRefused, trouble
from mo_web.fetch import FetchError, bound, only_fetch_errors, send, text_of
from mo_web.jws import verify_signature
from mo_web.strict_json import JsonObject, NotStrictJsonError, parse_object
from mo_web.token_claims import audiences

_log = structlog.get_logger("mo_oidc")
Check = Callable[[requests.Response], requests.Response]
_OK, _SERVER_ERRORS, _TOO_MANY = 200, 500, 429
_BAD_REQUEST, _UNAUTHORIZED = 400, 401
# With which a token endpoint asks for a nonce: the first by RFC 9449 §8, some send the other.
_ASKING = (_BAD_REQUEST, _UNAUTHORIZED)
_FORM = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
}
# How and when somebody signed in is for the ID token to say (Core §2): UserInfo tells of a person,
# at some providers what the person wrote there.
_OF_THE_SIGN_IN = frozenset({"acr", "amr", "auth_time"})
# What a provider says about the code, not about us; everything else is its or our trouble.
_ERRORS_OF_THE_CODE = ("invalid_grant", "invalid_request")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires_in: int | None = None
    key: DpopKey | None = field(repr=False, default=None)
    """What the tokens are bound to (RFC 9449)."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What the token endpoint gave for a refresh token (Core §12.2); no ID token is none."""

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None
    key: DpopKey | None = field(repr=False, default=None)


def exchange(provider: Provider, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Exchange the code (Core §3.1.3); `FlowRefused` for a bad code, else `ProviderTrouble`."""
    form = {"code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
    grant = _Grant("authorization_code", form, check_token_response, _key(provider))
    return read_tokens(_asked(provider, grant), grant.key)


def renew(provider: Provider, refresh_token: str, key: DpopKey | None = None) -> Renewal:
    """Use a refresh token; `FlowRefused` when it is no longer good, else `ProviderTrouble`.

    `key` is what the session's tokens were bound to.
    """
    form = {"refresh_token": refresh_token}
    bound_to = _key(provider, key)
    grant = _Grant("refresh_token", form, check_renewal_response, bound_to)
    return read_renewal(_asked(provider, grant), bound_to)


def _key(provider: Provider, known: DpopKey | None = None) -> DpopKey | None:
    """Return what the tokens are bound to: the key that is known, else a new one if any."""
    return (known or DpopKey.fresh()) if provider.config.dpop else None


class _NonceAsked(Exception):
    """The provider wants its nonce in the proof (RFC 9449 §8)."""


@dataclass(frozen=True, slots=True)
class _Grant:
    """One request for tokens."""

    kind: str
    form: Mapping[str, str] = field(repr=False)
    check: Check
    key: DpopKey | None


def _asked(provider: Provider, grant: _Grant) -> JsonObject:
    """Send a request; once more when the provider gives a nonce to prove the key with."""
    try:
        return _sent(provider, grant)
    except _NonceAsked:
        pass
    try:
        return _sent(provider, grant)
    except _NonceAsked:
        raise ProviderTrouble("token_dpop_nonce") from None


def _sent(provider: Provider, grant: _Grant) -> JsonObject:
    config, metadata = provider.config, provider.metadata()
    method, where = auth_method(config, metadata), metadata.token_endpoint
    read: list[JsonObject] = []

    def hook(response: requests.Response) -> requests.Response:
        if grant.key is not None:
            _note_nonce(provider, where, response)
        read.append(_body(grant.check(response)))
        return response

    form = {**grant.form, **config.credentials.assertion(method)}
    headers = {**_FORM, **_proof(provider, "POST", where, grant.key)}
    with _session(config, method, hook) as session:
        try:
            with provider.turn(), only_fetch_errors():
                session.fetch_token(where, grant_type=grant.kind, headers=headers, **form)
        except FetchError as error:
            raise trouble("token", error) from None
        except (OAuthError, ValueError, TypeError, OverflowError):
            # Once the answer was found sound, Authlib stumbles over its times only: `_seconds`.
            if not read:
                raise ProviderTrouble("token_response") from None
    return read[-1]


def _note_nonce(provider: Provider, where: str, response: requests.Response) -> None:
    """Keep the provider's nonce, and stop where the request is to be made anew with it."""
    given = provider.nonces.note(where, response.headers)
    if response.status_code in _ASKING and _body(response).get("error") == NONCE_ASKED:
        raise _NonceAsked if given else ProviderTrouble("token_dpop_nonce")


def _proof(
    provider: Provider, method: str, where: str, key: DpopKey | None, token: str | None = None
) -> dict[str, str]:
    if key is None:
        return {}
    return {HEADER: key.proof(method, where, provider.nonces.get(where), token)}


def _session(config: ProviderConfig, method: str, check: Check) -> OAuth2Session:
    client_id, secret = config.client_id, config.client_secret
    if method == client_auth.BASIC:
        # Authlib leaves the encoding to its caller.
        client_id, secret = client_auth.encoded(client_id, secret)
    if method in (KEY, TLS):
        # What shows who we are stands in the form or in TLS; Authlib adds the name.
        method, secret = client_auth.NONE, ""
    made = OAuth2Session(client_id, secret or None, token_endpoint_auth_method=method)
    session = bound(made, tls=config.tls)
    session.register_compliance_hook("access_token_response", check)
    return session


def auth_method(config: ProviderConfig, metadata: Metadata) -> str:
    """Return how we authenticate at the token endpoint, by what the provider says it takes."""
    return config.credentials.method(metadata.token_auth_methods)


def check_token_response(response: requests.Response) -> requests.Response:
    """Let only a 200 with a JSON object through to Authlib."""
    if _body(response).get("error") in _ERRORS_OF_THE_CODE:
        raise FlowRefused("code_refused")
    return _sound(response)


def check_renewal_response(response: requests.Response) -> requests.Response:
    """Let only a 200 through; `invalid_grant` alone says that the session is over."""
    if _body(response).get("error") == "invalid_grant":
        raise FlowRefused("refresh_refused")
    return _sound(response)


def _sound(response: requests.Response) -> requests.Response:
    if response.status_code != _OK or "error" in _body(response):
        raise ProviderTrouble("token_refused")
    return response


def _body(response: requests.Response) -> JsonObject:
    status = response.status_code
    if status >= _SERVER_ERRORS or status == _TOO_MANY:
        raise ProviderTrouble("token_status", UNAVAILABLE if status == _TOO_MANY else 502)
    try:
        return parse_object(response.content)
    except NotStrictJsonError:
        raise ProviderTrouble("token_not_json") from None


def read_tokens(body: JsonObject, key: DpopKey | None = None) -> Tokens:
    """Return the tokens of a token response (Core §3.1.3.3); trouble if one is missing.

    With a `key` they must be bound to it (RFC 9449 §5).
    """
    access_token, id_token = _access_token(body, key), body.get("id_token")
    if not isinstance(id_token, str) or not id_token:
        raise ProviderTrouble("id_token_missing")
    return Tokens(access_token, id_token, _refresh_token(body), _seconds(body), key)


def read_renewal(body: JsonObject, key: DpopKey | None = None) -> Renewal:
    """Return what a refresh gave; an ID token that is there is one (Core §12.2)."""
    access_token, id_token = _access_token(body, key), body.get("id_token")
    if id_token is not None and not isinstance(id_token, str):
        raise ProviderTrouble("id_token_missing")
    return Renewal(access_token, id_token, _refresh_token(body), _seconds(body), key)


def _access_token(body: JsonObject, key: DpopKey | None) -> str:
    token_type = body.get("token_type")
    wanted = "bearer" if key is None else "dpop"
    if not isinstance(token_type, str) or token_type.lower() != wanted:
        raise ProviderTrouble("token_type")
    access_token = _text(body, "access_token")
    if access_token is None:
        raise ProviderTrouble("access_token_missing")
    return access_token


def _refresh_token(body: JsonObject) -> str | None:
    """Return the refresh token; one that is not printable ASCII (RFC 6749 A.17) is as none."""
    value = _text(body, "refresh_token")
    return value if value and value.isascii() and value.isprintable() else None


def _text(body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def _seconds(body: JsonObject) -> int | None:
    """Return `expires_in` where it is a number of seconds; providers also send it as text."""
    value = body.get("expires_in")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    plausible = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return int(value) if plausible and isinstance(value, int | float) else None


def with_userinfo(
    provider: Provider, claims: VerifiedClaims, access_token: str, key: DpopKey | None = None
) -> VerifiedClaims:
    """Return the claims with those of UserInfo added (Core §5.3); the ID token's own ones win.

    Of how somebody signed in the ID token alone speaks.

    `TokenRefused` when it speaks of somebody else; an unreachable endpoint is trouble, which a
    provider whose UserInfo is not required may be in.
    """
    endpoint = provider.metadata().userinfo_endpoint
    if endpoint is None:
        return claims
    try:
        with provider.turn():
            told = _fetched(provider, endpoint, access_token, key)
        said = _userinfo(provider, *told)
    except ProviderTrouble as trouble_there:
        if provider.config.userinfo_required:
            raise
        _log.warning("userinfo_passed_over", code=trouble_there.code)
        return claims
    if said.get("sub") != claims["sub"]:
        raise TokenRefused("userinfo_subject")
    return _joined(claims, said)


def _joined(claims: VerifiedClaims, said: Mapping[str, object]) -> VerifiedClaims:
    """Add what UserInfo says of the person, and nothing that the ID token says in any spelling."""
    told = _OF_THE_SIGN_IN | {name.casefold() for name in claims}
    more = {name: value for name, value in said.items() if name.casefold() not in told}
    return VerifiedClaims({**more, **claims})


def _fetched(
    provider: Provider, endpoint: str, access_token: str, key: DpopKey | None
) -> tuple[str, str]:
    """Return (media type, text); the token goes in the header or a form (RFC 6750 §2.1, 2.2)."""
    accept, tls = {"Accept": "application/json, application/jwt"}, provider.config.tls
    if not access_token.isascii() or not access_token.isprintable():
        # RFC 6749 appendix A.12; no header holds anything else.
        raise ProviderTrouble("access_token_form")
    try:
        if key is not None:
            return text_of(_with_proof(provider, endpoint, access_token, key, accept))
        if provider.config.userinfo_by == "body":
            return text_of(send("POST", endpoint, accept, {"access_token": access_token}, tls))
        bearer = {"Authorization": f"Bearer {access_token}", **accept}
        return text_of(send("GET", endpoint, bearer, tls=tls))
    except FetchError as error:
        raise trouble("userinfo", error) from None


def _with_proof(
    provider: Provider, where: str, token: str, key: DpopKey, accept: Mapping[str, str]
) -> requests.Response:
    """Ask with the token and a proof (RFC 9449 §7.1); once more when a nonce is asked for (§9)."""

    def ask() -> requests.Response:
        proof = _proof(provider, "GET", where, key, token)
        headers = {"Authorization": f"{HEADER} {token}", **proof, **accept}
        return send("GET", where, headers, tls=provider.config.tls)

    answer = ask()
    given = provider.nonces.note(where, answer.headers)
    challenge = answer.headers.get("WWW-Authenticate", "")
    if given and answer.status_code == _UNAUTHORIZED and asks_for_nonce(challenge):
        answer = ask()
        provider.nonces.note(where, answer.headers)
    return answer


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
