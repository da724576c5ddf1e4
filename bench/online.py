#!/usr/bin/env python3
"""What an application feels while naive migrations run: as written, and online.

    python bench/online.py --rows 200000 --only unique      one statement, seconds
    python bench/online.py --out online.jsonl               all of them on 5 million rows
    python bench/online.py --out online.jsonl --disturb all and with something in the way

Readers and writers work at a fixed rate on a table while `midair apply` runs one naive migration. Latency
counts from when a request was due, so requests that wait in line behind a stall count in full. Beside
each figure stands the noise of the machine in the seconds before, and what the server was waiting for:
`lock` is the longest that a request of the application was seen waiting for a lock that midair held or
stood in line for. With `--out`, each measurement is kept as a line of JSON, and a second call goes on.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from uuid import uuid4

import psycopg
from measure import MIDAIR, Cluster, Failed, machine
from waiting import Waits, watched

from midair.database.address import parse
from midair.demo.load import Client, Felt, running
from midair.model.address import Secret
from midair.model.statement import Sql
from midair.rehearsal.server import throwaway_server

_CLIENTS = 8
_SETTLE_S = 1.0
_CALM_S = 4.0
SETTINGS = (
    "shared_buffers=512MB", "max_wal_size=4GB", "wal_level=replica", "autovacuum=on", "checkpoint_timeout=15min",
)  # fmt: skip
"""As a small production server: what the throwaway one has is made for tests that hold few rows."""


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
    Case("primary key", "ALTER TABLE orders ADD PRIMARY KEY (id);"),
    Case("volatile column", "ALTER TABLE orders ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();"),
    Case("add column", "ALTER TABLE orders ADD COLUMN seen boolean NOT NULL DEFAULT false;"),
)  # fmt: skip
DISTURBANCES = ("none", "reader", "idle", "autovacuum")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Waits in milliseconds; `noise` is of the seconds before it, `lock` of waits that midair caused."""

    rows: int
    rate: int
    name: str
    disturbance: str
    strategy: str
    took_s: float
    worst_ms: float
    p99_ms: float
    noise_worst_ms: float
    noise_p99_ms: float
    failed: int
    lock_ms: float
    lock_by: str
    slow: str
    """What requests that took more than 20 ms were seen to wait for, most often first."""

    @property
    def key(self) -> tuple[int, int, str, str, str]:
        """Which measurement it is."""
        return self.rows, self.rate, self.name, self.disturbance, self.strategy

    def line(self) -> str:
        """For people."""
        by = f"  {self.lock_by}" if self.lock_ms >= 10 else ""
        return (
            f"{self.name:<16} {self.disturbance:<11} {self.strategy:<8} {self.took_s:>7.2f} {self.worst_ms:>8.0f}"
            f" {self.p99_ms:>8.1f} {self.noise_worst_ms:>6.0f} {self.noise_p99_ms:>6.1f} {self.failed:>6} {self.lock_ms:>6.0f}  {self.slow}{by}"
        )


def main() -> int:
    arguments = read_arguments()
    cases = [each for each in CASES if (arguments.only or "") in each.name]
    disturbances = DISTURBANCES if arguments.disturb == "all" else (arguments.disturb,)
    wanted = [
        (case, disturbance, strategy)
        for case in cases
        for disturbance in disturbances
        for strategy in (["online"] if arguments.online else ["direct", "online"])
    ]
    kept = {each.key: each for each in read(arguments.out)}
    print(f"machine: {machine()}")
    print(
        f"{arguments.rows:,} rows, {arguments.rate}/s reads and {arguments.rate}/s writes, {_CLIENTS} clients"
    )
    print(
        f"{'statement':<16} {'in the way':<11} {'strategy':<8} {'took s':>7} {'worst ms':>8} {'p99 ms':>8}"
        f" {'noise':>6} {'p99':>6} {'failed':>6} {'lock':>6}  slow requests waited for"
    )
    with bench_server() as server:
        template = None
        for number, (case, disturbance, strategy) in enumerate(wanted, 1):
            known = kept.get((arguments.rows, arguments.rate, case.name, disturbance, strategy))
            if known is None:
                template = template or made_template(server, arguments.rows)
                progress(f"{number} of {len(wanted)}: {case.name}, {strategy}, {disturbance} in the way")
                known = measured(server, template, case, strategy, disturbance, arguments)
                keep(arguments.out, known)
            print(known.line(), flush=True)
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
    parser.add_argument("--online", action="store_true", help="leave out the runs as written")
    parser.add_argument(
        "--disturb", choices=(*DISTURBANCES, "all"), default="none", help="what is in the way meanwhile"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="keep each measurement there, and go on from it"
    )
    return parser.parse_args()


def read(out: Path | None) -> list[Measured]:
    """What an earlier call measured; a line that was cut off is measured again."""
    found: list[Measured] = []
    names = {each.name for each in fields(Measured)}
    for line in out.read_text().splitlines() if out and out.exists() else ():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            continue
        if said.keys() == names:
            found.append(Measured(**said))
    return found


def keep(out: Path | None, measured: Measured) -> None:
    if out is not None:
        with out.open("a") as lines:
            lines.write(json.dumps(asdict(measured)) + "\n")


