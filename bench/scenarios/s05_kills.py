"""5: midair is killed again and again in expand, contract and rollback of each recipe, and always completes."""

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.s01_rename_by_bridge import COLUMN, TABLE
from bench.scenarios.world import Result, Scenario, World, summed, world

CHANGES = (
    COLUMN,
    TABLE,
    (
        "ALTER TABLE orders DROP COLUMN note;",
        Version("new", note=None),
    ),
    ("ALTER TABLE orders ALTER COLUMN total TYPE bigint;", Version("new")),
)


def _seeded(here: World) -> None:
    seed(here, total="int")


def run(here: World) -> Result:
    results: list[Result] = []
    for migration, new in CHANGES:
        for back in (False, True):
            with world(here.server, here.size) as own:
                results.append(lived(own, migration, new, seeding=_seeded, back=back, kills=here.size.kills))
    total = summed(results)
    total.expect("nothing was killed", holds=total.kills > 0)
    return total


SCENARIO = Scenario("5", "kills", "0 errors, 0 wrong rows, every command completes", run)
