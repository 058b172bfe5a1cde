"""What every connection of ours is set to."""

import pytest
from sqlalchemy import text

from mo_access.storage.engine import Database


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_postgresql_compiles_no_statement_of_ours(database: Database) -> None:
    """Nor for a second one that is lent beside the first."""
    with database.connect() as one, database.connect() as other:
        assert [conn.all(text("SHOW jit")) for conn in (one, other)] == [[("off",)], [("off",)]]
