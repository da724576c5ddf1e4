"""A statement in batches comes to the same end whoever works on the table meanwhile, and whatever stops it half-way."""

import random
import time
from dataclasses import replace

import pytest
from tests.support.backfills import (
    SMALL,
    Heard,
    cut,
    fly_backfill,
    letting_go,
    numbers,
    others,
    run_all,
)
from tests.support.holding import holding

from midair.database import Session
from midair.errors import BackfillUnproven, LockNotAcquired, MigrationFailed, StatementFailed, Stopped
from midair.execution.services import Pace
from midair.model.address import Address
from midair.model.event import BackfillMoved, LockWaited, Noticed
from midair.model.statement import Sql


@pytest.mark.parametrize("workers", [1, 3])
def test_increments_happen_exactly_once_beside_two_row_writers_in_descending_order(
    database: Address, session: Session, workers: int
) -> None:
    numbers(session, 6000, ", app int NOT NULL DEFAULT 0")
    chance = random.Random(7)

    def write(other: Session, number: int) -> None:
        low, high = sorted(chance.sample(range(1, 6001), 2))
        other.run(
            [
                Sql(f"UPDATE t SET app = app + 1, n = n + 10 WHERE id = {high}"),
                Sql("SELECT pg_sleep(0.002)"),
                Sql(f"UPDATE t SET app = app + 1, n = n + 10 WHERE id = {low}"),
            ],
            atomic=True,
        )

    with others(database, 4, write) as raised:
        fly_backfill(database, cut(session, "UPDATE t SET n = n + 1"), pace=replace(SMALL, workers=workers))
    assert raised == []
    assert session.query("SELECT count(*) FROM t WHERE n <> app * 10 + 1") == [(0,)]
    assert session.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [
        (0,)
    ]
    assert session.query("SELECT count(*) FROM midair.backfill_left") == [(0,)]


@pytest.mark.parametrize(
    "key", ["id uuid PRIMARY KEY DEFAULT gen_random_uuid()", "id bigserial PRIMARY KEY", "id int"]
)
def test_rows_inserted_deleted_and_changed_meanwhile_are_what_the_application_made_them(
    database: Address, session: Session, key: str
) -> None:
    run_all(
        session,
        f"CREATE TABLE t ({key}, a int, b int, app int)",
        "CREATE INDEX ON t (app)",
        "INSERT INTO t (a, b, app) SELECT NULL, i, i FROM generate_series(1, 5000) i",
    )
    chance, fresh = random.Random(11), iter(range(10_000, 1_000_000))

    def write(other: Session, number: int) -> None:
        one, two = chance.randrange(1, 5000), chance.randrange(1, 5000)
        new = next(fresh) if number == 0 else 0
        batch = [
            Sql(f"DELETE FROM t WHERE app = {one}"),
            Sql(f"UPDATE t SET b = b + 1, a = b + 1 WHERE app = {two}"),
        ]
        batch += [Sql(f"INSERT INTO t (a, b, app) VALUES ({new}, {new}, {new})")] if new else []
        other.run(batch[number % 2 :], atomic=False)

    with others(database, 3, write) as raised:
        fly_backfill(database, cut(session, "UPDATE t SET a = b WHERE a IS NULL"), pace=SMALL)
    assert raised == []
    assert session.query("SELECT count(*) FROM t WHERE a IS DISTINCT FROM b") == [(0,)]


def test_rows_inserted_after_the_start_are_not_incremented(database: Address, session: Session) -> None:
    numbers(session, 4000)

    def write(other: Session, number: int) -> None:
        other.run([Sql("INSERT INTO t (n) VALUES (100)")], atomic=False)

    with others(database, 2, write) as raised:
        time.sleep(0.05)
        fly_backfill(database, cut(session, "UPDATE t SET n = n + 1"), pace=SMALL)
    assert raised == []
    first = session.query("SELECT min(id) FROM t WHERE n = 100")[0][0]
    assert session.query("SELECT count(*) FROM t WHERE id <= 4000 AND n <> 1") == [(0,)]
    assert session.query(f"SELECT count(*) FROM t WHERE id > {first} AND n NOT IN (100)") == [(0,)]


