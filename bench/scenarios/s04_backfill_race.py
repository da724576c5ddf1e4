"""4: Rows are filled while writers touch the same pages in descending order: no deadlock, and nothing left out."""

from dataclasses import replace

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, world

MIGRATION = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"


def _seeded(here: World) -> None:
    seed(here, total="int")


def run(here: World) -> Result:
    with world(here.server, replace(here.size, rows=here.size.many)) as own:
        result = lived(own, MIGRATION, Version("new"), seeding=_seeded)
        found = _deadlocks(own)
        took_s = float(result.facts["to ready"].removesuffix(" s"))
        result.facts["rows a second, to ready"] = f"{own.size.rows / took_s:,.0f}"
        result.facts["deadlocks"] = str(found)
        result.expect(f"{found} deadlocks", holds=found == 0)
    return result


def _deadlocks(here: World) -> int:
    return int(
        str(here.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0])
    )


SCENARIO = Scenario("4", "backfill race", "0 errors, 0 wrong rows, 0 deadlocks", run)
