"""The kinds of columns that the tables are made of; see ``schema``."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BIG = BigInteger().with_variant(Integer, "sqlite")


def pk() -> Column[int]:
    """Return the key of a table."""
    return Column("pk", BIG, primary_key=True, autoincrement=True)


def integer(name: str, *, default: int | None = None, null: bool = False) -> Column[int]:
    """Return a column of integers: numbers, times, flags."""
    shown = None if default is None else str(default)
    return Column(name, BIG, nullable=null, server_default=shown)


def text(
    name: str, *, null: bool = False, unique: bool = False, default: str | None = None
) -> Column[str]:
    """Return a column of text."""
    return Column(name, Text, nullable=null, unique=unique, server_default=default)


def binary(name: str, *, null: bool = False) -> Column[bytes]:
    """Return a column of bytes."""
    return Column(name, LargeBinary, nullable=null)


def reference(name: str, target: str, *, null: bool = False, cascade: bool = False) -> Column[int]:
    """Return a column that refers to the key of another table."""
    rule = "CASCADE" if cascade else None
    return Column(name, BIG, ForeignKey(f"{target}.pk", ondelete=rule), nullable=null)
