"""Return addresses that lead away, by the tricks that have worked somewhere (promise P12).

`python -m tests.oidc.payloads.families` writes `redirects.json`, which the tests replay.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import quote

FILE = Path(__file__).with_name("redirects.json")
EVIL = ("evil.example", "evil%2eexample", "evil。example", "127.0.0.1", "[::1]", "0x7f000001")
SLASHES = ("/", "\\")
CONTROLS = ("\t", "\n", "\r", "\x00", "\x0b", "\x7f", " ", "\u2028", "\u00a0", "\u200b", "\ufeff")
OWN = "mo.example"


def relative() -> Iterator[str]:
    """Two to four slashes of either kind, then a host: an address without a scheme."""
    for count in (2, 3, 4):
        for mix in product(SLASHES, repeat=count):
            yield "".join(mix) + EVIL[0]
    yield from (f"{lead}{host}/a?b#c" for lead in ("//", "/\\", "\\\\") for host in EVIL)


def encoded() -> Iterator[str]:
    """Slashes that are encoded once or more, which somebody on the way decodes."""
    for text in ("//", "/\\", "\\\\", "\\/", "/./", "/../"):
        once = "".join(f"%{ord(character):02x}" for character in text)
        for depth in range(4):
            mangled = once.replace("%", "%" + "25" * depth)
            yield from (f"{mangled}{EVIL[0]}", f"/{mangled}{EVIL[0]}", f"/{mangled.upper()}evil")
        yield f"/{once[3:]}{EVIL[0]}"
    yield from (
        f"/{odd}{EVIL[0]}" for odd in ("%c0%af", "%e0%80%af", "%u002f", "%2", "%zz", "%%2f")
    )


def controls() -> Iterator[str]:
    """Characters that a browser drops or a server misreads, in and around the slashes."""
    for odd in CONTROLS:
        for shape in (
            "{0}//{1}",
            "/{0}/{1}",
            "//{0}{1}",
            "{0}https://{1}",
            "ht{0}tps://{1}",
            "/{0}\\{1}",
        ):
            yield shape.format(odd, EVIL[0])
        if ord(odd) < 128:
            yield f"/{quote(odd)}/{EVIL[0]}"
            yield f"/{quote(quote(odd))}/{EVIL[0]}"


def schemes() -> Iterator[str]:
    """Addresses that run, show or fetch something, however they are spelled."""
    names = (
        "javascript",
        "data",
        "vbscript",
        "http",
        "https",
        "ftp",
        "file",
        "blob",
        "about",
        "ws",
    )
    for name in names:
        mixed = "".join(c.upper() if n % 2 else c for n, c in enumerate(name))
        yield from (
            f"{name}:alert(1)",
            f"{name}://{EVIL[0]}",
            f"{mixed}:{EVIL[0]}",
            f"/{name}://x/../..",
        )
        yield from (f"{name}:/{EVIL[0]}", f"{name}:\\\\{EVIL[0]}", f"{name}%3a//{EVIL[0]}")
    yield from (
        "javascript&colon;alert(1)",
        "java\tscript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
    )


def own_name() -> Iterator[str]:
    """Our own name in a place where it means nothing."""
    for scheme in ("https://", "//", "https:", "https:///", "\\\\"):
        yield from (
            f"{scheme}{OWN}@{EVIL[0]}/",
            f"{scheme}{OWN}:443@{EVIL[0]}",
            f"{scheme}{OWN}%40{EVIL[0]}",
            f"{scheme}{OWN}.{EVIL[0]}",
            f"{scheme}{OWN}{EVIL[0]}",
            f"{scheme}{EVIL[0]}/{OWN}",
            f"{scheme}{EVIL[0]}?{OWN}",
            f"{scheme}{EVIL[0]}#{OWN}/",
            f"{scheme}{EVIL[0]}\\{OWN}",
            f"{scheme}{OWN}:8443/",
            f"{scheme}{OWN}\\.{EVIL[0]}",
            f"{scheme}user:pass@{OWN}/",
        )
    yield from (
        f"http://{OWN}/",
        f"https://{OWN}",
        f"https://{OWN.upper()}//x",
        f"https://{OWN}//x",
    )
    yield from (f"https://{OWN}/\\{EVIL[0]}", f"https://{OWN}/%2f{EVIL[0]}", f"https://{OWN}/..//x")


def dots() -> Iterator[str]:
    """Segments that collapse into `//host` on the way."""
    ups = (".", "..", "%2e", "%2E%2e", ".%2e", "%252e", "./..", "../..", "...")
    for up in ups:
        yield from (f"/{up}//{EVIL[0]}", f"/a/{up}//{EVIL[0]}", f"/{up}/%2f{EVIL[0]}")
        yield from (f"/{up}\\\\{EVIL[0]}", f"/a/{up}%2f%2f{EVIL[0]}", f"{up}//{EVIL[0]}")


def lookalikes() -> Iterator[str]:
    """Characters that look like, or are folded into, a slash, a dot or a colon."""
    for slash in ("\uff0f", "\u2215", "\u2044", "\u29f8", "\uff3c", "\u29f5", "\u3033"):
        yield from (
            f"{slash}{slash}{EVIL[0]}",
            f"/{slash}{EVIL[0]}",
            f"/{quote(slash)}{EVIL[0]}/../..",
        )
    for dot in ("\u3002", "\uff0e", "\uff61"):
        yield from (f"//evil{dot}example", f"/{dot}{dot}//evil")
    yield from ("https\uff1a//evil.example", "/\u202e//evil.example", "/\U0001f600//evil.example")


def splitting() -> Iterator[str]:
    """A line end, by which an answer would get a header of the attacker's."""
    for end in (
        "\r\n",
        "\n",
        "\r",
        "%0d%0a",
        "%0a",
        "%0d",
        "%250d%250a",
        "\u560d\u560a",
        "%E5%98%8A",
    ):
        for tail in ("Location: //evil.example", "Set-Cookie: a=b", "\r\n<script>"):
            yield f"/{end}{tail}"


def own_ends() -> Iterator[str]:
    """Our own sign-in endpoints, which would begin a round without an end."""
    for path in (
        "/oidc/login",
        "/oidc/logout",
        "/oidc/callback?code=x&state=y",
        "/oidc/signed-out",
    ):
        yield from (
            path,
            path.replace("/o", "/%6f"),
            path.replace("/oidc", "/oidc/."),
            f"/x/..{path}",
        )


def too_long() -> Iterator[str]:
    """What no page of ours is as long as, and what is decoded for ever."""
    yield from ("/" + "a" * 4000, "/" + "%2e" * 1000, "/%" + "25" * 40 + "2f" + EVIL[0], "/" * 3000)


FAMILIES = (relative, encoded, controls, schemes, own_name, dots, lookalikes, splitting, own_ends)


def made() -> dict[str, list[str]]:
    """Return every payload by its family, each once."""
    seen: set[str] = set()
    told: dict[str, list[str]] = {}
    for family in (*FAMILIES, too_long):
        new = [payload for payload in dict.fromkeys(family()) if payload not in seen]
        seen.update(new)
        told[family.__name__] = new
    return told


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1) + "\n", encoding="utf-8")
