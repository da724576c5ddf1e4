"""2: A column is renamed by a copy, because the table's row type is in use."""

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

MIGRATION = "ALTER TABLE orders RENAME COLUMN note TO remark;"
NEW = Version("new", note="remark")


def seeded(here: World) -> None:
    """The table's row type is in use by another."""
    seed(here, also="CREATE TABLE holds (o orders)")


def run(here: World) -> Result:
    results: list[Result] = []
    for back in (False, True):
        with world(here.server, here.size) as own:
            results.append(lived(own, MIGRATION, NEW, seeding=seeded, back=back))
    return summed(results)


SCENARIO = Scenario("2", "rename by copy, and back", "0 errors, 0 wrong rows", run)
