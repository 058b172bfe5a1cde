"""What lists lean on beside the tables is seen when it is gone or wrong, and made anew."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from mo_access.storage import list_aids, migrating
from mo_access.storage.engine import Database
from tests.scim.conftest import Broker, parsed

SQLITE, POSTGRESQL = "sqlite", "postgresql"
Do = Callable[[str], None]


@pytest.fixture
def do(migrated_url: str) -> Do:
    """Give a way to run SQL behind the service's back."""

    def run(statement: str) -> None:
        with migrating.connected(migrated_url) as connection, connection.begin():
            connection.execute(text(statement))

    return run


def seen(broker: Broker) -> tuple[int, int]:
    """Count who has a part in the name, and everybody."""
    found = broker.found("/Users", 'userName co "ans"')
    return len(found), parsed(broker.send("GET", "/Users"))["totalResults"]


@pytest.mark.parametrize(
    ("migrated_url", "broken", "told"),
    [
        (SQLITE, "DROP TRIGGER link_parts_changed", "missing: link_parts_changed"),
        (SQLITE, "DROP TABLE group__parts", "missing: group__parts"),
        (
            SQLITE,
            "INSERT INTO link_parts(link_parts) VALUES ('delete-all')",
            "link_parts does not agree",
        ),
        (POSTGRESQL, "DROP INDEX ft_link_parts", "ft_link_parts"),
        (SQLITE, "UPDATE list_total SET amount = amount + 3", "total of persons"),
        (POSTGRESQL, "DELETE FROM list_total", "kept 0, counted 2"),
    ],
    indirect=["migrated_url"],
)
def test_what_is_wrong_is_told_and_mended(
    migrated_url: str, broker: Broker, do: Do, broken: str, told: str
) -> None:
    """Then filters and totals answer as before, and the next write keeps them so."""
    for name in ("jansen", "an"):
        broker.made("/Users", {"userName": name})
    assert migrating.differences(migrated_url) == ()
    do(broken)
    assert any(told in fault for fault in migrating.differences(migrated_url))
    migrating.mend(migrated_url)
    assert migrating.differences(migrated_url) == ()
    assert seen(broker) == (1, 2)
    broker.made("/Users", {"userName": "mans"})
    assert seen(broker) == (2, 3)
    assert migrating.differences(migrated_url) == ()


def test_an_extension_that_came_later_is_used(
    database: Database, migrated_url: str, broker: Broker, do: Do
) -> None:
    """Without it nothing is wrong, and slower; an index is made once it is there."""
    if database.dialect_name != POSTGRESQL:
        assert migrating.remarks(migrated_url) == ()
        return
    do("DROP EXTENSION pg_trgm CASCADE")
    assert migrating.differences(migrated_url) == ()
    assert migrating.remarks(migrated_url) == (list_aids.WITHOUT_TRIGRAMS,)
    broker.made("/Users", {"userName": "jansen"})
    assert seen(broker) == (1, 1)
    do("CREATE EXTENSION pg_trgm")
    assert len(migrating.differences(migrated_url)) == 2
    migrating.mend(migrated_url)
    assert migrating.differences(migrated_url) == migrating.remarks(migrated_url) == ()
    assert seen(broker) == (1, 1)
