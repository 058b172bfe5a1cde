"""The service under judgement: an address and tokens, or one of our own, run while needed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mo_access import settings as configuration
from mo_access.service import imports
from mo_access.service.clients import NewClient, create
from mo_access.service.unit_of_work import UnitOfWork
from mo_access.settings import Settings
from mo_access.storage import migrating
from mo_access.storage.engine import Database
from mo_demo.process import LOOPBACK, Child, child_environment, reserved_port

ROOT = Path(__file__).resolve().parent.parent
INSTITUTIONS = """number,name,kind,board,successor
900001,School Een,school,,
900002,School Twee,school,,
"""
THEMES = """slug,name,confidentiality,min_level
leerlingen-openbaar,Leerlingen (openbaar),public,0
"""


@dataclass(frozen=True)
class Target:
    """Where the SCIM service is and with which tokens it is asked.

    ``token`` belongs to a client with the default profile, ``strict_token`` to one with the
    interop profile; without the latter, the list of that profile is left out.
    """

    url: str
    token: str = field(repr=False)
    strict_token: str = field(default="", repr=False)


@contextmanager
def own_service() -> Iterator[Target]:
    """Run this checkout's service on a free loopback port with SQLite, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="mo-conformance-") as directory:
        folder = Path(directory)
        tokens = _prepared(folder)
        with reserved_port() as port:
            pass
        url = f"http://{LOOPBACK}:{port}"
        child = _started(folder, url, port)
        try:
            yield Target(f"{url}/scim/v2", *tokens)
        finally:
            child.stop()


def _prepared(folder: Path) -> tuple[str, str]:
    """Make the database, two institutions, a theme and two clients; return their tokens."""
    (folder / "institutions.csv").write_text(INSTITUTIONS)
    (folder / "themes.csv").write_text(THEMES)
    migrating.upgrade(_database(folder))
    settings = Settings(var=folder, database_url=_database(folder))
    database = Database(settings.database_url)
    keys = configuration.keys(settings)
    with UnitOfWork(database, keys=keys, request_id="conformance", caller="cli:conformance") as uow:
        imports.institutions(uow, folder / "institutions.csv")
        imports.themes(uow, folder / "themes.csv")
        tokens = _client(uow, "conformance", "lenient"), _client(uow, "interop", "strict")
        uow.commit()
    database.close()
    return tokens


def _client(uow: UnitOfWork, name: str, profile: str) -> str:
    institutions = ("900001", "900002")
    new = NewClient(name, institutions, default_institution="900001", profile=profile)
    return create(uow, new)[1]


def _started(folder: Path, url: str, port: int) -> Child:
    serve = ("serve", "--host", LOOPBACK, "--port", str(port))
    environment = child_environment(
        {
            # This checkout, also where the environment has another one installed.
            "PYTHONPATH": str(ROOT),
            "MO_VAR": str(folder),
            "MO_DATABASE_URL": _database(folder),
            "MO_BASE_URL": url,
        }
    )
    command = [sys.executable, "-m", "mo_access.cli", *serve]
    child = Child.start("mo-access", command, environment, folder / "service.log")
    try:
        child.wait_ready(f"{url}/health/ready")
    except BaseException:
        child.stop()
        raise
    return child


def _database(folder: Path) -> str:
    return f"sqlite:///{folder / 'mo.sqlite'}"
