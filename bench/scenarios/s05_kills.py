"""5: midair is cut off again and again in expand, rollback and contract of each recipe and of an index build, and always completes.

The change goes forth and back while the old version works, until enough cuts have hit a command that was at work; then forth
for good.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import done
from bench.scenarios.life import OLD, felt_by, judged
from bench.scenarios.s01_rename_by_bridge import COLUMN, TABLE
from bench.scenarios.s02_rename_by_copy import MIGRATION as COPY
from bench.scenarios.s02_rename_by_copy import NEW as COPIED
from bench.scenarios.s02_rename_by_copy import seeded as row_type_in_use
from bench.scenarios.s03_bigint_key import MIGRATION as KEY
from bench.scenarios.s03_bigint_key import seeded as referred_to
from bench.scenarios.world import Result, Scenario, World, summed, world

MOST_ROWS = 50_000
"""More would only make the backfills between the cuts longer."""
_A_COMMAND = 6
"""So many cuts at most before a command may come to its end."""


def _narrow(here: World) -> None:
    seed(here, total="int")


@dataclass(frozen=True)
class Change:
    """`back`: the author's own downgrade, where no contract stays open; without `gated` there is nothing to contract."""

    name: str
    sql: str
    new: Version
    seeding: Callable[[World], None] = _narrow
    back: str = ""
    gated: bool = True


CHANGES = (
    Change("rename column", *COLUMN),
    Change("rename table", *TABLE),
    Change("rename by copy", COPY, COPIED, row_type_in_use),
    Change("drop column", "ALTER TABLE orders DROP COLUMN note;", Version("new", note=None)),
    Change("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;", Version("new")),
    Change("key to bigint", KEY, Version("new"), referred_to),
    Change("index", "CREATE INDEX orders_state ON orders (state, total);", Version("new"), back="DROP INDEX orders_state;", gated=False),
)  # fmt: skip


def run(here: World) -> Result:
    size = replace(here.size, rows=min(here.size.rows, MOST_ROWS))
    results: list[Result] = []
    for change in CHANGES:
        with world(here.server, size) as own:
            results.append(_cut_off(own, change))
    total = summed(results)
    total.expect("nothing was cut off", holds=total.kills > 0)
    return total


def _cut_off(here: World, change: Change) -> Result:
    change.seeding(here)
    result, root = Result(), here.project(change.sql, back=change.back)
    wanted, began = here.size.kills, time.monotonic()
    with felt_by(here, result), running(here, [OLD], result):
        while result.kills < wanted and not result.broken:
            done(here, root, "apply", result, kills=_A_COMMAND)
            done(here, root, "rollback", result, kills=_A_COMMAND)
        result.wrong += wrong(here, OLD)
        done(here, root, "apply", result, kills=_A_COMMAND)
        with running(here, [change.new], result):
            time.sleep(here.size.seconds)
    if change.gated:
        with running(here, [change.new], result):
            done(here, root, "contract", result, kills=_A_COMMAND)
    result.wrong += wrong(here, change.new)
    result.rows = rows(here)
    print(f"    {change.name}: cut off {result.kills} times", file=sys.stderr, flush=True)
    result.facts[f"cut off in {change.name}"] = f"{result.kills} in {time.monotonic() - began:.0f} s"
    return judged(here, result)


SCENARIO = Scenario("5", "kills", "0 errors, 0 wrong rows, every command completes", run)
