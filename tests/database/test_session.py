"""Sessions against real servers: bounds first, failures located, errors in midair's words."""

import sqlite3
from pathlib import Path

import pytest

from midair.database import Guard, Session, open_session
from midair.errors import ConnectionLost, LockTimeout, LoginRefused, ReadOnly, StatementFailed, Unreachable
from midair.model.address import Address, Product, Secret
from midair.model.statement import Span, Sql, Statement
from midair.rehearsal.server import Server


def written(sql: str, rows: str | None = None) -> Statement:
    return Statement(sql, Span("a.sql", 1), rows)


@pytest.fixture(params=["postgresql", "sqlite"])
def any_session(request: pytest.FixtureRequest, database: Address, sqlite_file: Address):
    opened = open_session(
        database if request.param == "postgresql" else sqlite_file, Guard(lock_wait_ms=100), "midair tests"
    )
    yield opened
    opened.close()


def test_bounds_and_name_hold_before_the_first_statement(database: Address) -> None:
    session = open_session(database, Guard(lock_wait_ms=50, statement_ms=7000), "midair prod")
    row = session.query(
        "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('application_name')"
    )
    assert row == [("50ms", "7s", "midair prod")]
    session.close()


def test_parameters_of_every_kind_arrive_as_they_are(any_session: Session) -> None:
    any_session.run([Sql("CREATE TABLE t (a text, b integer, c boolean)")], atomic=True)
    any_session.run(
        [
            Sql("INSERT INTO t VALUES (%s, %s, %s)", ("it's; 100%s", 7, True)),
            Sql("INSERT INTO t VALUES (%s, %s, %s)", (None, -1, False)),
        ],
        atomic=True,
    )
    assert any_session.query("SELECT a, b FROM t WHERE b = %s", (7,)) == [("it's; 100%s", 7)]
    assert any_session.query("SELECT count(*) FROM t WHERE a IS NULL") == [(1,)]


@pytest.mark.parametrize("bad", ["selec 1", "INSERT INTO t VALUES (1)", "SELECT * FROM missing"])
def test_a_failure_names_its_statement_and_leaves_nothing(any_session: Session, bad: str) -> None:
    any_session.run(
        [Sql("CREATE TABLE t (a integer PRIMARY KEY)"), Sql("INSERT INTO t VALUES (1)")], atomic=True
    )
    with pytest.raises(StatementFailed) as caught:
        any_session.run(
            [
                Sql("INSERT INTO t VALUES (%s)", (8,)),
                written("INSERT INTO t VALUES (9)"),
                written(bad),
                Sql("SELECT 1"),
            ],
            atomic=True,
        )
    assert caught.value.index == 2
    assert any_session.query("SELECT a FROM t") == [(1,)]
    any_session.run([Sql("INSERT INTO t VALUES (2)")], atomic=True)


def test_a_position_is_counted_within_the_failing_statement(session: Session) -> None:
    with pytest.raises(StatementFailed) as caught:
        session.run([written("SELECT 'é'"), written("SELECT 1, frob FROM pg_class")], atomic=True)
    assert (caught.value.index, caught.value.position, caught.value.sqlstate) == (1, 11, "42703")


def test_copy_rows_are_sent(session: Session) -> None:
    session.run(
        [
            Sql("CREATE TABLE t (a int, b text)"),
            written("COPY t FROM STDIN", "1\tx\n2\t\\N\n"),
            Sql("INSERT INTO t VALUES (3, 'y')"),
        ],
        atomic=True,
    )
    assert session.query("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, None), (3, "y")]


def test_bad_copy_rows_roll_everything_back(session: Session) -> None:
    with pytest.raises(StatementFailed) as caught:
        session.run([Sql("CREATE TABLE t (a int)"), written("COPY t FROM STDIN", "x\n")], atomic=True)
    assert caught.value.index == 1
    assert session.query("SELECT to_regclass('t')") == [(None,)]


def test_a_lock_that_is_held_times_out(any_session: Session) -> None:
    any_session.run([Sql("CREATE TABLE t (a integer)")], atomic=True)
    other = open_session(any_session.address, Guard(), "other")
    begin = "BEGIN IMMEDIATE" if any_session.product is Product.SQLITE else "BEGIN; LOCK TABLE t"
    other.run([Sql(begin)], atomic=False)
    with pytest.raises(LockTimeout):
        any_session.run([Sql("ALTER TABLE t ADD COLUMN b integer")], atomic=True)
    other.close()
    any_session.run([Sql("ALTER TABLE t ADD COLUMN b integer")], atomic=True)


def test_an_advisory_lock_is_held_by_one_session_at_a_time(any_session: Session) -> None:
    other = open_session(any_session.address, Guard(), "other")
    assert any_session.try_lock(42)
    assert not other.try_lock(42)
    any_session.unlock(42)
    assert other.try_lock(42)
    other.close()  # lets go before it ends, so that the next run need not wait for the server to notice
    assert any_session.try_lock(42)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable) as caught:
        open_session(
            Address(Product.POSTGRESQL, "d", "127.0.0.1", 1, "u", Secret("hunter2")), Guard(), "midair tests"
        )
    assert caught.value.exit_code == 4
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("user", "name"), [("nobody_here", "postgres"), ("postgres", "no_such_database")])
def test_a_login_the_server_refuses_is_not_worth_another_try(server: Server, user: str, name: str) -> None:
    with pytest.raises(LoginRefused) as caught:
        open_session(Address(Product.POSTGRESQL, name, server.admin.host, user=user), Guard(), "midair tests")
    assert caught.value.exit_code == 2


def test_a_terminated_session_is_a_lost_connection(session: Session, database: Address) -> None:
    other = open_session(database, Guard(), "other")
    other.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'midair tests' AND datname = current_database()"
    )
    with pytest.raises(ConnectionLost):
        session.run([Sql("SELECT 1")], atomic=False)
    other.close()


def test_notices_are_kept_once(session: Session) -> None:
    session.run([written("DO $$ BEGIN RAISE WARNING 'careful'; END $$")], atomic=True)
    assert session.take_notices() == [("WARNING", "careful")]
    assert session.take_notices() == []


def test_a_file_that_is_no_sqlite_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"this is a text file, and long enough to be read as a header" * 40)
    with pytest.raises(LoginRefused):
        open_session(Address(Product.SQLITE, str(tmp_path / "a.db")), Guard(), "midair tests")


def test_a_sqlite_file_that_may_not_be_written_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sqlite3.connect(path).execute("CREATE TABLE t (a)")
    session = open_session(Address(Product.SQLITE, str(path)), Guard(), "midair tests")
    session.query("PRAGMA query_only = ON")
    with pytest.raises((ReadOnly, StatementFailed)):
        session.run([Sql("INSERT INTO t VALUES (1)")], atomic=True)
    assert session.query("SELECT * FROM t") == []
