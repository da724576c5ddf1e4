"""3: An int key becomes bigint, with tables that refer to it; ids pass 2^31 afterwards."""

from bench.scenarios.application import Version, seed
from bench.scenarios.life import lived
from bench.scenarios.world import Result, Scenario, World, summed, world

MIGRATION = "ALTER TABLE orders ALTER COLUMN id TYPE bigint;"
_CHILDREN = """
CREATE TABLE lines (id serial PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
CREATE TABLE marks (order_id int REFERENCES orders ON DELETE SET NULL);
INSERT INTO lines (order_id) SELECT id FROM orders WHERE id % 7 = 0;
INSERT INTO marks SELECT id FROM orders WHERE id % 11 = 0;
CREATE INDEX lines_order ON lines (order_id);
CREATE INDEX marks_order ON marks (order_id)
"""


def seeded(here: World) -> None:
    """The key is an int that two other tables refer to."""
    seed(here, key="int", also=_CHILDREN)


def run(here: World) -> Result:
    results: list[Result] = []
    for back in (False, True):
        with world(here.server, here.size) as own:
            result = lived(own, MIGRATION, Version("new"), seeding=seeded, back=back)
            lost = "SELECT count(*) FROM lines l WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT FROM orders o WHERE o.id = l.order_id)"
            result.expect("lines point nowhere", holds=own.ask(lost) == [(0,)])
            if not back and not result.broken:
                own.tell("INSERT INTO orders (id) VALUES (3000000000)")
            results.append(result)
    return summed(results)


SCENARIO = Scenario("3", "int key to bigint, and back", "0 errors, 0 wrong rows, no orphans", run)