def test_a_row_that_stays_locked_is_waited_for_and_done_last(database: Address, session: Session) -> None:
    numbers(session, 2000)
    backfill = cut(session, "UPDATE t SET n = n + 1")
    with letting_go(database, "UPDATE t SET n = 50 WHERE id IN (7, 1700)") as heard:
        fly_backfill(database, backfill, pace=SMALL, reporter=heard)
    assert any(
        "holder" in name for each in heard.events if isinstance(each, LockWaited) for name in each.blockers
    )
    assert session.query("SELECT n, count(*) FROM t GROUP BY n ORDER BY n") == [(1, 1998), (51, 2)]


def test_a_row_locked_for_the_whole_budget_leaves_a_state_to_resume(
    database: Address, session: Session
) -> None:
    numbers(session, 500)
    backfill = cut(session, "UPDATE t SET n = n + 1")
    with holding(database, "SELECT FROM t WHERE id = 7 FOR UPDATE"):
        with pytest.raises(LockNotAcquired, match="held by pid"):
            fly_backfill(database, backfill, lock_budget_s=0.2)
        assert session.query("SELECT sum(n) FROM t") == [(499,)]
    fly_backfill(database, backfill)
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 500)]


def test_a_run_stopped_at_any_event_goes_on_where_it_was(database: Address, session: Session) -> None:
    numbers(session, 5000)
    backfill = cut(session, "UPDATE t SET n = n + 1")

    def stop(event: object) -> None:
        if isinstance(event, BackfillMoved):
            raise Stopped("stopped as asked")

    for workers in (1, 2):
        with pytest.raises(Stopped):
            fly_backfill(database, backfill, pace=replace(SMALL, workers=workers), reporter=Heard(at=stop))
    fly_backfill(database, backfill)
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 5000)]
    assert session.query("SELECT count(*) FROM midair.backfill") == [(0,)]


def test_a_statement_refused_half_way_says_where_it_stands_and_goes_on_once_mended(
    database: Address, session: Session
) -> None:
    run_all(
        session,
        "CREATE TABLE t (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0 CHECK (n < 100))",
        "INSERT INTO t (n) SELECT CASE WHEN i = 900 THEN 99 ELSE 0 END FROM generate_series(1, 2000) i",
    )
    backfill = cut(session, "UPDATE t SET n = n + 1")
    with pytest.raises(MigrationFailed, match="violates check constraint") as caught:
        fly_backfill(database, backfill, pace=SMALL)
    assert "migrations/1.sql:1" in caught.value.message
    assert "half applied" in str(caught.value.state)
    done = session.query("SELECT count(*) FROM t WHERE n = 1")[0][0]
    assert 0 < done < 2000
    run_all(session, "UPDATE t SET n = 0 WHERE n = 99")
    fly_backfill(database, backfill, pace=SMALL)
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 2000)]


def test_rows_that_keep_coming_back_are_an_error_only_where_others_rely_on_them(
    database: Address, session: Session
) -> None:
    run_all(
        session,
        "CREATE TABLE t (id bigserial PRIMARY KEY, a int, b int)",
        "INSERT INTO t (a, b) SELECT NULL, i FROM generate_series(1, 500) i",
        "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.b = 77 THEN NEW.a := NULL; END IF; RETURN NEW; END'",
        "CREATE TRIGGER undo BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION undo()",
    )
    backfill = cut(session, "UPDATE t SET a = 1 WHERE a IS NULL")
    with pytest.raises(BackfillUnproven, match="1 rows of t"):
        fly_backfill(database, replace(backfill, strict=True))
    heard = Heard()
    fly_backfill(database, backfill, reporter=heard)
    said = [each.message for each in heard.events if isinstance(each, Noticed)]
    assert said == ["1 rows of t match again: they were written after their turn"]


def test_a_throttled_run_comes_to_the_same_end(database: Address, session: Session) -> None:
    numbers(session, 2000)
    fly_backfill(
        database, cut(session, "UPDATE t SET n = n + 1"), pace=Pace(workers=2, batch_s=0.005, duty=0.5)
    )
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 2000)]


def test_a_plain_statement_in_the_same_place_waits_where_batches_do_not(
    database: Address, session: Session
) -> None:
    """The control: the lock that the batches go around is one the plain statement cannot pass."""
    run_all(
        session, "CREATE TABLE t (id bigserial PRIMARY KEY, n int)", "INSERT INTO t VALUES (1, 0), (2, 0)"
    )
    with (
        holding(database, "UPDATE t SET n = 5 WHERE id = 1"),
        pytest.raises(StatementFailed, match="lock timeout"),
    ):
        session.run([Sql("UPDATE t SET n = n + 1")], atomic=True)
