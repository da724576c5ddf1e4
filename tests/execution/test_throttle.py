"""What the throttle reads, and what it makes of it."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

import pytest
from tests.support.backfills import cut, fly_backfill, numbers, others, run_all
from tests.support.holding import holding, until

from midair.database import Guard, Session, open_session
from midair.errors import StatementFailed
from midair.execution.health import Health
from midair.execution.services import Pace
from midair.execution.signals import DEAD_SHARE, LAG_S, SLOT_BYTES, Reading, Signals
from midair.execution.throttle import Throttle, Watch, duty_after
from midair.journal import Journal
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import throwaway_server


@pytest.mark.parametrize("major", [15, 18])
def test_every_signal_can_be_read(major: int) -> None:
    with throwaway_server(major) as server:
        session = open_session(server.admin, Guard(), "midair tests")
        signals = Signals(("public.t",), lambda: (session,))
        read = signals.read(session)
        assert signals.unreadable == set()
        assert len(read) >= 5
        session.close()


@pytest.mark.parametrize(
    ("readings", "before", "after"),
    [
        ([], 0.5, 0.55),
        ([], 1.0, 1.0),
        ([Reading(LAG_S, 1.9)], 0.5, 0.55),
        ([Reading(LAG_S, 2.0)], 0.5, 0.25),
        ([Reading(LAG_S, 10.0)], 0.5, 0.0),
        ([Reading(LAG_S, 0.0)], 0.0, 0.06),
        ([Reading(LAG_S, 3.0)], 0.01, 0.01),
        ([Reading(DEAD_SHARE, 0.6)], 0.3, 0.25),
        ([Reading(DEAD_SHARE, 0.9)], 1.0, 0.25),
        ([Reading(DEAD_SHARE, 0.9), Reading(SLOT_BYTES, 2.0**31)], 1.0, 0.0),
    ],
)
def test_the_worst_sign_decides_how_much_of_the_time_is_worked(
    readings: list[Reading], before: float, after: float
) -> None:
    duty, reason = duty_after(before, readings, 1.0, 1.0)
    assert duty == pytest.approx(after)
    assert bool(reason) == any(each.value >= each.limit.soft for each in readings)


def test_a_batch_that_somebody_waits_for_is_cancelled_and_tried_again(
    database: Address, session: Session
) -> None:
    numbers(session, 3000, ", app int NOT NULL DEFAULT 0")
    run_all(
        session,
        # A slow change: 3000 rows take six seconds, so a batch of 500 would hold its rows for one.
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.n <> OLD.n THEN PERFORM pg_sleep(0.002); END IF; RETURN NEW; END'",
        "CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    )

    def write(other: Session, number: int) -> None:
        other.run([Sql("UPDATE t SET app = app + 1 WHERE id = 3")], atomic=True)
        time.sleep(0.01)

    with others(database, 1, write) as raised:
        fly_backfill(
            database, cut(session, "UPDATE t SET n = n + 1"), pace=Pace(first_rows=3000, batch_s=0.02)
        )
    assert raised == []
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 3000)]


def test_rows_are_not_taken_for_dead_because_the_counters_began_anew(session: Session) -> None:
    """After a crash or a restore nobody has counted the live rows; half of a table that was gone over is dead, and not all of it."""
    run_all(
        session,
        "CREATE TABLE t (id int PRIMARY KEY, x int)",
        "INSERT INTO t SELECT g, g FROM generate_series(1, 60000) g",
        "ANALYZE t",
        "SELECT pg_stat_force_next_flush()",
        "SELECT pg_stat_reset_single_table_counters('t'::regclass)",
        "UPDATE t SET x = 0",
        "SELECT pg_stat_force_next_flush()",
    )
    signals = Signals(("public.t",), lambda: (session,))
    (dead,) = (each.value for each in signals.read(session) if each.limit is DEAD_SHARE)
    assert dead == pytest.approx(0.5, abs=0.02)


def test_the_limit_on_the_log_counts_what_anybody_writes(session: Session) -> None:
    signals = Signals(("public.t",), lambda: (session,), max_wal_bytes_s=1000.0)
    run_all(session, "CREATE TABLE t (id int PRIMARY KEY)")
    assert not [each for each in signals.read(session) if "of log a second" in each.limit.what]
    run_all(session, "INSERT INTO t SELECT generate_series(1, 5000)")
    (rate,) = (each for each in signals.read(session) if "of log a second" in each.limit.what)
    assert rate.value > rate.limit.hard


def _now(health: Health) -> list[Reading]:
    reading = health.reading()
    return [reading] if reading is not None else []


@contextmanager
def asking(address: Address, sql: str, *, resting: bool = False) -> Generator[Health]:
    """A health statement that is asked again and again."""
    health = Health(lambda: open_session(address, Guard(), "midair health"), sql, 1.5, lambda: resting)
    health.begin()
    try:
        yield health
    finally:
        health.end()


def test_batches_rest_while_the_health_statement_waits(database: Address, session: Session) -> None:
    """A table that nobody may read for a while is an application that waits."""
    run_all(session, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 10)")
    with asking(database, "SELECT count(*) FROM t", resting=True) as health:
        with holding(database, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE"):
            until(lambda: duty_after(1.0, _now(health), 1.0, 1.0)[0] == 0.0)
        until(lambda: duty_after(1.0, _now(health), 1.0, 1.0)[0] == 1.0)


@pytest.mark.parametrize(("resting", "accepted"), [(True, True), (False, False)])
def test_what_is_usual_is_learnt_again_only_while_batches_rest(
    database: Address, session: Session, resting: bool, accepted: bool
) -> None:
    """An application that is slow without us must not keep us at rest for ever; one that is slow because of us must."""
    run_all(
        session,
        "CREATE TABLE pace (s float8); INSERT INTO pace VALUES (0)",
        "CREATE FUNCTION answer() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep((SELECT s FROM pace)); RETURN 1; END'",
    )
    with asking(database, "SELECT answer()", resting=resting) as health:
        run_all(session, "UPDATE pace SET s = 0.02")
        until(lambda: duty_after(1.0, _now(health), 1.0, 1.0)[0] == 0.0)
        slow_s = [0.0]

        def learnt() -> bool:
            slow_s[0] = health.slow_s
            return slow_s[0] > 0.02

        if accepted:
            until(learnt)
            until(lambda: duty_after(1.0, _now(health), 1.0, 1.0)[0] == 1.0)
        else:
            threading.Event().wait(2.0)
            assert not learnt()
            assert duty_after(1.0, _now(health), 1.0, 1.0)[0] == 0.0


def test_a_health_statement_cannot_write_and_one_that_is_refused_ends_the_run(
    database: Address, session: Session
) -> None:
    run_all(session, "CREATE TABLE t (id int PRIMARY KEY)")
    for sql, why in (("INSERT INTO t VALUES (1)", "read-only"), ("SELECT nothing FROM t", "nothing")):
        with pytest.raises(StatementFailed, match=why), asking(database, sql):
            pass
    assert session.query("SELECT count(*) FROM t") == [(0,)]


def test_a_health_statement_that_is_refused_on_the_way_leaves_half_the_work_and_says_why(
    database: Address, session: Session
) -> None:
    run_all(session, 'CREATE TABLE "t{x}" (id int PRIMARY KEY)')
    Journal(session).prepare()
    reconnect = partial(open_session, database, Guard(), "midair health")
    health = Health(reconnect, 'SELECT id FROM "t{x}"', 1.5, lambda: False)
    throttle = Throttle()
    with Watch(throttle, reconnect, "none", 1.0, None, health):
        until(lambda: 0.05 < throttle.duty < 0.5)
        run_all(session, 'DROP TABLE "t{x}"')
        until(lambda: "t{x}" in throttle.reason)
        before = throttle.duty
        until(lambda: throttle.duty > before)
    assert throttle.duty <= 0.5
