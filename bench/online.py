#!/usr/bin/env python3
"""What an application feels while naive migrations run: as written, and online.

Readers and writers work at a fixed rate on a table while `midair apply` runs one naive migration.
Latency counts from when a request was due, so requests that wait in line behind a stall count in full.
"""

import argparse
import multiprocessing
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import uuid4

import psycopg
from measure import MIDAIR, Cluster, Failed, cluster, machine

_CONNECTIONS = 8
_SETTLE_S = 2.0
_NOISE_S = 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """One rewrite, by the naive statement it answers."""

    name: str
    sql: str


CASES = (
    Case("index", "CREATE INDEX orders_placed_at ON orders (placed_at);"),
    Case("drop index", "DROP INDEX orders_total;"),
    Case("reindex", "REINDEX TABLE orders;"),
    Case("foreign key", "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);"),
    Case("check", "ALTER TABLE orders ADD CHECK (total >= 0);"),
    Case("not null", "ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;"),
    Case("unique", "ALTER TABLE orders ADD UNIQUE (number);"),
    Case("primary key", "ALTER TABLE orders DROP CONSTRAINT orders_pkey;\nALTER TABLE orders ADD PRIMARY KEY (number, id);"),
    Case("volatile column", "ALTER TABLE orders ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();"),
    Case("add column", "ALTER TABLE orders ADD COLUMN seen boolean NOT NULL DEFAULT false;"),
)  # fmt: skip
DISTURBANCES = ("none", "reader", "idle", "autovacuum")


@dataclass(frozen=True, slots=True)
class Felt:
    """What the application felt, in seconds from when each request was due."""

    latencies: tuple[float, ...]
    failed: int

    @property
    def worst_ms(self) -> float:
        return max(self.latencies, default=0.0) * 1000

    @property
    def p99_ms(self) -> float:
        ordered = sorted(self.latencies)
        return ordered[int(len(ordered) * 0.99)] * 1000 if ordered else 0.0


def main() -> int:
    arguments = read_arguments()
    cases = [each for each in CASES if (arguments.only or "") in each.name]
    disturbances = DISTURBANCES if arguments.disturb == "all" else (arguments.disturb,)
    with cluster() as server:
        template = made_template(server, arguments.rows)
        print(f"machine: {machine()}")
        print(
            f"{arguments.rows:,} rows, {arguments.rate}/s reads and {arguments.rate}/s writes on {_CONNECTIONS} connections"
        )
        noise = felt_without(server, template, arguments.rate)
        print(
            f"noise floor of the machine, nothing running: worst {noise.worst_ms:.0f} ms, p99 {noise.p99_ms:.1f} ms"
        )
        head = f"{'statement':<16} {'in the way':<11} {'strategy':<8} {'took s':>7} {'worst ms':>9} {'p99 ms':>8} {'failed':>7}"
        print(head)
        for case in cases:
            for disturbance in disturbances:
                for strategy in ("direct", "online"):
                    print(measured(server, template, case, strategy, disturbance, arguments.rate), flush=True)
        print(f"machine at the end: {machine()}")
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=int, default=5_000_000, help="rows of the table (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=int, default=200, help="reads and writes a second, each (default: %(default)s)"
    )
    parser.add_argument("--only", metavar="TEXT", help="only statements with this in their name")
    parser.add_argument(
        "--disturb", choices=(*DISTURBANCES, "all"), default="none", help="what is in the way meanwhile"
    )
    return parser.parse_args()


def made_template(server: Cluster, rows: int) -> str:
    """A database with the tables, to be copied for each run."""
    name = "online_template"
    tell(server, "postgres", f"CREATE DATABASE {name}")
    tell(
        server,
        name,
        "CREATE TABLE customers (id bigint PRIMARY KEY, name text)",
        "INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 10000) AS g",
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, number bigint NOT NULL, total numeric, placed_at timestamptz)",
        f"INSERT INTO orders SELECT g, 1 + g % 10000, g, g % 1000, '2026-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, {rows}) AS g",
        "CREATE INDEX orders_total ON orders (total)",
        "VACUUM ANALYZE",
    )
    return name


def felt_without(server: Cluster, template: str, rate: int) -> Felt:
    with copied(server, template) as database, application(server.url(database), rate) as app:
        time.sleep(_SETTLE_S)
        began = time.monotonic()
        time.sleep(_NOISE_S)
        return app.felt(began, time.monotonic())


