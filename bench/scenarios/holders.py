"""Those who hold a table while midair wants it: each comes back as long as its context lasts, so that every strong lock meets it."""

import multiprocessing
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event

import psycopg
from bench.scenarios.world import World

_BREATH_S = 0.7
"""Between two holds; the longest pause of midair's between two tries is not much longer."""
NAME = "holder"
Holding = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Holder:
    """`holds` has it there when it begins."""

    name: str
    holds: Holding


def transaction(seconds: float, *statements: str, once: bool = False) -> Holding:
    """A transaction that begins with these and stays open for so many seconds; `once`: it does not come back."""

    @contextmanager
    def held(here: World) -> Generator[None]:
        ended, there = multiprocessing.Event(), multiprocessing.Event()
        process = multiprocessing.Process(
            target=_hold, args=(here.url, seconds, statements, once, ended, there), daemon=True
        )
        process.start()
        there.wait(30)
        try:
            yield
        finally:
            ended.set()
            process.join()

    return held


def _hold(
    url: str, seconds: float, statements: tuple[str, ...], once: bool, ended: Event, there: Event
) -> None:
    with psycopg.connect(url, application_name=NAME) as connection:
        while not ended.is_set():
            for each in statements:
                connection.execute(each)  # type: ignore[arg-type]
            there.set()
            ended.wait(seconds)
            connection.commit()
            ended.wait(3600 if once else _BREATH_S)


@contextmanager
def autovacuum(here: World) -> Generator[None]:
    """A worker slow enough to be there nearly all the time."""
    with _vacuuming(here, "autovacuum_vacuum_cost_delay = 50, autovacuum_vacuum_cost_limit = 1", "orders"):
        yield


def wraparound(seconds: float) -> Holding:
    """A worker that must freeze the table, and does not give way to those who wait; it takes about so long."""

    @contextmanager
    def held(here: World) -> Generator[None]:
        here.tell(
            "UPDATE orders SET state = state",  # pages that are frozen already would be skipped
            "DO $$ BEGIN FOR i IN 1..110000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
        )
        pages = int(str(here.ask("SELECT pg_relation_size('orders') / 8192")[0][0]))
        limit = max(1, round(pages * _PAGE_COST * 0.02 / seconds))
        pace = f"autovacuum_vacuum_cost_delay = 20, autovacuum_vacuum_cost_limit = {min(limit, 10_000)}"
        with _vacuuming(here, f"{pace}, autovacuum_freeze_max_age = 100000", "to prevent wraparound"):
            yield

    return held


_PAGE_COST = 22
"""A page that is read and written, in the units of vacuum_cost_limit (PostgreSQL manual, 19.10.2)."""


@contextmanager
def _vacuuming(here: World, settings: str, said: str) -> Generator[None]:
    always = "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_insert_threshold = 1"
    table = here.ask(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname IN ('orders', 'orders__base')"
    )
    here.tell(
        f"ALTER TABLE {table[0][0]} SET ({always}, {settings})",
        "ALTER SYSTEM SET autovacuum_naptime = 1",
        "SELECT pg_reload_conf()",
        "UPDATE orders SET state = state WHERE id BETWEEN 1 AND 50",
    )
    try:
        _await(here, said)
        yield
    finally:
        here.tell("ALTER SYSTEM RESET autovacuum_naptime", "SELECT pg_reload_conf()")


def _await(here: World, said: str) -> None:
    there = f"SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'autovacuum:%orders%' AND query LIKE '%{said}%'"
    until = time.monotonic() + 40
    while not here.ask(there):
        if time.monotonic() > until:
            raise TimeoutError(f"autovacuum did not come: {said}")
        time.sleep(0.1)
