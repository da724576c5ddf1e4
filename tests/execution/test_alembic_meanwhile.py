"""Alembic has no lock: what happens when somebody types `alembic upgrade` while midair is at work, and the other way round."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sources.alembic.projects import alembic, opened, revision, run_sql, table_of, write_project
from tests.support.fly import fly

from midair.model.address import Address

_DEADLINE_S = 60.0
_ASLEEP = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    slow = "op.execute('CREATE TABLE slow (id integer)')\nop.execute('SELECT pg_sleep(s) FROM pause')"
    return write_project(
        tmp_path / "p",
        {"a": revision("a", "None", slow), "b": revision("b", "'a'", "op.execute('CREATE TABLE quick ()')")},
    )


def asleep(address: Address) -> None:
    session, until = opened(address), time.monotonic() + _DEADLINE_S
    while not session.query(_ASLEEP):
        assert time.monotonic() < until, "the slow migration never began"
        time.sleep(0.05)
    session.close()


def ended(address: Address) -> tuple[list[str], list[tuple[object, ...]]]:
    session = opened(address)
    try:
        tables = session.query(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('slow', 'quick') ORDER BY 1"
        )
        return table_of(session), tables
    finally:
        session.close()


def started(root: Path, address: Address) -> subprocess.Popen[str]:
    target = f"postgresql+psycopg://{address.user}@/{address.database}?host={address.host}"
    text = (root / "alembic.ini").read_text().splitlines(keepends=True)
    lines = (f"sqlalchemy.url = {target}\n" if each.startswith("sqlalchemy.url") else each for each in text)
    (root / "real.ini").write_text("".join(lines))
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "-c", "real.ini", "upgrade", "head"],
        cwd=root,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_alembic_started_while_midair_is_at_work_changes_nothing_twice(root: Path, database: Address) -> None:
    run_sql(database, "CREATE TABLE pause AS SELECT 3 AS s")
    running = fly(root, database)
    asleep(database)
    real = started(root, database)
    said, _ = real.communicate(timeout=_DEADLINE_S)
    code, ours = running.landed()
    assert code == 0, ours
    # It met what midair had made and was rolled back by PostgreSQL, or came late enough to find all done.
    assert real.returncode == 0 or "already exists" in said or "duplicate key" in said, said
    assert ended(database) == (["b"], [("quick",), ("slow",)])
    assert alembic(root, database, "current").startswith("b (head)")


def test_midair_started_while_alembic_is_at_work_leaves_nothing_of_its_own(
    root: Path, database: Address
) -> None:
    run_sql(database, "CREATE TABLE pause AS SELECT 3 AS s")
    real = started(root, database)
    asleep(database)
    code, ours = fly(root, database).landed()
    said, _ = real.communicate(timeout=_DEADLINE_S)
    assert real.returncode == 0, said
    assert code != 0, ours
    assert ended(database) == (["b"], [("quick",), ("slow",)])
    assert fly(root, database).landed() == (0, "0")
