"""Many processes start the same migrations at once: one does the work, the others wait or say who does it."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import url_of

from midair.database import Guard, Session, open_session
from midair.model.address import Address
from midair.model.statement import Sql

DEADLINE_S = 120.0
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
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_index.up.sql").write_text("CREATE INDEX orders_total ON orders (total);\n")
    (folder / "2_check.up.sql").write_text("ALTER TABLE orders ADD CHECK (total > 0);\n")
    return tmp_path


@contextmanager
def in_the_way(database: Address) -> Generator[None]:
    """A transaction that wrote to the table: no index build and no strong lock gets past it."""
    other = open_session(database, Guard(), "report-worker")
    other.run([Sql("BEGIN"), Sql("UPDATE orders SET note = 'x' WHERE id = 1")], atomic=False)
    try:
        yield
    finally:
        other.close()


def started(root: Path, database: Address, number: int, *words: str) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "midair", "apply", "-C", str(root), "--url", url_of(database).reveal()]
    return [
        subprocess.Popen(
            [*command, "--strategy", "online", "--no-input", *words],
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(number)
    ]


def only_one_left(processes: Sequence[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    until = time.monotonic() + DEADLINE_S
    while len(left := [each for each in processes if each.poll() is None]) > 1:
        assert time.monotonic() < until, "more than one process is still there"
        time.sleep(0.1)
    assert left, [each.communicate()[0] for each in processes]
    return left[0]


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
    with in_the_way(database):
        processes = started(root, database, number)
        owner = only_one_left(processes)
        others = [each for each in processes if each is not owner]
        said = [each.communicate(timeout=DEADLINE_S)[0] for each in others]
    assert [each.returncode for each in others] == [3] * (number - 1), said
    named = rf"ME219 another midair run is at work .*pid \d+ \(midair {owner.pid}@{re.escape(socket.gethostname())}.*, since 2\d\d\d-"
    assert all(re.search(named, each) for each in said), said
    assert owner.communicate(timeout=DEADLINE_S)[0]
    assert owner.returncode == 0
    _done_once(session)


@pytest.mark.parametrize("number", MANY)
def test_those_that_wait_find_everything_done(
    root: Path, database: Address, session: Session, number: int
) -> None:
    processes = started(root, database, number, "--wait", "100s")
    said = [each.communicate(timeout=DEADLINE_S)[0] for each in processes]
    assert [each.returncode for each in processes] == [0] * number, said
    assert sum("applied 2 migrations" in each for each in said) == 1, said
    assert sum("nothing to do" in each for each in said) == number - 1, said
    _done_once(session)