def measured(server: Cluster, template: str, case: Case, strategy: str, disturbance: str, rate: int) -> str:
    with copied(server, template) as database, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "migrations"
        folder.mkdir()
        (folder / "000001_naive.up.sql").write_text(case.sql + "\n")
        url = server.url(database)
        with application(url, rate) as app, disturbed(url, disturbance):
            time.sleep(_SETTLE_S)
            began = time.monotonic()
            command = [str(MIDAIR), "apply", "-C", scratch, "--url", url, "--strategy", strategy, "-q"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            ended = time.monotonic()
            time.sleep(0.5)
            felt = app.felt(began, ended + 0.2)
        if done.returncode:
            raise Failed(f"{case.name} {strategy}: {done.stderr}")
    return (
        f"{case.name:<16} {disturbance:<11} {strategy:<8} {ended - began:>7.2f} {felt.worst_ms:>9.0f}"
        f" {felt.p99_ms:>8.1f} {felt.failed:>7}"
    )


@contextmanager
def copied(server: Cluster, template: str) -> Iterator[str]:
    name = f"online_{uuid4().hex[:8]}"
    tell(server, "postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield name
    finally:
        tell(server, "postgres", f"DROP DATABASE {name} WITH (FORCE)")


def tell(server: Cluster, database: str, *texts: str) -> None:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        for text in texts:
            connection.execute(text)


@contextmanager
def disturbed(url: str, kind: str) -> Iterator[None]:
    """Something in the way: a report that reads for 8 seconds, a forgotten transaction of 6, autovacuum at work."""
    if kind == "none":
        yield
        return
    with psycopg.connect(url, autocommit=True) as other:
        if kind == "autovacuum":
            other.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
            other.execute("SELECT pg_reload_conf()")
            other.execute(
                "ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1,"
                " autovacuum_vacuum_insert_threshold = 1, autovacuum_vacuum_cost_delay = 50, autovacuum_vacuum_cost_limit = 1)"
            )
            time.sleep(3)
            yield
            other.execute("ALTER SYSTEM RESET autovacuum_naptime")
            other.execute("SELECT pg_reload_conf()")
            return
        statement = (
            "SELECT pg_sleep(8) FROM (SELECT FROM orders LIMIT 1) AS one"
            if kind == "reader"
            else "SELECT FROM orders LIMIT 1"
        )

        def hold() -> None:
            with psycopg.connect(url) as busy:
                busy.execute(statement)
                time.sleep(6 if kind == "idle" else 0)

        thread = threading.Thread(target=hold)
        thread.start()
        time.sleep(0.2)
        yield
        thread.join()


class Application:
    """The load in a process of its own, so that measuring it costs it nothing."""

    def __init__(self, pipe: Connection, process: multiprocessing.Process) -> None:
        self._pipe, self._process = pipe, process

    def felt(self, began: float, ended: float) -> Felt:
        """Ends the load and gives what was due between two monotonic times."""
        self._pipe.send("stop")
        samples: list[tuple[float, float, bool]] = self._pipe.recv()
        self._process.join()
        inside = [each for each in samples if began <= each[0] <= ended]
        return Felt(tuple(each[1] for each in inside), sum(not each[2] for each in inside))


@contextmanager
def application(url: str, rate: int) -> Iterator[Application]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(url, rate, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield Application(ours, process)
    finally:
        process.kill()


def work(url: str, rate: int, pipe: Connection) -> None:
    """Runs requests at the rate until told to stop, then sends (due, latency, went well) of each."""
    stop, samples = threading.Event(), list[tuple[float, float, bool]]()
    threads = [
        threading.Thread(target=one, args=(url, number, rate * 2 / _CONNECTIONS, stop, samples), daemon=True)
        for number in range(_CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    pipe.send("ready")
    pipe.recv()
    stop.set()
    for thread in threads:
        thread.join()
    pipe.send(samples)


def one(
    url: str, number: int, rate: float, stop: threading.Event, samples: list[tuple[float, float, bool]]
) -> None:
    chance = random.Random(number)
    with psycopg.connect(url, autocommit=True, application_name="shop") as connection:
        due = time.monotonic() + chance.random() / rate
        while not stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            key = chance.randrange(1, 100_000)
            try:
                if number % 2:
                    connection.execute("UPDATE orders SET total = total + 1 WHERE id = %s", (key,))
                else:
                    connection.execute(
                        "SELECT id, customer_id, number FROM orders WHERE id = %s", (key,)
                    ).fetchall()
                well = True
            except psycopg.Error:
                well = False
            samples.append((due, time.monotonic() - due, well))
            due += 1 / rate


if __name__ == "__main__":
    raise SystemExit(main())
