"""The authorization code flow (OpenID Connect Core §3.1) without any web framework.

`start` says where to send the browser and what to remember; `read_answer`, `open_pending` and
`finish` judge what comes back, in that order, before anything is sent to the provider.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from mo_access.domain.model import Document
from mo_oidc import id_token, login_hint, token_endpoint
from mo_oidc.config import ProviderConfig
from mo_oidc.dpop import kept
from mo_oidc.errors import FlowRefused
from mo_oidc.id_token import Expectations, VerifiedClaims, same
from mo_oidc.metadata import Metadata
from mo_oidc.next_url import FRONT_PAGE, safe_next
from mo_oidc.provider import Provider
from mo_oidc.pushed import pushed
from mo_web.person_claims import links

PENDING_SECONDS = 600
MAX_PENDING = 10
_MAX_MAX_AGE = 10 * 365 * 24 * 3600
_MAX_VALUE = 8192
_MAX_PARAMETERS = 50
# RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6: codes that are passed on to a person.
_KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "temporarily_unavailable",
        "server_error",
        "invalid_scope",
        "invalid_request",
        "unauthorized_client",
        "unmet_authentication_requirements",
    }
)
_PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What was asked of this sign-in; everything asked is enforced at the end."""

    next_url: str = "/"
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    login_hint: str | None = None
    prompt: str | None = None
    cap_hint: str = ""
    code_hint: str = ""
    """Whom ACM/IDM is told to expect (``login_hint.acm``), where there is no other hint."""

    def parameters(self) -> dict[str, str]:
        """Return the wishes as parameters of a login link; `next` is there unless it is `/`."""
        next_url = "" if self.next_url == FRONT_PAGE else self.next_url
        hints = {
            "login_hint": self.login_hint or "",
            "cap_hint": self.cap_hint,
            "code_hint": self.code_hint,
        }
        wishes = {"next": next_url, **asked(self), **hints}
        return {name: value for name, value in wishes.items() if value}


def asked(request: LoginRequest) -> dict[str, str]:
    """Return what of the wishes the provider is told, by the names of Core §3.1.2.1."""
    told = {
        "acr_values": " ".join(request.acr_values),
        "max_age": "" if request.max_age is None else str(request.max_age),
        "login_hint": request.login_hint or login_hint.acm(request.cap_hint, request.code_hint),
        "prompt": request.prompt or "",
    }
    return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in on its way, kept on the server under its state and used once."""

    provider: str
    browser: str
    nonce: str
    verifier: str
    redirect_uri: str
    next_url: str
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    began: int = 0
    """When, in microseconds."""

    def to_payload(self) -> Document:
        """Return the record as plain JSON."""
        return {
            "provider": self.provider,
            "browser": self.browser,
            "nonce": self.nonce,
            "verifier": self.verifier,
            "redirect_uri": self.redirect_uri,
            "next": self.next_url,
            "acr_values": list(self.acr_values),
            "max_age": self.max_age,
            "began": self.began,
        }


@dataclass(frozen=True, slots=True)
class Start:
    """Where the browser goes, and what the server remembers under `state`."""

    url: str
    state: str
    pending: Pending


@dataclass(frozen=True, slots=True)
class Finished:
    """A sign-in that the provider vouches for; whether the person may come in is decided next."""

    claims: VerifiedClaims
    id_token: str
    next_url: str
    refresh_token: str | None = field(repr=False, default=None)
    expires_in: int | None = None
    began: int = 0
    """When the person set out, in microseconds."""


def read_request(parameters: Mapping[str, str]) -> LoginRequest:
    """Return what a sign-in link asks for; `FlowRefused` for what cannot be enforced as asked."""
    return LoginRequest(
        next_url=safe_next(parameters.get("next") or parameters.get("target_link_uri")),
        acr_values=tuple(_bounded(parameters.get("acr_values", ""), "acr_values").split()),
        max_age=_seconds(parameters.get("max_age")),
        login_hint=_bounded(parameters.get("login_hint", ""), "login_hint") or None,
        prompt=_prompt(parameters.get("prompt")),
        cap_hint=_bounded(parameters.get("cap_hint", ""), "cap_hint"),
        code_hint=_bounded(parameters.get("code_hint", ""), "code_hint"),
    )


def _bounded(value: str, name: str) -> str:
    if len(value) > _MAX_VALUE or not value.isprintable():
        raise FlowRefused(f"{name}_invalid")
    return value


def _seconds(value: str | None) -> int | None:
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_MAX_AGE))):
        raise FlowRefused("max_age_invalid")
    return min(int(value), _MAX_MAX_AGE)


def _prompt(value: str | None) -> str | None:
    if not value:
        return None
    if not set(value.split()) <= _PROMPTS:
        raise FlowRefused("prompt_invalid")
    return value


def start(provider: Provider, request: LoginRequest, redirect_uri: str, browser: str) -> Start:
    """Return the way to the provider with a fresh state, nonce and PKCE S256 verifier.

    `browser` is the hash of the browser's cookie; `redirect_uri` comes from the configuration.
    """
    config = provider.config
    metadata = provider.metadata()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    acr_values = request.acr_values or config.acr_values
    pending = Pending(
        config.name,
        browser,
        nonce,
        verifier,
        redirect_uri,
        request.next_url,
        acr_values,
        request.max_age,
    )
    cap_hint = request.cap_hint or config.cap_hint
    levels = metadata.known(config.levels_for(acr_values))
    told = replace(request, acr_values=levels, cap_hint=cap_hint)
    query = {**_fixed(config, pending, state), **asked(told)}
    if config.par or metadata.requires_par:
        query = pushed(provider, query)
    joint = "&" if "?" in metadata.authorization_endpoint else "?"
    return Start(f"{metadata.authorization_endpoint}{joint}{urlencode(query)}", state, pending)


def _fixed(config: ProviderConfig, pending: Pending, state: str) -> dict[str, str]:
    mode = {} if config.response_mode == "query" else {"response_mode": config.response_mode}
    return {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": pending.redirect_uri,
        "scope": " ".join(dict.fromkeys(("openid", *config.scopes))),
        "state": state,
        "nonce": pending.nonce,
        "code_challenge": _challenge(pending.verifier),
        "code_challenge_method": "S256",
        **mode,
    }


def _challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def read_answer(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters of an answer; a repeated one refuses it (RFC 6749 §3.1)."""
    answer: dict[str, str] = {}
    for name, value in pairs:
        if name in answer or len(value) > _MAX_VALUE or len(answer) >= _MAX_PARAMETERS:
            raise FlowRefused("parameter_repeated" if name in answer else "parameter_too_long")
        answer[name] = value
    return answer


