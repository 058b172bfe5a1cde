"""Return addresses: a path of this site or the front page (promise P12)."""

import json
import re
from collections.abc import Callable
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import pytest

from mo_oidc.next_url import FRONT_PAGE, safe_next
from tests.oidc.payloads import families
from tests.oidc.world import World


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/documents/12",
        "/documents?theme=a&next=https://x.example/",
        "/a%20b",
        "/me#top",
        "/a.b/c",
    ],
)
def test_a_path_of_this_site_is_kept(path: str) -> None:
    """A relative path comes back unchanged, query and fragment included."""
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "documents",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2fevil.example",
        "/%252fevil.example",
        "/%25252fevil.example",
        "/%5cevil.example",
        "/%255cevil.example",
        "/.//evil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        "/a/..%2f%2fevil.example",
        "/a/../b",
        "/..",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%09/evil.example",
        "/%0d%0aSet-Cookie:x",
        "/ /evil.example",
        "/\u2028/evil.example",
        "/\u3000",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "//[evil",
        "?next=/",
        "/" + "a" * 3000,
        "/%" + "25" * 8 + "2f",
        "/oidc/login",
        "/oidc/logout?x",
        "/%6fidc/logout",
        "/@evil.example/../..",
    ],
)
def test_anything_else_becomes_the_front_page(value: str | None) -> None:
    """Another origin is never the answer, in whatever spelling."""
    assert safe_next(value) == FRONT_PAGE


PAYLOADS: dict[str, list[str]] = json.loads(families.FILE.read_text(encoding="utf-8"))


def stays(target: str) -> bool:
    """Say whether a browser that follows `target` stays on our site, by rules of its own.

    The URL standard: outer spaces and controls go, tabs and line ends go, a backslash is a slash.
    """
    base = "https://mo.example/oidc/callback"
    for _ in range(6):
        read = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(33))))).replace(
            "\\", "/"
        )
        told = urlsplit(urljoin(base, read))
        if (told.scheme, told.netloc) != ("https", "mo.example") or read.startswith("//"):
            return False
        if re.match(r"/{2,}|/\.{0,2}/", told.path):
            return False
        decoded = unquote(target, errors="replace")
        if decoded == target:
            return True
        target = decoded
    return True


def test_the_payloads_are_those_of_the_families() -> None:
    """The file is what the families make: several hundred, each once."""
    assert families.made() == PAYLOADS
    assert sum(map(len, PAYLOADS.values())) > 450


@pytest.mark.parametrize("family", PAYLOADS)
def test_no_payload_leads_away(family: str) -> None:
    """What is kept of a payload is a path of this site, however often it is decoded."""
    for payload in PAYLOADS[family]:
        kept = safe_next(payload)
        assert stays(kept), payload
        assert kept in (FRONT_PAGE, payload)
        assert not kept.startswith(("/oidc/", "/%6fidc/"))


def test_the_oracle_knows_evil() -> None:
    """Most payloads, followed as they are, lead away: the check above can fail."""
    listed = [payload for family in PAYLOADS.values() for payload in family]
    away = [payload for payload in listed if not stays(payload)]
    assert len(away) > 200
    assert all(safe_next(payload) == FRONT_PAGE for payload in away)


@pytest.mark.parametrize("family", PAYLOADS)
@pytest.mark.parametrize("name", ["next", "target_link_uri"])
def test_no_payload_leads_a_sign_in_away(
    make_world: Callable[[dict[str, object]], World], transport: str, family: str, name: str
) -> None:
    """Replayed through whole sign-ins: the callback leads to a path of this site."""
    world = make_world({"failed_sign_ins_per_minute": 100_000})
    world.register()
    agent = world.agent()
    for payload in PAYLOADS[family][:: 20 if transport == "http" else 4]:
        query = urlencode({name: payload}, errors="replace")
        if len(query) > 8000:
            continue
        reply = agent.sign_in(f"?{query}")
        assert reply.status == 302, payload
        assert stays(reply.location), payload
        assert reply.location.startswith("/")
        assert "evil" not in reply.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("name", ["next", "post_logout_redirect_uri", "state", "target"])
def test_signing_out_leads_nowhere_else(
    make_world: Callable[[dict[str, object]], World], name: str
) -> None:
    """Neither the sign-out nor the page after it follows an address of the link."""
    agent = make_world({}).agent()
    for payload in ("//evil.example", "https://evil.example/", "javascript:alert(1)"):
        query = urlencode({name: payload})
        assert agent.get(f"/oidc/logout?{query}").location == "/oidc/signed-out"
        page = agent.get(f"/oidc/signed-out?{query}")
        assert (page.status, page.location, "evil" in page.text) == (200, "", False)
