"""What a database keeps, for tests that look for numbers of the national register in it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from mo_access.storage import subject_tables
from mo_access.storage.engine import Database


def spellings(digits: str) -> tuple[str, ...]:
    """Return a number as people and forms write it."""
    dotted = f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}-{digits[6:9]}.{digits[9:]}"
    spaced = f"{digits[:6]} {digits[6:9]} {digits[9:]}"
    return (
        digits,
        dotted,
        dotted.replace("-", " "),
        spaced,
        f"{digits[:6]}-{digits[6:9]}-{digits[9:]}",
    )


def kept(database: Database) -> str:
    """Return every row of every table, and of SQLite every byte of its files."""
    with database.connect() as conn:
        tables = subject_tables.metadata.sorted_tables
        rows = [repr(row) for table in tables for row in conn.all(select(table))]
    if database.dialect_name == "sqlite":
        files = Path(database.url.removeprefix("sqlite:///"))
        found = files.parent.glob(f"{files.name}*")
        rows.extend(path.read_bytes().decode("latin-1") for path in found)
    return "\n".join(rows)
