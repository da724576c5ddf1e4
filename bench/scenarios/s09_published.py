"""9: A published table is not put behind a view: subscribers look it up by name and would stop for good."""

from bench.scenarios.application import seed
from bench.scenarios.engine import request_of
from bench.scenarios.world import Result, Scenario, World

import midair
from midair.errors import NotOnline


def run(here: World) -> Result:
    seed(here, also="CREATE PUBLICATION feed FOR TABLE orders")
    result = Result()
    for migration in (
        "ALTER TABLE orders RENAME TO purchases;",
        "ALTER TABLE orders RENAME COLUMN id TO number;",
    ):
        try:
            made = midair.plan(request_of(here, here.project(migration)))
            views = [step.title for step in made.steps if "CREATE VIEW" in step.title]
            result.expect(f"a view was planned: {views}", holds=not views)
        except NotOnline as error:
            result.facts[migration.split(" ")[4].lower()] = "refused"
            result.expect(
                f"the refusal does not name the publication: {error.message}",
                holds="publication" in error.message,
            )
    result.expect("nothing was refused", holds=bool(result.facts))
    return result


SCENARIO = Scenario("9", "published table", "the bridge is refused, the publication named", run)
