"""Migrations of several tools on one database: one midair at a time, each tool's own steps, groundwork made by two at once."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.fly import fly
from tests.support.listening import Remembering

import midair
from midair.database import Guard, Session, open_session
from midair.database.session import prepare
from midair.errors import AlreadyRunning, GateInTheWay, StatementFailed
from midair.execution.locks import database_key
from midair.model.address import Address
from midair.model.statement import Sql

GIVEN = "CREATE TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders SELECT g, g FROM generate_series(1, 500) g"


def _golang(folder: Path, *migrations: str) -> Path:
    root = folder / "golang"
    (root / "migrations").mkdir(parents=True)
    for number, sql in enumerate(migrations, 1):
        (root / "migrations" / f"{number:06d}_m{number}.up.sql").write_text(sql)
    return root


def _flyway(folder: Path, *migrations: str) -> Path:
    root = folder / "flyway"
    (root / "sql").mkdir(parents=True)
    (root / "flyway.conf").write_text(
        "flyway.locations=filesystem:sql\nflyway.baselineOnMigrate=true\nflyway.baselineVersion=0\n"
    )
    for number, sql in enumerate(migrations, 1):
        (root / "sql" / f"V{number}__m{number}.sql").write_text(sql)
    return root


def _request(root: Path, address: Address) -> midair.Request:
    return midair.Request(root, url=url_of(address), strategy="online", small_table_bytes=0)


def test_one_tools_run_keeps_another_tools_run_waiting(
    tmp_path: Path, database: Address, session: Session
) -> None:
    """What one has under way decides how the other's is planned."""
    assert session.try_lock(database_key())
    for root in (_golang(tmp_path, "SELECT 1;"), _flyway(tmp_path, "SELECT 1;")):
        with pytest.raises(AlreadyRunning, match="another midair run is at work on this database"):
            midair.apply(_request(root, database), Remembering())


def test_a_tool_waits_for_the_gate_that_another_tools_migration_opened(
    tmp_path: Path, database: Address, session: Session
) -> None:
    session.run([Sql(GIVEN)], atomic=False)
    midair.apply(
        _request(_golang(tmp_path, "ALTER TABLE orders RENAME COLUMN total TO amount;"), database),
        Remembering(),
    )
    second = _flyway(tmp_path, "ALTER TABLE orders DROP COLUMN total;")
    with pytest.raises(GateInTheWay, match="1 still waits for its contract"):
        midair.apply(_request(second, database), Remembering())


def test_steps_of_a_migration_with_the_same_number_in_another_tool_stay_open(
    tmp_path: Path, database: Address, session: Session
) -> None:
    """golang-migrate's 1 is cut off half-way, Flyway's 1 is applied, and golang-migrate's goes on from where it was."""
    session.run([Sql(GIVEN)], atomic=False)
    first = _golang(tmp_path, "ALTER TABLE orders ALTER COLUMN total TYPE bigint;")
    assert fly(first, database, dies_at=_AFTER_THE_TRIGGER, strategy="online").cut_off()
    begun = session.query(_OPEN)
    assert begun
    midair.apply(_request(_flyway(tmp_path, "CREATE TABLE ledger (id int);"), database), Remembering())
    assert session.query(_OPEN) == begun
    midair.resume(_request(first, database), Remembering())
    assert session.query(_OPEN) == []
    assert session.query("SELECT data_type FROM information_schema.columns WHERE column_name = 'total'") == [
        ("bigint",)
    ]


_OPEN = "SELECT id FROM midair.step WHERE open ORDER BY id"
_AFTER_THE_TRIGGER = 5
"""The event by which steps of the change are committed and its backfill is not over."""


@pytest.fixture
def another(database: Address) -> Session:
    return open_session(database, Guard(lock_wait_ms=50), "midair tests")


def test_groundwork_waits_for_another_session_that_makes_the_same(
    another: Session, session: Session, at_once: Callable[[Session], threading.Thread]
) -> None:
    thread = at_once(session)
    prepare(another, [Sql("CREATE SCHEMA IF NOT EXISTS midair")], "the journal")
    thread.join()
    assert another.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'midair'") == [(1,)]
    another.close()


@pytest.fixture
def at_once() -> Callable[[Session], threading.Thread]:
    """A session that has made the schema and takes longer to commit than a lock may be waited for."""

    def made(session: Session) -> threading.Thread:
        session.run([Sql("BEGIN"), Sql("CREATE SCHEMA midair")], atomic=False)

        def committing() -> None:
            time.sleep(0.3)
            session.run([Sql("COMMIT")], atomic=False)

        thread = threading.Thread(target=committing)
        thread.start()
        return thread

    return made


def test_groundwork_that_is_wrong_is_not_tried_again(session: Session) -> None:
    with pytest.raises(StatementFailed, match="does not exist"):
        prepare(session, [Sql("SELECT 1 FROM nothing_here")], "the journal")
