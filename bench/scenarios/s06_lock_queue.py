"""6: Somebody holds the table: a reader, a writer, an idle transaction, autovacuum. Nobody queues behind midair for long."""

import time
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from bench.scenarios.application import running, seed, wrong
from bench.scenarios.engine import done
from bench.scenarios.life import OLD, judged
from bench.scenarios.world import Result, Scenario, World, summed, world

_WORST_S = 0.150
HOLDS = {
    "reader": "SELECT count(*), pg_sleep(0) FROM orders",
    "writer": "UPDATE oracle SET note = note WHERE id = 0",
    "idle in transaction": "SELECT 1 FROM orders LIMIT 1",
}


def run(here: World) -> Result:
    results: list[Result] = []
    for name, sql in HOLDS.items():
        with world(here.server, here.size) as own:
            results.append(_held(own, name, sql))
    return summed(results)


def _held(here: World, name: str, sql: str) -> Result:
    seed(here)
    result, root = Result(), here.project("ALTER TABLE orders RENAME COLUMN total TO amount;")
    with running(here, [OLD], result):
        with _holding(here, sql, 2 + 4 * here.size.seconds):
            took = done(here, root, "apply", result)
        time.sleep(here.size.seconds)
    result.facts[f"behind a {name}"] = (
        f"ready after {took:.1f} s, worst writer {max(result.waits) * 1000:.0f} ms"
    )
    result.wrong += wrong(here, OLD)
    if here.size.rows > 10_000:
        result.expect(f"a writer waited {max(result.waits):.3f} s", holds=max(result.waits) <= _WORST_S)
    return judged(here, result)


@contextmanager
def _holding(here: World, sql: str, seconds: float) -> Generator[None]:
    """A transaction that began with this statement and stays open for so long, in the server's own time."""
    with psycopg.connect(here.url, application_name="holder") as connection:
        connection.execute(f"SET idle_in_transaction_session_timeout = {round(seconds * 1000)}")  # type: ignore[arg-type]
        connection.commit()
        connection.execute(sql)  # type: ignore[arg-type]
        connection.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        yield
        connection.close()  # the server has ended it by itself


SCENARIO = Scenario("6", "lock queue", "0 errors, worst writer 150 ms", run)
