"""14: Values that the new type does not take turn up before and during the change: no writer fails, the exchange is refused and says which."""

from bench.scenarios.application import running, seed
from bench.scenarios.engine import done, request_of
from bench.scenarios.life import OLD
from bench.scenarios.world import Result, Scenario, Silent, World

import midair
from midair.errors import MidairError

MIGRATION = "ALTER TABLE orders ALTER COLUMN state TYPE int USING state::int;"


def run(here: World) -> Result:
    seed(
        here,
        also="ALTER TABLE orders ALTER COLUMN state SET DEFAULT '1';\nUPDATE orders SET state = '1';\nUPDATE orders SET state = 'bad' WHERE id = 3",
    )
    result, root = (
        Result(),
        here.project(
            "ALTER TABLE orders ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE int USING state::int, ALTER COLUMN state SET DEFAULT 1;"
        ),
    )
    with running(here, [OLD], result):
        said = _said(request_of(here, root))
        here.tell("INSERT INTO orders (id, state) VALUES (-5, 'worse')", "DELETE FROM orders WHERE id = -5")
        result.expect(f"not refused: {said}", holds=bool(said))
        result.facts["refusal"] = said[:160]
        here.tell("UPDATE orders SET state = '1' WHERE state !~ '^[0-9]+$'")
        done(here, root, "apply", result)
    result.expect(f"{len(result.errors)} application errors: {result.errors[:1]}", holds=not result.errors)
    return result


def _said(request: midair.Request) -> str:
    try:
        midair.apply(request, Silent())
    except MidairError as error:
        return error.message
    return ""


SCENARIO = Scenario("14", "bad data", "no writer fails, the exchange is refused and names a row", run)
