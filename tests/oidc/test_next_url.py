"""Return addresses: a path of this site or the front page (promise P12)."""

import pytest

from mo_oidc.next_url import FRONT_PAGE, safe_next


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
