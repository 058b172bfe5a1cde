"""Origins as JSON, by the ten thousand: the same words but for the moment come again and again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mo_access.commands.streams import encoded
from mo_access.service.explaining import Origin


def told(origins: Iterable[Origin]) -> str:
    """Return the JSON array of these origins, each with its members in their own order."""
    return f"[{', '.join(map(_told, origins))}]"


def _told(origin: Origin) -> str:
    kind, value, institution, client, how, since, start, end, idle = origin
    before, after = _around(kind, value, institution, client, how, start, end, idle)
    return f"{before}{'null' if since is None else since}{after}"


@lru_cache(maxsize=10_000)
def _around(*words: str | None) -> tuple[str, str]:
    """Return the JSON before and after the moment."""
    kind, value, institution, client, how, start, end, idle = words
    before = {
        "kind": kind,
        "value": value,
        "institution": institution,
        "client": client,
        "how": how,
    }
    after = {"start": start, "end": end, "idle": idle}
    return f'{encoded(before)[:-1]}, "since": ', f", {encoded(after)[1:]}"
