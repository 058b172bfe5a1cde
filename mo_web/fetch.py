"""Requests that this service sends out: bounded in time and size, no redirects, JSON objects only.

`bound` puts these limits on any `requests` session, so a library that brings its own session
(Authlib's `OAuth2Session`) lives under them as well.
"""

import base64
import ipaddress
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from mo_web.deadline import POOLS
from mo_web.strict_json import JsonObject, NotStrictJsonError, parse_object
from mo_web.tls import USUAL, Tls, believing

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_OK = 200
_REDIRECTS = range(300, 400)

_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
SessionT = TypeVar("SessionT", bound=requests.Session)


class FetchFault(StrEnum):
    """What went wrong with an outbound request."""

    FORBIDDEN_URL = "forbidden_url"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    STATUS = "status"
    NOT_JSON = "not_json"
    THROTTLED = "throttled"


class FetchError(requests.RequestException):
    """An outbound request gave nothing usable; `fault` says why, `status` what was answered."""

    def __init__(self, fault: FetchFault, status: int | None = None) -> None:
        """Keep the fault and the status, never the address or the body."""
        super().__init__(f"outbound request failed: {fault}")
        self.fault = fault
        self.status = status


def is_loopback_http(url: str) -> bool:
    """Say whether `url` is plain http on this very machine (tests and demo)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "http" and _is_loopback(host)


def is_fetchable(url: str) -> bool:
    """Say whether `url` may be asked at all: https, or plain http on loopback; no user part."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or is_loopback_http(url)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class BoundedAdapter(HTTPAdapter):
    """Transport with the limits of this module; every breach is a `FetchError`."""

    def __init__(self, seconds: float, authorities: str | None = None) -> None:
        """Keep how long a request may take, from connecting to its last byte.

        `authorities` is the file of those that are believed besides the public ones.
        """
        self._seconds = seconds
        self._authorities = authorities
        super().__init__()
        self.poolmanager.pool_classes_by_scheme = POOLS

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001 - the signature of requests
        cert: Any = None,  # noqa: ANN401 - as above
    ) -> tuple[Any, Any]:
        """Add whom we believe besides to how a connection is made."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._authorities is not None and host["scheme"] == "https":
            pool["ssl_context"] = believing(self._authorities)
        return host, pool

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the signature of requests
        timeout: object = None,  # noqa: ARG002 - the signature of requests
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the signature of requests
        cert: object = None,
        proxies: Mapping[str, str | None] | None = None,  # noqa: ARG002 - the signature of requests
    ) -> requests.Response:
        """Send within the limits and return a response whose body is already read."""
        if not is_fetchable(request.url or ""):
            raise FetchError(FetchFault.FORBIDDEN_URL)
        deadline = time.monotonic() + self._seconds
        limit = Timeout(total=self._seconds)
        with only_fetch_errors():
            response = super().send(
                request,
                stream=True,
                timeout=limit,  # type: ignore[arg-type]  # the stubs leave out that it takes urllib3's own
                verify=verify,
                cert=cert,  # type: ignore[arg-type]  # as the session has it: a pair of paths
            )
            return _read(response, deadline)


@contextmanager
def only_fetch_errors() -> Iterator[None]:
    """Turn every error of the transport into a `FetchError`."""
    try:
        yield
    except FetchError:
        raise
    except (requests.Timeout, ReadTimeoutError):
        raise FetchError(FetchFault.TIMEOUT) from None
    except _BAD_ADDRESS:
        raise FetchError(FetchFault.FORBIDDEN_URL) from None
    except (requests.RequestException, HTTPError, OSError):
        raise FetchError(FetchFault.UNREACHABLE) from None


def _read(response: requests.Response, deadline: float) -> requests.Response:
    if response.status_code in _REDIRECTS:
        response.close()
        raise FetchError(FetchFault.REDIRECT, response.status_code)
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > MAX_BYTES:
            response.close()
            raise FetchError(FetchFault.TOO_LARGE, response.status_code)
        if time.monotonic() > deadline:
            response.close()
            raise FetchError(FetchFault.TIMEOUT, response.status_code)
    # What `Response.content` returns from now on; requests has no public way to say it.
    response._content = bytes(body)  # noqa: SLF001 - as the line above says
    return response


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield what is there as soon as it is there, so that a dripping peer meets the deadline."""
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        yield chunk


def bound(session: SessionT, seconds: float | None = None, tls: Tls = USUAL) -> SessionT:
    """Put the limits of this module on `session` and return it; `seconds` may shorten the time."""
    limit = TIMEOUT_SECONDS if seconds is None else min(seconds, TIMEOUT_SECONDS)
    if limit <= 0:
        raise FetchError(FetchFault.TIMEOUT)
    session.trust_env = False
    session.cert = tls.certificate
    session.headers["Accept-Encoding"] = "identity"
    session.mount("https://", BoundedAdapter(limit, tls.authorities))
    session.mount("http://", BoundedAdapter(limit, tls.authorities))
    return session


def get_json(
    url: str,
    headers: Mapping[str, str] | None = None,
    seconds: float | None = None,
    tls: Tls = USUAL,
) -> JsonObject:
    """GET `url` and return its JSON object; `FetchError` otherwise."""
    with only_fetch_errors(), bound(requests.Session(), seconds, tls) as session:
        response = session.get(url, headers={"Accept": "application/json", **(headers or {})})
    return json_body(response)


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None = None,
    tls: Tls = USUAL,
) -> requests.Response:
    """Send a request, with our certificate where one is given; return any answer within bounds."""
    with only_fetch_errors(), bound(requests.Session(), tls=tls) as session:
        data = None if form is None else dict(form)
        return session.request(method, url, data=data, headers=dict(headers))


def basic(pair: tuple[str, str] | None) -> dict[str, str]:
    """Return the header of HTTP Basic (RFC 7617) for a pair that is encoded already, if any."""
    if pair is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"}


def get_text(url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """GET `url` and return (media type, text) of a 200 answer; `FetchError` otherwise."""
    with only_fetch_errors(), bound(requests.Session()) as session:
        response = session.get(url, headers=dict(headers))
    return text_of(response)


def post_text(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """POST `form` and return (media type, text) of a 200 answer; `FetchError` otherwise."""
    with only_fetch_errors(), bound(requests.Session()) as session:
        response = session.post(url, data=dict(form), headers=dict(headers))
    return text_of(response)


def text_of(response: requests.Response) -> tuple[str, str]:
    """Return (media type, text) of a 200 answer; `FetchError` for anything else."""
    if response.status_code != _OK:
        raise FetchError(FetchFault.STATUS, response.status_code)
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type, response.content.decode("utf-8", "replace")


def post_form(
    url: str,
    form: Mapping[str, str],
    auth: tuple[str, str] | None,
    seconds: float | None = None,
    tls: Tls = USUAL,
) -> JsonObject:
    """POST `form`, with HTTP Basic where credentials are given; return the JSON of a 200 answer."""
    with only_fetch_errors(), bound(requests.Session(), seconds, tls) as session:
        response = session.post(
            url, data=dict(form), auth=auth, headers={"Accept": "application/json"}
        )
    return json_body(response)


def json_body(response: requests.Response) -> JsonObject:
    """Return the JSON object of a 200 answer; `FetchError` for anything else."""
    if response.status_code != _OK:
        raise FetchError(FetchFault.STATUS, response.status_code)
    try:
        return parse_object(response.content)
    except NotStrictJsonError:
        raise FetchError(FetchFault.NOT_JSON, response.status_code) from None
