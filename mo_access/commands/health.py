"""What ``doctor`` looks at; each check is one fact with one remedy."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine.url import make_url

from mo_access import provider_rules
from mo_access import settings as configuration
from mo_access.commands import distrusted
from mo_access.commands.desk import Desk
from mo_access.key_files import SECRET_FILE, open_to_others
from mo_access.service import audit, catalogue, health
from mo_access.settings import Settings
from mo_access.settings_sources import unknown_variables
from mo_access.storage import migrating
from mo_access.storage.engine import Database

LATEST_SEAL = 60_000_000
LEAST_ROOM = 256 * 1024 * 1024
"""Below this many free bytes a night's synchronisation may fill the disk."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``remedy`` says what to do when it is not well."""

    name: str
    well: bool
    remedy: str


def examined(settings: Settings) -> list[Check]:
    """Look at configuration, files, keys, database, audit trail and documents."""
    return [*_configuration(settings), *_files(settings), *_database(settings)]


def _configuration(settings: Settings) -> Iterator[Check]:
    unknown = unknown_variables(Settings.model_fields)
    yield Check("every MO_ variable is a setting", not unknown, "; ".join(unknown))
    told = "set MO_OIDC_ISSUER and MO_OIDC_CLIENT_ID"
    yield Check("an OpenID provider is configured", bool(settings.providers), told)
    wide = provider_rules.remarks(settings.providers)
    yield Check("no provider gives rights everywhere unsaid", not wide, "; ".join(wide))
    told = "set MO_BASE_URL to the https address that people use"
    yield Check("the base URL is https", not settings.plain_http, told)


def _files(settings: Settings) -> Iterator[Check]:
    keys = configuration.keys(settings)
    yield Check("the keys open what they seal", health.keys_work(keys), "restore the key file")
    for path in (settings.key_file, settings.var / SECRET_FILE, _sqlite(settings)):
        if path is not None and path.exists():
            well = not open_to_others(path)
            yield Check(f"{path.name} is ours only", well, f"chmod 600 {path}")
    yield from _room(settings)


def _room(settings: Settings) -> Iterator[Check]:
    """See that what is written next still fits: in the data folder, and beside a SQLite file."""
    places = {settings.var} | {path.parent for path in [_sqlite(settings)] if path is not None}
    for place in sorted(path for path in places if path.is_dir()):
        free = shutil.disk_usage(place).free
        told = f"{free // 1024**2} MiB are free: make room, every write is refused without"
        yield Check(f"there is room on the disk of {place}", free >= LEAST_ROOM, told)


def _sqlite(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _database(settings: Settings) -> Iterator[Check]:
    database = Database(settings.database_url)
    answers = health.database_answers(database)
    yield Check("the database answers", answers, "see that it runs and MO_DATABASE_URL is right")
    if not answers:
        return
    current = health.schema_is_current(database)
    yield Check("the schema is of this release", current, "run mo-access db upgrade")
    if current:
        differing = migrating.differences(settings.database_url)
        yield Check("the schema is as released", not differing, "; ".join(differing)[:300])
        yield from _content(settings)
    database.close()


def _content(settings: Settings) -> Iterator[Check]:
    with Desk(settings).unit() as uow:
        verdict = audit.verify(uow)
        stored = catalogue.every_document(uow)
        ending = distrusted.remarks(uow, settings)
    yield Check("the audit trail is sound", verdict.sound, "see mo-access audit verify")
    oldest = verdict.oldest_unsealed
    late = oldest is not None and oldest < time.time() * 1_000_000 - LATEST_SEAL
    told = "events wait for a seal for over a minute: is mo-access serve running?"
    yield Check("the audit trail is sealed", not late, told)
    yield Check("every session is of a provider that is configured", not ending, "; ".join(ending))
    lost = [d.id for d in stored if not (settings.documents / d.digest).is_file()]
    told = f"import again: {', '.join(lost[:5])}"
    yield Check("every document has its file", not lost, told)
