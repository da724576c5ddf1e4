"""13: A backfill gives way within two seconds when a standby falls behind or statements slow down, and goes on when that is over.

It is watched for as long as the size says (`--soak`), with vacuum at work: the dead rows and the application's own latency stay low.
Then midair is killed, and finishes at full speed.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

import psycopg
from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import done, request_of
from bench.scenarios.life import OLD, felt_by, judged
from bench.scenarios.standby import Standby, standby_of
from bench.scenarios.world import Result, Scenario, World, fresh_server, share, world

import midair
from midair.execution.services import Pace
from midair.model.event import BackfillMoved

MIGRATION = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"
_FEWEST_ROWS = 100_000
_DUTY = 0.03
"""Of the time batches may fill: low, so that there is something left to watch."""
_GIVES_WAY_S, _PATIENCE_S = 2.0, 45.0
_DEAD_SHARE, _P99_TIMES = 0.20, 1.5
_SOFT_LAG_BYTES = 64 << 20
_BURST = "INSERT INTO burst SELECT repeat('x', 8000) FROM generate_series(1, 10000)"
_DEAD = """
SELECT n_dead_tup / greatest(1, n_dead_tup + greatest(n_live_tup, reltuples))
FROM pg_stat_user_tables JOIN pg_class ON oid = relid WHERE pg_class.relname = 'orders'
"""
_SLOW = "SELECT pg_sleep(0.15) FROM orders WHERE id = 7"
_SETTINGS = ("shared_preload_libraries=pg_stat_statements", "autovacuum_naptime=1", "wal_keep_size=2GB")


def run(here: World) -> Result:
    with fresh_server(None, *_SETTINGS) as server, standby_of(server) as standby:
        size = replace(here.size, rows=max(here.size.rows, _FEWEST_ROWS))
        with world(server, size) as own:
            return _watched(own, standby)


def _watched(here: World, standby: Standby) -> Result:
    seed(here, total="int")
    here.tell(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE burst (x text)",
        "ALTER TABLE burst ALTER x SET STORAGE EXTERNAL",
    )
    result, root = Result(), here.project(MIGRATION)
    with felt_by(here, result), running(here, [OLD], result):
        result.begins("before")
        time.sleep(max(3.0, here.size.seconds))  # what is usual must be known to pg_stat_statements
        request = replace(request_of(here, root), pace=Pace(duty=_DUTY))
        with _applying(request) as moves:
            moves.until(lambda move: True)
            result.begins("backfill")
            _when_a_standby_falls_behind(here, standby, moves, result)
            _when_statements_slow_down(here, moves, result)
            _soaked(here, result)
        result.begins("full speed")
        done(here, root, "apply", result)
    result.wrong += wrong(here, OLD)
    with running(here, [Version("new")], result):
        done(here, root, "contract", result)
    result.wrong += wrong(here, OLD)
    result.rows = rows(here)
    return _latency(here, judged(here, result))


@dataclass
class _Moves:
    """What midair says of its backfill, about once a second."""

    pipe: Connection
    last: tuple[int, str] = (0, "")
    seen: list[tuple[float, int, str]] = field(default_factory=list)

    def until(self, holds: Callable[[tuple[int, str]], bool]) -> float:
        """How long it took until it said something for which this holds; `inf` when it never did."""
        began = time.monotonic()
        while self.pipe.poll(max(0.0, began + _PATIENCE_S - time.monotonic())):
            at, row, why = self.pipe.recv()
            self.seen.append((at, row, why))
            if at >= began and holds((row, why)):
                return at - began
        return float("inf")


@contextmanager
def _applying(request: midair.Request) -> Generator[_Moves]:
    """midair in a process that is killed when the context ends."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_apply, args=(request, theirs), daemon=True)
    process.start()
    try:
        yield _Moves(ours)
    finally:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()


class _Telling:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def hear(self, event: object) -> None:
        """Only how far it is, and what holds it back."""
        if isinstance(event, BackfillMoved):
            self._pipe.send((time.monotonic(), event.seen, event.held_back))


def _apply(request: midair.Request, pipe: Connection) -> None:
    midair.apply(request, _Telling(pipe))


def _when_a_standby_falls_behind(here: World, standby: Standby, moves: _Moves, result: Result) -> None:
    with standby.paused():
        while _lag(here) < _SOFT_LAG_BYTES:
            here.tell(_BURST)
        gave_way = moves.until(lambda move: "standby" in move[1])
    while _lag(here) >= _SOFT_LAG_BYTES:
        time.sleep(0.05)
    went_on = moves.until(lambda move: "standby" not in move[1])
    _judge(result, "a standby falls behind", gave_way, went_on)


def _when_statements_slow_down(here: World, moves: _Moves, result: Result) -> None:
    slow = multiprocessing.Process(target=_slow_down, args=(here.url,), daemon=True)
    slow.start()
    try:
        gave_way = moves.until(lambda move: "take" in move[1])
    finally:
        slow.kill()
        slow.join()
    went_on = moves.until(lambda move: "take" not in move[1])
    _judge(result, "statements slow down", gave_way, went_on)


def _judge(result: Result, what: str, gave_way: float, went_on: float) -> None:
    result.facts[f"when {what}"] = (
        f"gave way after {gave_way:.1f} s, went on {went_on:.1f} s after it was over"
    )
    result.expect(f"{what}: gave way after {gave_way:.1f} s", holds=gave_way <= _GIVES_WAY_S)
    result.expect(f"{what}: did not go on", holds=went_on < float("inf"))


def _slow_down(url: str) -> None:
    """The application's statements on the table take long, for as long as this process lives."""
    with psycopg.connect(url, autocommit=True, application_name="slow report") as connection:
        while True:
            connection.execute(_SLOW)


def _lag(here: World) -> int:
    lag = "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint FROM pg_stat_replication"
    return int(str(here.ask(lag)[0][0]))


def _soaked(here: World, result: Result) -> None:
    """Dead rows stay few all the while: vacuum keeps up with what the backfill leaves."""
    worst, until = 0.0, time.monotonic() + here.size.soak_s
    while time.monotonic() < until:
        worst = max(worst, float(str(here.ask(_DEAD)[0][0])))
        time.sleep(min(1.0, here.size.soak_s / 3))
    result.facts["dead rows at most"] = f"{worst:.1%} in {here.size.soak_s:.0f} s"
    if here.size.timed:
        result.expect(f"{worst:.0%} of the rows were dead", holds=worst <= _DEAD_SHARE)


def _latency(here: World, result: Result) -> Result:
    felt = {name: share([each.by for each in late], 0.99) for name, late in result.phases()}
    before, during = felt.get("before", 0.0), felt.get("backfill", 0.0)
    result.facts["p99 before and during"] = f"{before * 1000:.1f} ms, {during * 1000:.1f} ms"
    if here.size.timed:
        most = max(_P99_TIMES * before, before + Pace().batch_s)
        result.expect(f"p99 rose from {before:.3f} to {during:.3f} s", holds=during <= most)
    return result


SCENARIO = Scenario("13", "throttle", "gives way within 2 s, goes on, p99 and dead rows stay low", run)
