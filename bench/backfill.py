"""A statement over every row: plain, in midair's batches, and in the usual loop; and what an application feels.

    python bench/backfill.py                 one million rows
    python bench/backfill.py --rows 5000000
    python bench/backfill.py --rows 1,5,20   millions, where a number is below a thousand

What it is at goes to standard error. Where `--repeat` is not given, five million rows and more are run once.

Throughput is measured on the idle server (`--throttle off`), the application's waits with readers and
two-row descending writers at a fixed rate, first without a backfill (the baseline), then with each.

Goals: time grows as the rows do; midair reaches at least 70 % of the plain UPDATE's rows per second; the
application's p99 stays within 1.5 times its baseline when throttled; nobody ever deadlocks.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from measure import Cluster, machine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.backfills import cut, fly_backfill

from midair.database import Guard, open_session
from midair.database.address import parse
from midair.demo.load import Client, Felt, running
from midair.execution.services import Pace
from midair.model.address import Secret
from midair.model.statement import Sql
from midair.rehearsal.server import throwaway_server

STATEMENT = "UPDATE orders SET total_cents = price_cents * amount WHERE total_cents IS NULL"
BASELINE_S = 30
MANY = 5_000_000
FULL = Pace(throttled=False)
SETTINGS = (
    "shared_buffers=512MB", "max_wal_size=4GB", "wal_level=replica", "autovacuum=on", "autovacuum_naptime=10s",
    "checkpoint_timeout=15min", "max_parallel_workers_per_gather=0",
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One way to do it."""

    name: str
    run: Callable[[str], None]


def main() -> int:
    arguments = read_arguments()
    sizes = [rows_of(each) for each in arguments.rows.split(",")]
    print(f"machine: {machine()}")
    host = "127.0.77.99"
    with throwaway_server(None, None, (f"listen_addresses={host}", *SETTINGS)) as server:
        cluster = Cluster(server, host)
        seconds = [
            (rows, speed(cluster, rows, arguments.repeat or (3 if rows < MANY else 1), arguments.loop))
            for rows in sizes
        ]
        growth(seconds)
        if arguments.rate:
            application(cluster, min(sizes), arguments.rate)
    print(f"machine at the end: {machine()}")
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows",
        default="1",
        metavar="ROWS",
        help="sizes of the table, in millions below a thousand (default: %(default)s)",
    )
    parser.add_argument("--repeat", type=int, help="runs of each, in turn (default: 3, or 1 of large tables)")
    parser.add_argument(
        "--rate",
        type=int,
        default=200,
        help="the application's statements a second; 0 leaves it out (default: %(default)s)",
    )
    parser.add_argument(
        "--loop",
        type=float,
        default=1.0,
        metavar="MILLIONS",
        help="largest table for the usual loop (default: 1)",
    )
    return parser.parse_args()


def rows_of(text: str) -> int:
    """`5` and `5000000` are both five million."""
    number = float(text.replace("_", ""))
    return round(number * 1_000_000 if number < 1000 else number)


