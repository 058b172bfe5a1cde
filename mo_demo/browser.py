"""A browser without a screen: keeps cookies, follows redirects, fills in forms, notes each hop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests

from mo_demo.forms import Form, read_forms, read_links
from mo_demo.process import DemoError

MAX_HOPS = 20
TIMEOUT = 30


@dataclass(frozen=True)
class Hop:
    """One request as it went over the wire, without the query: it may hold a code."""

    method: str
    address: str
    status: int

    def __str__(self) -> str:
        """Return the hop as one line of narration."""
        return f"{self.method} {self.address} -> {self.status}"


@dataclass(frozen=True)
class Page:
    """What the browser shows after the last redirect, and how it got there."""

    status: int
    url: str
    text: str
    content_type: str
    hops: tuple[Hop, ...]

    def form_with(self, field_name: str) -> Form:
        """Return the form that has the field or button; DemoError when the page has none."""
        for form in read_forms(self.text):
            if field_name in form.names:
                return form
        message = f"{self.url} ({self.status}) has no form with `{field_name}`"
        raise DemoError(message)

    def links(self, prefix: str) -> list[str]:
        """Return what follows the prefix in the page's links on the same site, without query."""
        paths = [urlsplit(urljoin(self.url, link)).path for link in read_links(self.text)]
        return [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]

    def has_form_with(self, field_name: str) -> bool:
        """Tell whether a form of the page has the field or button."""
        return any(field_name in form.names for form in read_forms(self.text))


@dataclass
class Browser:
    """One person's browser: one cookie jar.

    A redirect to an address that starts with `stop_before` is not followed: that page is given
    back unopened, with status 0.
    """

    session: requests.Session = field(default_factory=requests.Session)
    stop_before: str = ""

    def __post_init__(self) -> None:
        """Talk to the loopback directly, whatever proxy the machine has, and ask for Dutch."""
        self.session.trust_env = False
        self.session.headers["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"
        self.session.headers["Accept-Language"] = "nl"

    def open(self, url: str) -> Page:
        """Open an address and follow redirects."""
        return self._follow("GET", url, [])

    def submit(
        self,
        page: Page,
        form: Form,
        answers: Mapping[str, str | Sequence[str]],
        button: str = "",
    ) -> Page:
        """Fill in a form of the page, press a button (`name=value`), and follow redirects."""
        address = urljoin(page.url, form.action)
        return self._follow(form.method.upper(), address, form.filled(answers, button))

    def _follow(self, method: str, url: str, data: list[tuple[str, str]]) -> Page:
        hops: list[Hop] = []
        for _ in range(MAX_HOPS):
            response = self._send(method, url, data)
            hops.append(Hop(method, _without_query(url), response.status_code))
            if not response.is_redirect:
                content_type = response.headers.get("Content-Type", "")
                return Page(response.status_code, url, response.text, content_type, tuple(hops))
            method, data, url = "GET", [], urljoin(url, response.headers["Location"])
            if self.stop_before and url.startswith(self.stop_before):
                return Page(0, url, "", "", tuple(hops))
        message = f"More than {MAX_HOPS} redirects at {_without_query(url)}"
        raise DemoError(message)

    def _send(self, method: str, url: str, data: list[tuple[str, str]]) -> requests.Response:
        return self.session.request(
            method,
            url,
            params=data if method == "GET" and data else None,
            data=data if method != "GET" else None,
            allow_redirects=False,
            timeout=TIMEOUT,
        )


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