def state_of(answer: Mapping[str, str]) -> str:
    """Return the state; `FlowRefused` when there is none."""
    state = answer.get("state", "")
    if not state:
        raise FlowRefused("state_missing")
    return state


def open_pending(payload: Mapping[str, object] | None, browser: str, here: str) -> Pending:
    """Return the sign-in that a state stands for, in the browser that started it and no other.

    `here` is the address at which the answer came. It must be the one that was given: a provider
    with an address of its own cannot answer in another's stead (RFC 9700 §4.4.2).
    """
    if payload is None:
        raise FlowRefused("state_unknown")
    pending = _from_payload(payload)
    if not same(pending.browser, browser):
        raise FlowRefused("state_other_browser")
    if here != pending.redirect_uri:
        raise FlowRefused("response_address")
    return pending


def _from_payload(payload: Mapping[str, object]) -> Pending:
    asked, max_age = payload["acr_values"], payload["max_age"]
    # Of a sign-in that began under an earlier release it is not known.
    began = payload.get("began", 0)
    return Pending(
        provider=str(payload["provider"]),
        browser=str(payload["browser"]),
        nonce=str(payload["nonce"]),
        verifier=str(payload["verifier"]),
        redirect_uri=str(payload["redirect_uri"]),
        next_url=str(payload["next"]),
        acr_values=tuple(str(value) for value in asked) if isinstance(asked, list) else (),
        max_age=max_age if isinstance(max_age, int) else None,
        began=began if isinstance(began, int) else 0,
    )


def finish(provider: Provider, pending: Pending, answer: Mapping[str, str], now: int) -> Finished:
    """Return the verified sign-in; `now` gives seconds since the epoch.

    Nothing goes to the token endpoint before the answer itself is found sound.
    """
    metadata = provider.metadata()
    code = _code(answer, metadata, fapi2=provider.config.fapi2)
    tokens = token_endpoint.exchange(provider, code, pending.verifier, pending.redirect_uri)
    expected = Expectations(
        pending.nonce, now, tokens.access_token, code, pending.max_age, pending.acr_values
    )
    claims = id_token.verify(tokens.id_token, provider.config, provider, expected)
    if provider.config.userinfo or not links(claims, provider.config.links):
        claims = token_endpoint.with_userinfo(provider, claims, tokens.access_token, tokens.key)
    refresh_token = tokens.refresh_token and kept(tokens.refresh_token, tokens.key)
    return Finished(
        claims, tokens.id_token, pending.next_url, refresh_token, tokens.expires_in, pending.began
    )


def _code(answer: Mapping[str, str], metadata: Metadata, *, fapi2: bool = False) -> str:
    _check_issuer(answer, metadata, required=metadata.sends_iss or fapi2)
    if "error" in answer:
        error = answer["error"]
        raise FlowRefused(f"provider_{error if error in _KNOWN_ERRORS else 'error'}")
    code = answer.get("code", "")
    if not code or not code.isprintable():
        raise FlowRefused("code_missing")
    return code


def _check_issuer(answer: Mapping[str, str], metadata: Metadata, *, required: bool) -> None:
    """Hold the answer to the provider that it was asked of (RFC 9207 §2.4)."""
    if "iss" in answer:
        if answer["iss"] != metadata.issuer:
            raise FlowRefused("response_issuer")
    elif required:
        raise FlowRefused("response_issuer_missing")
