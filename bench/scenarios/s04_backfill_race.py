"""4: Rows are filled while writers touch the same pages in descending order: no deadlock, and nothing left out."""

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World

MIGRATION = "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"


def _seeded(here: World) -> None:
    seed(here, total="int")


def run(here: World) -> Result:
    before = _deadlocks(here)
    result = lived(here, MIGRATION, Version("new"), seeding=_seeded)
    result.facts["deadlocks"] = str(_deadlocks(here) - before)
    result.expect("deadlocks", holds=_deadlocks(here) == before)
    return result


def _deadlocks(here: World) -> int:
    return int(
        str(here.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0])
    )


SCENARIO = Scenario("4", "backfill race", "0 errors, 0 wrong rows, 0 deadlocks", run)
