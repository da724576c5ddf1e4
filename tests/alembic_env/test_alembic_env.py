"""`alembic upgrade` with one more line in env.py: bounded, retried, journalled, excluding midair."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.execution.locks import own_key
from midair.model.address import Address
from midair.model.statement import Sql
from tests.conftest import url_of

ENV = """
from alembic import context
from sqlalchemy import create_engine
from midair import alembic_env

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, **alembic_env.guarded(connection))
    with context.begin_transaction():
        context.run_migrations()
"""
FIRST = """
revision, down_revision = "a1", None
from alembic import op
def upgrade():
    op.execute("ALTER TABLE orders ADD COLUMN total bigint")
def downgrade():
    op.execute("ALTER TABLE orders DROP COLUMN total")
"""
SECOND = """
revision, down_revision = "b2", "a1"
from alembic import op
def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY orders_total ON orders (total)")
def downgrade():
    op.execute("DROP INDEX orders_total")
"""


@pytest.fixture
def root(tmp_path: Path, database: Address, session: Session) -> Path:
    session.run([Sql("CREATE TABLE orders (id int PRIMARY KEY)")], atomic=True)
    (tmp_path / "scripts" / "versions").mkdir(parents=True)
    (tmp_path / "scripts" / "env.py").write_text(ENV)
    (tmp_path / "scripts" / "versions" / "a1.py").write_text(FIRST)
    (tmp_path / "scripts" / "versions" / "b2.py").write_text(SECOND)
    url = url_of(database).reveal().replace("postgresql:", "postgresql+psycopg:")
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = scripts\nsqlalchemy.url = {url}\n")
    return tmp_path


def alembic(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alembic", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={**os.environ})


def test_alembic_goes_on_while_a_lock_is_held_and_the_journal_knows(
    root: Path, database: Address, session: Session
) -> None:
    holder = open_session(database, Guard(), "report-worker")
    holder.run([Sql("BEGIN"), Sql("SELECT * FROM orders")], atomic=False)
    release = threading.Timer(2.5, lambda: holder.run([Sql("COMMIT")], atomic=False))
    release.start()
    ran = alembic(root, "upgrade", "head")
    release.join()
    holder.close()
    assert ran.returncode == 0, ran.stderr
    assert session.query("SELECT version_num FROM alembic_version") == [("b2",)]
    assert session.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_total'::regclass") == [
        (True,)
    ]
    rows = session.query("SELECT revision, direction, state FROM midair.step ORDER BY finished_at")
    assert rows == [("a1", "up", "done"), ("b2", "up", "done")]
    _, runs = midair.history(midair.Request(root, url=url_of(database)))
    assert [(run.tool, run.state, run.revisions) for run in runs] == [("alembic", "done", 2)]


def test_alembic_refuses_while_midair_is_at_work(root: Path, database: Address) -> None:
    at_work = open_session(database, Guard(), "midair")
    assert at_work.try_lock(own_key("alembic_version"))
    ran = alembic(root, "upgrade", "head")
    at_work.close()
    assert ran.returncode != 0
    assert "another midair run is at work" in ran.stderr
