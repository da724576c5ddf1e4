"""When a range is changed straight, and when its rows are locked first."""

from tests.support.backfills import FULL_SPEED, cut, fly_backfill, letting_go, numbers

from midair.database import Session
from midair.execution.caution import Caution
from midair.model.address import Address
from midair.model.event import LockWaited


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
    numbers(session, 2000)
    with letting_go(database, "SELECT FROM t WHERE id = 700 FOR UPDATE") as heard:
        fly_backfill(database, cut(session, "UPDATE t SET n = n + 1"), pace=FULL_SPEED, reporter=heard)
    assert any(isinstance(each, LockWaited) for each in heard.events)
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 2000)]
