"""When a range is changed straight, and when its rows are locked first."""

import threading

from tests.support.backfills import FULL_SPEED, Heard, cut, fly_backfill, run_all

from midair.database import Guard, Session, open_session
from midair.execution.caution import Caution
from midair.model.address import Address
from midair.model.event import Event, LockWaited
from midair.model.statement import Sql


def test_each_lock_that_is_met_makes_twice_as_many_ranges_careful() -> None:
    caution = Caution(1.0)
    runs: list[int] = []
    for _ in range(4):
        assert not caution.wanted(0.0)
        caution.met_a_lock()
        careful = 0
        while caution.wanted(0.0):
            careful += 1
        runs.append(careful)
        if len(runs) == 3:
            for _ in range(3):
                caution.went_well()
    assert runs == [1, 2, 4, 1]


def test_a_batch_that_may_last_until_deadlocks_are_looked_for_is_careful() -> None:
    assert not Caution(1.0).wanted(0.2)
    assert Caution(1.0).wanted(0.3)
    assert Caution(0.01).wanted(0.025)


def test_a_row_that_stays_locked_is_left_to_the_end_and_done_once(
    database: Address, session: Session
) -> None:
    run_all(
        session,
        "CREATE TABLE t (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0)",
        "INSERT INTO t SELECT FROM generate_series(1, 2000)",
    )
    holder = open_session(database, Guard(), "application")
    holder.run([Sql("BEGIN"), Sql("SELECT FROM t WHERE id = 700 FOR UPDATE")], atomic=False)
    let_go = threading.Event()

    def at(event: Event) -> None:
        if isinstance(event, LockWaited) and not let_go.is_set():
            let_go.set()
            holder.run([Sql("COMMIT")], atomic=False)

    fly_backfill(database, cut(session, "UPDATE t SET n = n + 1"), pace=FULL_SPEED, reporter=Heard(at=at))
    holder.close()
    assert let_go.is_set()
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 2000)]