def progress(text: str) -> None:
    sys.stderr.write(f"  {time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


@contextmanager
def bench_server() -> Generator[Cluster]:
    host = "127.0.77.98"
    with throwaway_server(None, None, (f"listen_addresses={host}", *SETTINGS)) as server:
        yield Cluster(server, host)


def made_template(server: Cluster, rows: int) -> str:
    """A database with the tables, to be copied for each run."""
    name = "online_template"
    progress(f"filling a table with {rows:,} rows")
    tell(server, "postgres", f"CREATE DATABASE {name}")
    tell(
        server,
        name,
        "CREATE TABLE customers (id bigint PRIMARY KEY, name text)",
        "INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 10000) AS g",
        "CREATE TABLE orders (id bigint, customer_id bigint, number bigint NOT NULL, total numeric, placed_at timestamptz)",
        f"INSERT INTO orders SELECT g, 1 + g % 10000, g, g % 1000, '2026-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, {rows}) AS g",
        "CREATE INDEX orders_id ON orders (id)",
        "CREATE INDEX orders_total ON orders (total)",
        "VACUUM (FREEZE, ANALYZE)",
        "CHECKPOINT",
    )
    return name


def clients(rows: int, rate: int) -> list[Client]:
    return [one(number, min(rows, 100_000), rate * 2 / _CLIENTS) for number in range(_CLIENTS)]


def one(number: int, keys: int, rate: float) -> Client:
    chance = random.Random(number)
    text = (
        "UPDATE orders SET total = total + 1 WHERE id = %s"
        if number % 2
        else "SELECT id, customer_id, number FROM orders WHERE id = %s"
    )
    return Client("shop", rate, lambda _: (Sql(text, (chance.randrange(1, keys),)),))


def measured(
    server: Cluster, template: str, case: Case, strategy: str, disturbance: str, arguments: argparse.Namespace
) -> Measured:
    with copied(server, template) as database, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "migrations"
        folder.mkdir()
        (folder / "000001_naive.up.sql").write_text(case.sql + "\n")
        url = server.url(database)
        load = clients(arguments.rows, arguments.rate)
        with running(parse(Secret(url)), load) as felt, watched(url) as seen:
            time.sleep(_SETTLE_S)
            calm = time.monotonic()
            time.sleep(_CALM_S)
            with disturbed(url, disturbance):
                seen.begin()
                began = time.monotonic()
                command = [str(MIDAIR), "apply", "-C", scratch, "--url", url, "--strategy", strategy, "-q"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                ended = time.monotonic()
            waits = seen.end()
        if done.returncode:
            raise Failed(f"{case.name} {strategy}: {done.stderr}")
    return told(
        case,
        strategy,
        disturbance,
        arguments,
        felt.between(calm, began),
        felt.between(began, ended + 0.2),
        ended - began,
        waits,
    )


def told(
    case: Case,
    strategy: str,
    disturbance: str,
    arguments: argparse.Namespace,
    calm: Felt,
    felt: Felt,
    took_s: float,
    waits: Waits,
) -> Measured:
    slow = sorted(waits.slow.items(), key=lambda each: -each[1])[:3]
    return Measured(
        rows=arguments.rows,
        rate=arguments.rate,
        name=case.name,
        disturbance=disturbance,
        strategy=strategy,
        took_s=round(took_s, 2),
        worst_ms=round(felt.worst * 1000, 1),
        p99_ms=round(felt.share(0.99) * 1000, 1),
        noise_worst_ms=round(calm.worst * 1000, 1),
        noise_p99_ms=round(calm.share(0.99) * 1000, 1),
        failed=len(felt.failed),
        lock_ms=round(waits.lock_ms, 1),
        lock_by=waits.lock_by,
        slow=", ".join(f"{name} {times}" for name, times in slow),
    )


@contextmanager
def copied(server: Cluster, template: str) -> Generator[str]:
    name = f"online_{uuid4().hex[:8]}"
    tell(server, "postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy", "CHECKPOINT")
    try:
        yield name
    finally:
        tell(server, "postgres", f"DROP DATABASE {name} WITH (FORCE)")


def tell(server: Cluster, database: str, *texts: str) -> None:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        for text in texts:
            connection.execute(text.encode())


@contextmanager
def disturbed(url: str, kind: str) -> Generator[None]:
    """Something in the way: a report that reads for 8 seconds, a forgotten transaction of 6, autovacuum at work."""
    if kind == "none":
        yield
    elif kind == "autovacuum":
        with vacuumed(url):
            yield
    else:
        sleep = "SELECT pg_sleep(8) FROM (SELECT FROM orders LIMIT 1) AS one"
        thread = threading.Thread(
            target=hold, args=(url, sleep, 0) if kind == "reader" else (url, "SELECT FROM orders LIMIT 1", 6)
        )
        thread.start()
        time.sleep(0.2)
        yield
        thread.join()


def hold(url: str, statement: str, idle_s: float) -> None:
    with psycopg.connect(url, application_name=f"report {idle_s}") as busy:
        busy.execute(statement.encode())
        time.sleep(idle_s)


@contextmanager
def vacuumed(url: str) -> Generator[None]:
    """An autovacuum worker slow enough to be there all the time; it is there when this begins."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
        other.execute("SELECT pg_reload_conf()")
        other.execute(
            "ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1,"
            " autovacuum_vacuum_insert_threshold = 1, autovacuum_vacuum_cost_delay = 50, autovacuum_vacuum_cost_limit = 1)"
        )
        at_work = "SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'orders'::regclass"
        until = time.monotonic() + 30
        while not other.execute(at_work).fetchone():
            if time.monotonic() > until:
                raise Failed("autovacuum did not come")
            time.sleep(0.1)
        yield
        other.execute("ALTER SYSTEM RESET autovacuum_naptime")
        other.execute("SELECT pg_reload_conf()")


if __name__ == "__main__":
    raise SystemExit(main())
