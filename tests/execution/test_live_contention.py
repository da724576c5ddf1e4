"""Many processes start the same live program at once: one runs it, the others wait or say who does."""

from pathlib import Path

import pytest
from tests.execution.many_at_once import one_works_and_the_others_name_it, one_works_and_the_others_wait
from tests.sources.alembic.projects import revision, write_project

from midair.database import Session
from midair.model.address import Address
from midair.model.statement import Sql

_BODY = """conn = op.get_bind()
ids = [each[0] for each in conn.execute(sa.text("SELECT id FROM orders ORDER BY id LIMIT 5"))]
op.create_table('picked', sa.Column('id', sa.Integer))
for id in ids:
    conn.execute(sa.text("UPDATE orders SET total = total + 1 WHERE id = :id"), {"id": id + 1})
    conn.execute(sa.text("INSERT INTO picked VALUES (:id)"), {"id": id})
op.create_index('orders_total', 'orders', ['total'])
op.execute("UPDATE orders SET total = total + 1")"""
_ROWS = 60_000


@pytest.fixture
def root(tmp_path: Path, session: Session) -> Path:
    """A program that is watched, on a table large enough for that."""
    session.run(
        [
            Sql("CREATE TABLE orders (id bigint PRIMARY KEY, total bigint, note text)"),
            Sql(f"INSERT INTO orders SELECT g, g, repeat('x', 200) FROM generate_series(1, {_ROWS}) AS g"),
        ],
        atomic=True,
    )
    return write_project(tmp_path / "project", {"a": revision("a", "None", _BODY)})


def _done_once(session: Session) -> None:
    assert session.query("SELECT sum(total) FROM orders") == [(_ROWS * (_ROWS + 1) // 2 + _ROWS + 5,)]
    assert session.query("SELECT count(*) FROM picked") == [(5,)]
    assert session.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_total'::regclass") == [
        (True,)
    ]
    assert session.query("SELECT version_num FROM alembic_version") == [("a",)]
    assert session.query("SELECT count(*), sum(revisions) FROM midair.run WHERE revisions > 0") == [(1, 1)]
    assert session.query("SELECT count(*) FROM midair.step WHERE open") == [(0,)]


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_one_runs_the_program_and_the_others_leave_with_its_name(
    root: Path, database: Address, session: Session, number: int
) -> None:
    one_works_and_the_others_name_it(root, database, number)
    _done_once(session)


@pytest.mark.slow
@pytest.mark.parametrize("number", [20])
def test_those_that_wait_find_the_program_done(
    root: Path, database: Address, session: Session, number: int
) -> None:
    one_works_and_the_others_wait(root, database, number, "applied 1 migration")
    _done_once(session)
