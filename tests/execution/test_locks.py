"""Every lock is waited for in small bites, and who is in the way is named."""

import threading
import time
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.folders import written
from tests.support.holding import holding
from tests.support.listening import Remembering

import midair
from midair.database import Guard, open_session
from midair.errors import AlreadyRunning, LockNotAcquired, MigrationFailed, PlanChanged
from midair.model.address import Address
from midair.model.event import LockWaited
from midair.model.statement import Sql


@pytest.fixture
def root(tmp_path: Path, session) -> Path:
    session.run([Sql("CREATE TABLE orders (id int PRIMARY KEY)")], atomic=True)
    written(
        tmp_path,
        {
            "migrations/1_total.up.sql": "CREATE TABLE other (id int);\nALTER TABLE orders ADD COLUMN total bigint;\n"
        },
    )
    return tmp_path


def test_a_lock_held_for_a_while_is_retried_until_it_is_free(root: Path, database: Address) -> None:
    heard = Remembering()
    with holding(database, "SELECT * FROM orders", seconds=2.5):
        done = midair.apply(midair.Request(root, url=url_of(database), lock_wait_s=0.05), heard)
    assert done.revisions == 1
    waits = [event for event in heard.events if isinstance(event, LockWaited)]
    assert waits
    assert any("report-worker, idle in transaction" in blocker for wait in waits for blocker in wait.blockers)


def test_a_lock_out_of_reach_leaves_nothing_and_names_the_holder(
    root: Path, database: Address, session
) -> None:
    request = midair.Request(root, url=url_of(database), lock_wait_s=0.05, lock_budget_s=0.5)
    with holding(database, "SELECT * FROM orders"), pytest.raises(LockNotAcquired) as caught:
        midair.apply(request, Remembering())
    assert caught.value.exit_code == 6
    assert "could not lock orders within" in caught.value.message
    assert "report-worker" in caught.value.message
    assert session.query("SELECT to_regclass('other')") == [(None,)]
    assert midair.apply(request, Remembering()).revisions == 1


def test_nobody_queues_behind_us_for_longer_than_the_lock_wait(root: Path, database: Address) -> None:
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        reader = open_session(database, Guard(), "reader")
        while not stop.is_set():
            began = time.monotonic()
            reader.query("SELECT count(*) FROM orders")
            waits.append(time.monotonic() - began)
        reader.close()

    thread = threading.Thread(target=read)
    with holding(database, "SELECT * FROM orders", seconds=2):
        thread.start()
        midair.apply(midair.Request(root, url=url_of(database), lock_wait_s=0.05), Remembering())
        stop.set()
        thread.join()
    # 50 ms is the bound on our wait; the rest is a busy test machine. Without the bound it would be two seconds.
    assert max(waits) < 1.0
    assert len(waits) > 10


def test_a_second_run_is_refused_and_told_who_is_at_work(root: Path, database: Address) -> None:
    request = midair.Request(root, url=url_of(database), lock_wait_s=0.05, lock_budget_s=20)
    with holding(database, "SELECT * FROM orders", seconds=1.5):
        first = threading.Thread(target=midair.apply, args=(request, Remembering()))
        first.start()
        time.sleep(0.5)
        with pytest.raises(AlreadyRunning) as caught:
            midair.apply(request, Remembering())
        assert caught.value.exit_code == 3
        assert "pid" in caught.value.message
        first.join()


def test_an_approved_plan_that_was_cut_off_may_be_finished_and_no_other_may_begin(
    tmp_path: Path, database: Address
) -> None:
    written(
        tmp_path,
        {
            "migrations/1_a.up.sql": "CREATE TABLE a (id int);",
            "migrations/2_b.up.sql": "ALTER TABLE orders ADD COLUMN b int;",
        },
    )
    request = midair.Request(tmp_path, url=url_of(database))
    approved = midair.plan(request).digest
    with pytest.raises(MigrationFailed):
        midair.apply(request, Remembering(), approved=approved)
    setup = open_session(database, Guard(), "someone")
    setup.run([Sql("CREATE TABLE orders (id int)")], atomic=True)
    setup.close()
    assert midair.apply(request, Remembering(), approved=approved).revisions == 1
    assert midair.apply(request, Remembering(), approved=approved).revisions == 0
    written(tmp_path, {"migrations/3_c.up.sql": "CREATE TABLE c (id int);"})
    with pytest.raises(PlanChanged) as caught:
        midair.apply(request, Remembering(), approved=approved)
    assert caught.value.exit_code == 3
