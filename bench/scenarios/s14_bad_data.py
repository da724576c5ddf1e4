"""14: Values that the new type does not take turn up before and during the change: no writer fails, the exchange is refused and says which."""

import signal

from bench.scenarios.application import rows, running, seed, wrong
from bench.scenarios.engine import begun, done, ended, request_of
from bench.scenarios.life import OLD, felt_by, judged
from bench.scenarios.world import Result, Scenario, Silent, World

import midair
from midair.errors import MidairError

MIGRATION = (
    "ALTER TABLE orders ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE int USING state::int,"
    " ALTER COLUMN state SET DEFAULT 1;"
)
_SEEDED = """ALTER TABLE orders ALTER COLUMN state SET DEFAULT '1';
UPDATE orders SET state = '1'"""
_MENDED = "UPDATE orders SET state = '1' WHERE state !~ '^[0-9]+$'"
_IN_THE_BACKFILL = 5
"""The event by which the trigger is there and the backfill is not over."""


def run(here: World) -> Result:
    seed(here, also=_SEEDED)
    result, root = Result(), here.project(MIGRATION)
    request = request_of(here, root)
    with felt_by(here, result), running(here, [OLD], result):
        result.begins("bad before")
        here.tell("UPDATE orders SET state = 'bad' WHERE id = 3")
        _refused(request, "bad before", 1, result)
        here.tell(_MENDED)
        result.begins("bad meanwhile")
        died = ended(begun(here, root, "apply", _IN_THE_BACKFILL))
        result.expect(f"nothing was under way: {died}", holds=died == -signal.SIGKILL)
        here.tell("INSERT INTO oracle (id, note) VALUES (-5, NULL), (-6, NULL)")
        here.tell("INSERT INTO orders (id, state) VALUES (-5, 'worse'), (-6, 'worst')")
        _refused(request, "bad meanwhile", 2, result)
        here.tell(_MENDED)
        done(here, root, "apply", result)
    states = here.ask("SELECT count(*) FROM orders WHERE state IS DISTINCT FROM 1")
    result.expect(f"states differ: {states}", holds=states == [(0,)])
    result.wrong += wrong(here, OLD)
    result.rows = rows(here)
    return judged(here, result)


def _refused(request: midair.Request, when: str, count: int, result: Result) -> None:
    """The exchange does not happen, and the refusal says how many rows and shows one."""
    try:
        midair.apply(request, Silent())
        said = ""
    except MidairError as error:
        said = error.message
    result.facts[f"refusal, {when}"] = said[-170:]
    result.expect(f"{when}: not refused with {count} rows: {said}", holds=f"{count} row" in said)


SCENARIO = Scenario("14", "bad data", "no writer fails, the exchange is refused and names a row", run)
