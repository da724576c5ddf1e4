"""9: A published table is not put behind a view, for subscribers look it up by name; what else is done to it, a real subscriber survives.

The subscriber receives all the while, old and new version at work; at the end it holds every row, and has met no error.
"""

import subprocess
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.scenarios.application import Version, seed
from bench.scenarios.copies import CHANGES as COPIES
from bench.scenarios.engine import request_of
from bench.scenarios.life import lived
from bench.scenarios.subscriber import Subscriber, subscribed
from bench.scenarios.world import Result, Scenario, World, summed, world
from tests.support.servers import client

import midair
from midair.errors import NotOnline

MOST_ROWS = 50_000
REFUSED = (
    ("ALTER TABLE orders RENAME TO purchases;", "FOR TABLE orders"),
    ("ALTER TABLE orders RENAME COLUMN id TO number;", "FOR TABLE orders"),
    ("ALTER TABLE orders RENAME COLUMN note TO remark;", "FOR TABLE orders"),
    (next(each.sql for each in COPIES if each.name == "partitioned, renamed first"), "FOR TABLE orders"),
    (COPIES[0].sql, "FOR ALL TABLES"),
)
"""Changes, and how the table is published."""


@dataclass(frozen=True)
class Published:
    """A change that a subscriber survives. `columns` are those that are compared afterwards."""

    name: str
    sql: str
    new: Version
    columns: str = "id, total::numeric, note, state"
    feed: str = "FOR TABLE orders"


_SAME = Version("new")
CHANGES = (
    Published("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;", _SAME),
    Published("stored column", "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;", _SAME),
    Published("drop column", "ALTER TABLE orders DROP COLUMN note;", Version("new", note=None), "id, total::numeric, state"),
    Published("listed columns", "ALTER TABLE orders ADD COLUMN seen boolean DEFAULT false;\nCREATE INDEX orders_total ON orders (total);", _SAME,
              feed="FOR TABLE orders (id, total, note, state)"),
    Published("partitioned", next(each.sql for each in COPIES if each.name == "partitioned, renamed first"), _SAME,
              feed="FOR TABLE orders WITH (publish_via_partition_root = true)"),
)  # fmt: skip


def run(here: World) -> Result:
    results = [refused(here)]
    size = replace(here.size, rows=min(here.size.rows, MOST_ROWS))
    for change in CHANGES:
        for back in (False, True) if change.feed == "FOR TABLE orders" else (False,):
            with world(here.server, size) as own:
                results.append(survived(own, change, back=back))
    with world(here.server, size) as own:
        results.append(learnt(own))
    return summed(results)


def survived(here: World, change: Published, *, back: bool) -> Result:
    """One life with a subscriber."""
    seed(here, total="int", also=f"CREATE PUBLICATION feed {change.feed}")
    with subscribed(here) as subscriber:
        result = lived(here, change.sql, change.new, seeding=_nothing, back=back)
        subscriber.judged(result, "id, total::numeric, note, state" if back else change.columns)
    return result


def learnt(here: World) -> Result:
    """A publication of all tables sends midair's own: the subscriber stops there, and loses nothing once it has them."""
    seed(here, total="int", also="CREATE PUBLICATION feed FOR ALL TABLES")
    with subscribed(here) as subscriber:
        change = next(each for each in CHANGES if each.name == "drop column")
        result = lived(here, change.sql, change.new, seeding=_nothing, deployed=partial(_taught, subscriber))
        notes = midair.plan(request_of(here, here.project(change.sql, "SELECT 1;"))).notes
        result.expect(
            f"nobody was told: {notes}", holds=any("pg_dump --schema-only" in each for each in notes)
        )
        subscriber.judged(result, change.columns, stumbles=True)
    return result


def _taught(subscriber: Subscriber, here: World, _root: Path, result: Result) -> None:
    """What the plan says: the schema midair and the tool's history are made there, too."""
    where = [
        "-h",
        str(here.server.admin.host),
        "-U",
        str(here.server.admin.user),
        "-d",
        here.name,
        "--schema-only",
    ]
    texts = [
        subprocess.run(
            [client("pg_dump", here.server.bin), *where, each], capture_output=True, text=True, check=True
        ).stdout
        for each in ("--schema=midair", "--table=schema_migrations")
    ]
    # psql has words of its own in it, from 18 on.
    subscriber.here.tell(
        "\n".join(each for text in texts for each in text.splitlines() if not each.startswith("\\"))
    )
    result.facts["taught"] = "the schema midair and the history"


def _nothing(_: World) -> None:
    """It is seeded before the subscriber begins."""


def refused(here: World) -> Result:
    """What a subscriber would stop at is no plan, and the publication is named."""
    result = Result()
    for number, (migration, feed) in enumerate(REFUSED):
        with world(here.server, here.size) as own:
            seed(own, total="int", also=f"CREATE PUBLICATION feed {feed}")
            try:
                made = midair.plan(request_of(own, own.project(migration)))
                result.expect(f"planned: {migration} {made.notes}", holds=False)
            except NotOnline as error:
                result.facts[f"refused {number}"] = migration.split("\n")[0]
                result.expect(
                    f"the refusal does not name the publication: {error.message}",
                    holds="publication" in error.message,
                )
    return result


SCENARIO = Scenario(
    "9",
    "published table",
    "what a subscriber would stop at is refused; it receives every row of the rest",
    run,
)
