"""Pushed authorization requests (RFC 9126): what is asked does not travel through the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import requests

from mo_oidc.provider import Provider
from mo_web import fetch
from mo_web.faults import UNAVAILABLE, ProviderTrouble, trouble
from mo_web.fetch import FetchError
from mo_web.strict_json import JsonObject, NotStrictJsonError, parse_object

_OK, _CREATED, _SERVER_ERRORS, _TOO_MANY = 200, 201, 500, 429
_LONGEST: Final = 2048


def pushed(provider: Provider, query: Mapping[str, str]) -> dict[str, str]:
    """Push a request and return what the browser carries in its stead (§2, §4).

    `ProviderTrouble` when the provider does not take it.
    """
    metadata = provider.metadata()
    endpoint = metadata.par_endpoint
    if endpoint is None:
        raise ProviderTrouble("discovery_pushed_authorization_request_endpoint")
    credentials = provider.config.credentials
    shown = credentials.shown(credentials.method(metadata.token_auth_methods))
    headers = {"Accept": "application/json", **fetch.basic(shown.basic)}
    form = {**query, **shown.form}
    try:
        with provider.turn():
            answer = fetch.send("POST", endpoint, headers, form, credentials.tls)
    except FetchError as error:
        raise trouble("par", error) from None
    return {"client_id": provider.config.client_id, "request_uri": _request_uri(answer)}


def _request_uri(answer: requests.Response) -> str:
    status = answer.status_code
    if status >= _SERVER_ERRORS or status == _TOO_MANY:
        raise ProviderTrouble("par_status", UNAVAILABLE if status == _TOO_MANY else 502)
    body = _body(answer)
    # §2.2 has 201; some answer 200.
    if status not in (_CREATED, _OK) or "error" in body:
        raise ProviderTrouble("par_refused")
    value = body.get("request_uri")
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise ProviderTrouble("par_request_uri")
    return value


def _body(answer: requests.Response) -> JsonObject:
    try:
        return parse_object(answer.content)
    except NotStrictJsonError:
        raise ProviderTrouble("par_not_json") from None
