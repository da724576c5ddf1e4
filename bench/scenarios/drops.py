"""Drops and NOT NULL: the old shape stays until contract, the way back loses nothing."""

from functools import partial

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

_KIND = "ALTER TABLE orders ADD COLUMN kind text DEFAULT 'k'"
CHANGES = (
    ("ALTER TABLE orders DROP COLUMN note;", Version("new", note=None), ""),
    ("ALTER TABLE orders ALTER COLUMN kind DROP DEFAULT;", Version("new"), _KIND),
    ("ALTER TABLE orders ALTER COLUMN kind SET NOT NULL;", Version("new"), _KIND),
    ("ALTER TABLE orders DROP CONSTRAINT twice;", Version("new"), "ALTER TABLE orders ADD CONSTRAINT twice UNIQUE (id, state)"),
    ("DROP TABLE audit;", Version("new"), "CREATE TABLE audit (id int PRIMARY KEY)"),
)  # fmt: skip


def run(here: World) -> Result:
    results: list[Result] = []
    for migration, new, also in CHANGES:
        with world(here.server, here.size) as own:
            results.append(lived(own, migration, new, seeding=partial(seed, also=also)))
    with world(here.server, here.size) as own:
        results.append(lived(own, CHANGES[0][0], CHANGES[0][1], back=True))
    return summed(results)


SCENARIO = Scenario("drops", "drops and NOT NULL", "0 errors, 0 wrong rows", run)
