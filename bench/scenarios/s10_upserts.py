"""10: Upserts hammer forty keys while a column of the same table is renamed: no duplicate-key error."""

import random

from bench.scenarios import application
from bench.scenarios.application import Version
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World


def run(here: World) -> Result:
    usual = application.turn
    application.turn = _upserts  # the workers are forks of this process
    try:
        return lived(
            here, "ALTER TABLE orders RENAME COLUMN total TO amount;", Version("new", total="amount")
        )
    finally:
        application.turn = usual


def _upserts(version: Version, _rows: int, _own: int, luck: random.Random) -> list[application.Pair]:
    row = 1 + luck.randrange(40)
    statement = application.upsert(row)
    return [statement(version.table, version.total, None), statement("oracle", "total", None)]


SCENARIO = Scenario("10", "upserts on hot keys", "0 duplicate-key errors, 0 wrong rows", run)