def at_work(text: str) -> None:
    """Says what comes next: a run over many rows is silent for minutes."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def ways() -> list[Way]:
    return [
        Way("plain UPDATE", plain),
        Way("midair, 1 worker", lambda url: midair(url, FULL)),
        Way("midair, 4 workers", lambda url: midair(url, Pace(workers=4, throttled=False))),
        Way("midair, 1 worker, 25 ms batches", lambda url: midair(url, Pace(batch_s=0.025, throttled=False))),
        Way("loop with LIMIT, no key order", loop),
    ]


def plain(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(STATEMENT)


def midair(url: str, pace: Pace) -> None:
    address = parse(Secret(url))
    session = open_session(address, Guard(), "bench")
    backfill = cut(session, STATEMENT)
    session.close()
    fly_backfill(address, backfill, pace=pace)


def loop(url: str) -> None:
    """What most people write: each turn looks for its rows from the beginning of the table."""
    with psycopg.connect(url, autocommit=True) as connection:
        batch = (
            "UPDATE orders SET total_cents = price_cents * amount WHERE id IN"
            " (SELECT id FROM orders WHERE total_cents IS NULL LIMIT 1000)"
        )
        while connection.execute(batch).rowcount:
            pass


def fill(cluster: Cluster, rows: int) -> str:
    """A fresh table; its URL."""
    url = cluster.fresh("orders_bench")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE orders (id bigserial PRIMARY KEY, price_cents int NOT NULL, amount int NOT NULL,"
            " total_cents bigint, note text) WITH (autovacuum_enabled = true)"
        )
        connection.execute(
            "INSERT INTO orders (price_cents, amount, note) SELECT i % 1000, i % 7, 'order number ' || i"
            f" FROM generate_series(1, {rows}) AS i"
        )
        connection.execute("VACUUM (FREEZE, ANALYZE) orders")
        connection.execute("CHECKPOINT")
    return url


def speed(cluster: Cluster, rows: int, repeat: int, loop_up_to: float) -> dict[str, float]:
    """The best seconds of each way."""
    took: dict[str, list[float]] = {way.name: [] for way in ways()}
    for turn in range(1, repeat + 1):
        for way in ways():
            if way.run is loop and rows > loop_up_to * 1_000_000:
                continue
            at_work(f"{rows} rows, run {turn} of {repeat}: {way.name}")
            url = fill(cluster, rows)
            began = time.monotonic()
            way.run(url)
            took[way.name].append(time.monotonic() - began)
            assert_done(url)
    best = min(took["plain UPDATE"])
    print(f"\n{rows} rows, best of {repeat}: seconds, rows per second, share of the plain UPDATE's")
    for name, times in took.items():
        if times:
            print(f"  {name:34} {min(times):8.2f} s {rows / min(times):10.0f}/s {best / min(times):7.0%}")
    sys.stdout.flush()
    return {name: min(times) for name, times in took.items() if times}


def growth(seconds: Sequence[tuple[int, dict[str, float]]]) -> None:
    """How much longer a larger table takes, against how much larger it is: 1.0 is linear."""
    (small, before), (large, after) = seconds[0], seconds[-1]
    if small == large:
        return
    print(f"\ntime for {large} rows over {large / small:g} times the time for {small}: 1.0 is linear growth")
    for name in before.keys() & after.keys():
        print(f"  {name:34} {after[name] / before[name] / (large / small):8.2f}")
    sys.stdout.flush()


def assert_done(url: str) -> None:
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT count(*) FROM orders WHERE total_cents IS NULL").fetchone()
    if left != (0,):
        raise SystemExit(f"{left} rows were left out: the figures say nothing")


def application(cluster: Cluster, rows: int, rate: int) -> None:
    chance = random.Random(1)
    read = Client(
        "reader",
        rate / 2,
        lambda _: (Sql("SELECT note FROM orders WHERE id = %s", (chance.randrange(rows),)),),
    )

    def write(turn: int) -> tuple[Sql, ...]:
        low, high = sorted(chance.sample(range(1, rows), 2))
        change = "UPDATE orders SET note = note || '.' WHERE id = %s"
        return Sql(change, (high,)), Sql(change, (low,))

    health = f"SELECT note FROM orders WHERE id = (SELECT 1 + floor(random() * {rows})::int)"
    clients: Sequence[Client] = [
        read,
        Client("writer 1", rate / 4, write),
        Client("writer 2", rate / 4, write),
    ]
    print(
        f"\n{rows} rows, an application at {rate} statements a second: p50, p99, worst wait, failed; the backfill's seconds"
    )
    tell("nobody (baseline)", *felt(fill(cluster, rows), clients, lambda url: time.sleep(BASELINE_S)), None)
    for name, run in (
        ("plain UPDATE", plain),
        ("midair, 1 worker, unthrottled", lambda url: midair(url, FULL)),
        ("midair, 4 workers, unthrottled", lambda url: midair(url, Pace(workers=4, throttled=False))),
        ("midair, defaults", lambda url: midair(url, Pace())),
        ("midair, 20 % duty", lambda url: midair(url, Pace(duty=0.2))),
        ("midair, 5 % duty", lambda url: midair(url, Pace(duty=0.05))),
        ("midair, --health-sql", lambda url: midair(url, Pace(health_sql=health))),
        ("midair, 25 ms batches", lambda url: midair(url, Pace(batch_s=0.025))),
        ("nobody (baseline again)", lambda url: time.sleep(BASELINE_S)),
    ):
        at_work(f"application beside: {name}")
        url = fill(cluster, rows)
        tell(name, *felt(url, clients, run), deadlocks(url))


def felt(url: str, clients: Sequence[Client], run: Callable[[str], None]) -> tuple[Felt, float]:
    with running(parse(Secret(url)), clients) as all_of_it:
        began = time.monotonic()
        failure = None
        try:
            run(url)
        except psycopg.Error as error:
            failure = str(error).splitlines()[0]
        ended = time.monotonic()
    if failure:
        print(f"  (the statement itself failed: {failure})")
    return all_of_it.between(began, ended), ended - began


def deadlocks(url: str) -> int:
    time.sleep(0.6)  # the server publishes its counters with a delay
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(row[0]) if row else 0


def tell(name: str, felt: Felt, took_s: float, deadlocked: int | None) -> None:
    times = "  ".join(f"{1000 * value:8.1f} ms" for value in (felt.share(0.5), felt.share(0.99), felt.worst))
    locks = "" if deadlocked is None else f", deadlocks {deadlocked}"
    print(f"  {name:34} {times}  failed {len(felt.failed)}{locks}  in {took_s:.1f} s")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
