"""One run at a time, also when the owner is paused or its machine is gone: two processes, one lease."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.backfills import FULL_SPEED, Heard, cut, fly_backfill, numbers
from tests.support.fly import fly
from tests.support.stopped import stopped, woken

import midair
from midair.database import Session
from midair.journal import Journal
from midair.model.address import Address
from midair.model.backfill import Backfill
from midair.model.event import BackfillMoved, Event, SegmentDone

_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


def pausing(kind: type[Event]) -> Heard:
    """Stops its own process at the first such event, as a laptop that is closed does."""
    paused: list[Event] = []

    def at(event: Event) -> None:
        if isinstance(event, kind) and not paused:
            paused.append(event)
            os.kill(os.getpid(), signal.SIGSTOP)

    return Heard(at=at)


@pytest.fixture
def backfill(session: Session) -> Backfill:
    numbers(session, 6000)
    return cut(session, "UPDATE t SET n = n + 1")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_paused_owner_that_wakes_up_changes_nothing_more(
    database: Address, session: Session, backfill: Backfill, workers: int
) -> None:
    pace = replace(FULL_SPEED, workers=workers, batch_s=0.001)
    paused = stopped(lambda: fly_backfill(database, backfill, pace=pace, reporter=pausing(BackfillMoved)))
    before = session.query("SELECT epoch FROM midair.lease")
    fly_backfill(database, backfill, pace=pace)
    after = session.query("SELECT epoch FROM midair.lease")
    assert woken(paused) not in (0, 70)
    assert (before, after) == ([(1,)], [(2,)])
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 6000)]


def test_a_paused_owner_commits_no_further_batch_even_before_the_new_one_has_moved(
    database: Address, session: Session, backfill: Backfill
) -> None:
    pace = replace(FULL_SPEED, workers=3, batch_s=0.001)
    first = stopped(lambda: fly_backfill(database, backfill, pace=pace, reporter=pausing(BackfillMoved)))
    # The second one has the lease and the lanes, and has not begun its first batch: no cursor has moved.
    second = stopped(
        lambda: fly_backfill(database, backfill, pace=FULL_SPEED, reporter=pausing(BackfillMoved))
    )
    changed = "SELECT count(*) FROM t WHERE n > 0"
    before = session.query(changed)
    ended = woken(first)
    meanwhile = session.query(changed)
    assert (woken(second), ended, meanwhile) == (0, 3, before)
    assert session.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 6000)]


def test_who_waits_hears_of_the_owner_and_goes_on_from_where_it_died(
    database: Address, session: Session, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"00000{number}_m.up.sql").write_text(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n")
        (folder / f"00000{number}_m.down.sql").write_text(f"DROP TABLE t{number};\n")
    (folder / "000002_m.up.sql").write_text("CREATE INDEX CONCURRENTLY by_id ON t1 (id);\n")
    request = midair.Request(tmp_path, url=url_of(database), variables=dict(os.environ))
    paused = stopped(lambda: midair.apply(request, pausing(SegmentDone)) and None)
    code, said = fly(tmp_path, database).landed()
    assert code == 3, said
    owner = session.query("SELECT backend_pid FROM midair.lease")[0][0]
    assert f"pid {owner} " in said
    session.query(_TERMINATE, (database.database,))  # what the server does once keepalives stay unanswered
    assert fly(tmp_path, database, wait_s=20).landed()[0] == 0
    assert woken(paused) in (4, 6)
    assert session.query("SELECT to_regclass('t1') IS NOT NULL, to_regclass('t3') IS NOT NULL") == [
        (True, True)
    ]
    assert session.query("SELECT state, count(*) FROM midair.run GROUP BY 1 ORDER BY 1") == [
        ("done", 1),
        ("interrupted", 1),
    ]


def test_the_server_watches_over_the_owner_of_the_lease(database: Address, session: Session) -> None:
    over_tcp = "SELECT current_setting('tcp_keepalives_idle'), inet_client_addr() IS NOT NULL"
    journal = Journal(session)
    journal.prepare()
    journal.take_lease("midair", "run", None)
    idle, tcp = session.query(over_tcp)[0]
    assert idle == ("10" if tcp else "0")
