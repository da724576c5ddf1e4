"""Many processes start the same migrations at once: one does the work, the others wait or say who does it."""

from pathlib import Path

import pytest
from tests.execution.many_at_once import one_works_and_the_others_name_it, one_works_and_the_others_wait
from tests.support.folders import written

from midair.database import Session
from midair.model.address import Address
from midair.model.statement import Sql

MANY = [3, pytest.param(20, marks=pytest.mark.slow)]


@pytest.fixture
def root(tmp_path: Path, session: Session) -> Path:
    """A project of two migrations that online is cut into several transactions, on a table large enough for that."""
    session.run(
        [
            Sql("CREATE TABLE orders (id bigint PRIMARY KEY, total bigint, note text)"),
            Sql("INSERT INTO orders SELECT g, g, repeat('x', 200) FROM generate_series(1, 60000) AS g"),
        ],
        atomic=True,
    )
    written(
        tmp_path,
        {
            "migrations/1_index.up.sql": "CREATE INDEX orders_total ON orders (total);\n",
            "migrations/2_check.up.sql": "ALTER TABLE orders ADD CHECK (total > 0);\n",
        },
    )
    return tmp_path


def _done_once(session: Session) -> None:
    found = session.query(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'c' AND convalidated"
    )
    assert found == [("orders_total_check",)]
    assert session.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_total'::regclass") == [
        (True,)
    ]
    assert session.query("SELECT version, dirty FROM schema_migrations") == [(2, False)]
    assert session.query("SELECT count(*), sum(revisions) FROM midair.run WHERE revisions > 0") == [(1, 2)]


@pytest.mark.parametrize("number", MANY)
def test_one_works_and_the_others_leave_with_its_name(
    root: Path, database: Address, session: Session, number: int
) -> None:
    one_works_and_the_others_name_it(root, database, number)
    _done_once(session)


@pytest.mark.parametrize("number", MANY)
def test_those_that_wait_find_everything_done(
    root: Path, database: Address, session: Session, number: int
) -> None:
    one_works_and_the_others_wait(root, database, number, "applied 2 migrations")
    _done_once(session)
