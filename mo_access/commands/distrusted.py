"""Sessions whose provider is not, or not so, configured any more: the next request ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mo_access import provider_rules
from mo_access.service import sessions

if TYPE_CHECKING:
    from mo_access.service.unit_of_work import UnitOfWork
    from mo_access.settings import Settings

_MICRO: Final = 1_000_000


def remarks(uow: UnitOfWork, settings: Settings) -> tuple[str, ...]:
    """Tell how many there are, by provider and reason; nothing where there are none."""
    found = sessions.by_provider(uow, settings.session_idle_seconds * _MICRO)
    judged = [
        (one, provider_rules.distrust(settings.provider(one.provider), one.issuer, one.mode))
        for one in found
    ]
    return tuple(
        f"{one.number} session(s) of provider {one.provider!r} at {one.issuer} in mode {one.mode} "
        f"end at their next request ({code})"
        for one, code in judged
        if code is not None
    )
