"""1: A column and a table are renamed through a view, forward and back, with both versions hammering."""

from bench.scenarios.application import Version
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

COLUMN = ("ALTER TABLE orders RENAME COLUMN total TO amount;", Version("new", total="amount"))
TABLE = ("ALTER TABLE orders RENAME TO purchases;", Version("new", table="purchases"))


def run(here: World) -> Result:
    results: list[Result] = []
    for migration, new in (COLUMN, TABLE):
        for back in (False, True):
            with world(here.server, here.size) as own:
                results.append(lived(own, migration, new, back=back))
    return summed(results)


SCENARIO = Scenario("1", "rename by bridge, and back", "0 errors, 0 wrong rows", run)
