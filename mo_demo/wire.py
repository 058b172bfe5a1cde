"""What the broker said to us, read from our service's own request log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DISCOVERY = ("ResourceTypes", "Schemas", "ServiceProviderConfig")


@dataclass
class Wire:
    """A reader of the request log that goes on where it stopped."""

    log: Path
    read: int = 0

    def scim_since(self) -> list[str]:
        """Return the SCIM requests since the last call, one line each, discovery counted only."""
        lines: list[str] = []
        discovery = 0
        for method, path, status in self._requests():
            if path.rsplit("/", 1)[-1] in DISCOVERY:
                discovery += 1
            else:
                lines.append(f"broker -> us   {method} {path} -> {status}")
        if discovery:
            lines.insert(0, f"broker -> us   GET {', '.join(DISCOVERY)} ({discovery} requests)")
        return lines

    def _requests(self) -> Iterator[tuple[str, str, int]]:
        with self.log.open("rb") as file:
            file.seek(self.read)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self.read += len(complete)
        for line in complete.splitlines():
            yield from _scim_request(line)


def _scim_request(line: bytes) -> Iterator[tuple[str, str, int]]:
    try:
        entry = json.loads(line)
    except ValueError:
        return
    if isinstance(entry, dict) and entry.get("event") == "request":
        path = str(entry.get("path", ""))
        if path.startswith("/scim/"):
            yield str(entry.get("method")), path, int(entry.get("status", 0))
