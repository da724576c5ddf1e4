"""The way back stops nobody either: a tool's own downgrade runs in the safe forms that its upgrade would."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.sources.alembic.projects import alembic, opened, revision, table_of
from tests.support.fly import fly
from tests.support.folders import written
from tests.support.listening import Remembering
from tests.support.live_shop import kept_beside, request_for, shop
from tests.support.state import dump

import midair
from midair.database import Session
from midair.model.address import Address
from midair.model.migration import Direction
from midair.model.plan import Plan, RunLive, RunStatement
from midair.model.statement import Sql
from midair.rehearsal.server import Server

UP = """op.create_index('users_n', 'users', ['n'])
op.create_table('notes', sa.Column('user_id', sa.Integer))
op.execute('INSERT INTO notes SELECT id FROM users')
op.execute('ANALYZE notes')"""
DOWN = """op.drop_index('users_n')
op.create_check_constraint('users_counted', 'users', 'n > 0')
op.alter_column('users', 'name', nullable=False)
op.create_index('users_name', 'users', ['name'])
op.create_foreign_key('notes_user', 'notes', 'users', ['user_id'], ['id'])"""
SAFE = ["check-in-two-steps", "index-concurrently", "index-drop-concurrently", "not-null-in-phases"]


def rewrites_of(plan: Plan) -> list[str]:
    return sorted({step.rewrite for step in plan.steps if step.rewrite is not None})


def sent_by(plan: Plan) -> list[str]:
    return [step.action.statement.sql for step in plan.steps if isinstance(step.action, RunStatement)]


def test_an_alembic_downgrade_is_made_safe_as_its_upgrade_is(tmp_path: Path, server: Server) -> None:
    root, fresh = shop(tmp_path / "p", server)
    path = root / "migrations" / "versions" / "b.py"
    path.write_text(revision("b", "'a'", UP, DOWN))
    address, other = fresh(), fresh()
    for each in (address, other):
        alembic(root, each, "upgrade", "head")
    plan = midair.plan(request_for(root, address), "-1", Direction.DOWN)
    assert rewrites_of(plan) == [*SAFE[:1], "foreign-key-in-two-steps", *SAFE[1:]]
    assert any(sql.startswith("DROP INDEX CONCURRENTLY users_n") for sql in sent_by(plan))
    assert any("NOT VALID" in sql for sql in sent_by(plan))
    assert all(step.direction is Direction.DOWN for step in plan.steps)
    midair.rollback(request_for(root, address), Remembering())
    alembic(root, other, "downgrade", "a")
    assert dump(server.bin, address) == dump(server.bin, other)


def test_a_downgrade_that_reads_rows_is_watched_and_survives_kills(tmp_path: Path, server: Server) -> None:
    root, fresh = shop(tmp_path / "p", server)
    reads = (
        "rows = op.get_bind().execute(sa.text('SELECT id FROM users WHERE n <= 3 ORDER BY id')).fetchall()\n"
    )
    loop = "\nfor (id,) in rows:\n    op.execute(f'UPDATE users SET name = name || n WHERE id = {id}')"
    path = root / "migrations" / "versions" / "b.py"
    path.write_text(
        revision("b", "'a'", UP, reads + DOWN.partition("\n")[0] + loop + "\nop.drop_table('notes')")
    )
    address, other = fresh(), fresh()
    for each in (address, other):
        alembic(root, each, "upgrade", "head")
    plan = midair.plan(request_for(root, address), "-1", Direction.DOWN)
    (step,) = plan.steps
    assert isinstance(step.action, RunLive)
    assert step.action.watched
    assert any("becomes index-drop-concurrently" in note for note in plan.notes)
    for event in (4, 7, 9):
        fly(root, address, strategy="online", command="rollback", dies_at=event, wait_s=30).landed()
    session = opened(address)
    half = table_of(session)
    session.close()
    assert half == ["b"]
    code, said = fly(root, address, strategy="online", command="resume", wait_s=30).landed()
    assert code == 0, said
    alembic(root, other, "downgrade", "a")
    assert dump(server.bin, address) == dump(server.bin, other)
    assert kept_beside(address) == []


@pytest.fixture
def numbered(tmp_path: Path, session: Session) -> Path:
    """golang-migrate's files, and the table they are about."""
    session.run(
        [
            Sql("CREATE TABLE orders (id bigint PRIMARY KEY, total bigint)"),
            Sql("INSERT INTO orders SELECT g, g FROM generate_series(1, 2000) AS g"),
        ],
        atomic=True,
    )
    written(
        tmp_path,
        {
            "migrations/1_index.up.sql": "CREATE INDEX orders_total ON orders (total);\n",
            "migrations/1_index.down.sql": "DROP INDEX orders_total;\nALTER TABLE orders ALTER COLUMN total SET NOT NULL;\n"
            "ALTER TABLE orders ADD CHECK (total > 0);\nCREATE INDEX orders_of ON orders (id, total);\n",
        },
    )
    return tmp_path


def test_a_golang_migrate_down_file_is_made_safe_too(
    numbered: Path, database: Address, session: Session
) -> None:
    request = midair.Request(
        numbered, url=url_of(database), variables=dict(os.environ), strategy="online", small_table_bytes=0
    )
    midair.apply(replace(request, strategy="direct"), Remembering())
    plan = midair.plan(request, "-1", Direction.DOWN)
    assert rewrites_of(plan) == SAFE
    assert any(sql.startswith("DROP INDEX CONCURRENTLY orders_total") for sql in sent_by(plan))
    midair.rollback(request, Remembering())
    assert session.query(
        "SELECT relname FROM pg_class WHERE relname LIKE 'orders\\_%' AND relkind = 'i' ORDER BY 1"
    ) == [
        ("orders_of",),
        ("orders_pkey",),
    ]
    assert session.query(
        "SELECT conname, convalidated FROM pg_constraint WHERE contype = 'c' AND conrelid = 'orders'::regclass"
    ) == [("orders_total_check", True)]
    assert session.query("SELECT count(*) FROM schema_migrations") == [(0,)]
