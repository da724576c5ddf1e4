"""Copies: another table takes the old one's place, made by midair or by its author, and both versions work all the while.

Stored columns, several types at once, and tables partitioned by hand in both usual orders; each to the contract and back, and
some cut off again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

MOST_ROWS = 200_000
"""Every life copies them all, forth and sometimes back."""
_KILLS = 20
_SHAPE = "id bigint, total numeric NOT NULL DEFAULT 0, note text, state text NOT NULL DEFAULT 'new', PRIMARY KEY (id)"


@dataclass(frozen=True)
class Copied:
    """One change that copies the table; `kills`: it is cut off as well."""

    name: str
    sql: str
    seeding: Callable[[World], None] = seed
    kills: bool = False
    isolation: str = "read committed"


CHANGES = (
    Copied(
        "a stored column",
        "ALTER TABLE orders ADD COLUMN half numeric GENERATED ALWAYS AS (total / 2) STORED;",
        kills=True,
    ),
    Copied(
        "types at once",
        "-- midair: strategy = shadow\nALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN state TYPE varchar(9);",
        partial(seed, total="int"),
        isolation="repeatable read",
    ),
    Copied(
        "partitioned, renamed first",
        f"ALTER TABLE orders RENAME TO orders_old;\nCREATE TABLE orders ({_SHAPE}) PARTITION BY HASH (id);\n"
        + "".join(
            f"CREATE TABLE orders_{part} PARTITION OF orders FOR VALUES WITH (MODULUS 3, REMAINDER {part});\n"
            for part in range(3)
        )
        + "INSERT INTO orders SELECT * FROM orders_old;\nDROP TABLE orders_old;",
        kills=True,
    ),
    Copied(
        "partitioned, renamed last",
        f"CREATE TABLE fresh ({_SHAPE}) PARTITION BY RANGE (id);\n"
        "CREATE TABLE fresh_low PARTITION OF fresh FOR VALUES FROM (MINVALUE) TO (1000);\n"
        "CREATE TABLE fresh_high PARTITION OF fresh FOR VALUES FROM (1000) TO (MAXVALUE);\n"
        "INSERT INTO fresh (id, total, note, state) SELECT id, total, note, state FROM orders;\n"
        "ALTER TABLE orders RENAME TO orders_old;\nALTER TABLE fresh RENAME TO orders;\nDROP TABLE orders_old;",
    ),
)


def run(here: World) -> Result:
    size = replace(here.size, rows=min(here.size.rows, MOST_ROWS))
    results: list[Result] = []
    for change in CHANGES:
        for back in (False, True):
            with world(here.server, size) as own:
                results.append(copied(own, change, back=back))
    return summed(results)


def copied(here: World, change: Copied, *, back: bool) -> Result:
    """One life; what it measured is told under the change's name."""
    old, new = (Version(each, isolation=change.isolation) for each in ("old", "new"))
    kills = min(here.size.kills, _KILLS) if change.kills else 0
    result = lived(here, change.sql, new, old, seeding=change.seeding, back=back, kills=kills)
    name = f"{change.name}, {'back' if back else 'forth'}"
    result.facts = {f"{name}: {each}": fact for each, fact in result.facts.items()}
    return result


SCENARIO = Scenario("copies", "tables copied and partitioned", "0 errors, 0 wrong rows", run)
