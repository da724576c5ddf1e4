"""A backfill killed at any instant goes on where it was, and does no row twice."""

import os
import random
import signal
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from tests.support.backfills import FULL_SPEED, cut, fly_backfill, fork_backfill, numbers, others, run_all

from midair.database import Guard, Session, open_session
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server, throwaway_server

RANDOM_KILLS = int(os.environ.get("MIDAIR_RANDOM_KILLS", "25"))


@pytest.fixture(scope="module", params=[18, 15])
def target(request: pytest.FixtureRequest, server: Server) -> Generator[Address]:
    """A database on each of two servers, with a writer's table of 8000 rows."""
    if request.param == 18:
        yield server.create(f"killed_{uuid4().hex[:8]}")
        return
    with throwaway_server(15) as old:
        yield old.create("killed")


@pytest.fixture
def table(target: Address) -> Generator[Session]:
    session = open_session(target, Guard(), "midair tests")
    run_all(
        session,
        "DROP TABLE IF EXISTS t",
        "DROP SCHEMA IF EXISTS midair CASCADE",
    )
    numbers(session, 8000, ", app int NOT NULL DEFAULT 0")
    yield session
    session.close()


@pytest.mark.parametrize("workers", [1, 3])
def test_kills_at_random_instants_beside_writers_leave_every_row_incremented_once(
    target: Address, table: Session, workers: int
) -> None:
    backfill = cut(table, "UPDATE t SET n = n + 1")
    chance, pace, killed, ended = (
        random.Random(workers), replace(FULL_SPEED, workers=workers, batch_s=0.002), 0, False,
    )  # fmt: skip

    def write(other: Session, number: int) -> None:
        high, low = sorted(chance.sample(range(1, 8001), 2), reverse=True)
        other.run(
            [Sql(f"UPDATE t SET app = app + 1, n = n + 10 WHERE id = {each}") for each in (high, low)],
            atomic=True,
        )
        time.sleep(0.004)

    with others(target, 2, write) as raised:
        for number in range(RANDOM_KILLS):
            pid = fork_backfill(target, backfill, pace)
            # the first dies before a fast machine is done, the later ones further in
            time.sleep(chance.uniform(0.005, min(0.25, 0.03 * (number + 1))))
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            killed += os.WIFSIGNALED(status)
            if ended := status == 0:
                break
        _ends_others(table)
        if not ended:
            fly_backfill(target, backfill, pace=pace)
    assert raised == []
    assert killed
    assert table.query("SELECT count(*) FROM t WHERE n <> app * 10 + 1") == [(0,)]


def test_sessions_cut_by_the_server_leave_every_row_incremented_once(target: Address, table: Session) -> None:
    backfill = cut(table, "UPDATE t SET n = n + 1")
    pace, cuts = replace(FULL_SPEED, workers=2, batch_s=0.002), 0
    for attempt in range(8):
        pid = fork_backfill(target, backfill, pace)
        _until_connected(table)
        time.sleep(0.01 * attempt)
        cuts += _ends_others(table)
        if os.waitpid(pid, 0)[1] == 0:
            break
    else:
        fly_backfill(target, backfill, pace=pace)
    assert cuts
    assert table.query("SELECT n, count(*) FROM t GROUP BY n") == [(1, 8000)]


def test_a_copy_killed_half_way_copies_no_row_twice(target: Address, table: Session) -> None:
    run_all(table, "DROP TABLE IF EXISTS copy", "CREATE TABLE copy (id bigint, n int)")
    backfill = cut(table, "INSERT INTO copy SELECT id, n FROM t")
    chance, pace = random.Random(3), replace(FULL_SPEED, batch_s=0.001)
    for _ in range(5):
        pid = fork_backfill(target, backfill, pace)
        time.sleep(chance.uniform(0.01, 0.15))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if os.waitpid(pid, 0)[1] == 0:
            break
    else:
        _ends_others(table)
        fly_backfill(target, backfill, pace=pace)
    assert table.query("SELECT count(*), count(DISTINCT id) FROM copy") == [(8000, 8000)]


def _until_connected(session: Session) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not session.query(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'midair tests'"
        " AND pid <> pg_backend_pid() AND datname = current_database()"
    ):
        time.sleep(0.001)


def _ends_others(session: Session) -> int:
    """What a killed client leaves running on the server ends; how many sessions that were."""
    return len(session.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'midair tests'"
        " AND pid <> pg_backend_pid() AND datname = current_database()"
    ))  # fmt: skip
