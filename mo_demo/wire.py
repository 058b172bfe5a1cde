"""What broker and service said to each other, read from their own request logs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DISCOVERY = ("ResourceTypes", "Schemas", "ServiceProviderConfig")
# What we ask the broker, as its server's log has it (method and path may be coloured).
ASKED = re.compile(
    r'"(?:\x1b\[\d+m)*(GET|POST) (/oauth/(?:token|introspect|userinfo|jwks\.json)'
    r'|/\.well-known/openid-configuration) HTTP/[\d.]+(?:\x1b\[0m)?" (\d{3})'
)


@dataclass
class Tail:
    """A reader of a growing file that goes on where it stopped; unfinished lines wait."""

    path: Path
    read: int = 0

    def lines(self) -> list[str]:
        """Return the lines that were finished since the last call."""
        with self.path.open("rb") as file:
            file.seek(self.read)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self.read += len(complete)
        return complete.decode(errors="replace").splitlines()


@dataclass
class Wire:
    """Both directions: the broker's SCIM requests to us, and our questions to the broker."""

    service: Tail
    broker: Tail

    def scim_since(self) -> list[str]:
        """Return the SCIM requests since the last call, one line each, discovery counted only."""
        lines: list[str] = []
        discovery = 0
        for entry in self.service.lines():
            for method, path, status in _scim_request(entry):
                if path.rsplit("/", 1)[-1] in DISCOVERY:
                    discovery += 1
                else:
                    lines.append(f"SCIM -> us     {method} {path} -> {status}")
        if discovery:
            lines.insert(0, f"SCIM -> us     GET {', '.join(DISCOVERY)} ({discovery} requests)")
        return lines

    def asked_since(self) -> list[str]:
        """Return what we asked the broker since the last call: keys, tokens, introspection."""
        found = (ASKED.search(line) for line in self.broker.lines())
        return [f"us -> broker   {m[1]} {m[2]} -> {m[3]}" for m in found if m]


def _scim_request(line: str) -> Iterator[tuple[str, str, int]]:
    try:
        entry = json.loads(line)
    except ValueError:
        return
    if isinstance(entry, dict) and entry.get("event") == "request":
        path = str(entry.get("path", ""))
        if path.startswith("/scim/"):
            yield str(entry.get("method")), path, int(entry.get("status", 0))
