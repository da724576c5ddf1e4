"""8: One forgotten old writer, one old reader through the bridge, one old pooled connection: contract refuses each and names it."""

import psycopg
from bench.scenarios.application import seed
from bench.scenarios.engine import done, refusal, request_of
from bench.scenarios.world import Result, Scenario, World, summed, world

import midair
from midair.errors import GateShut

_COLUMN = "ALTER TABLE orders DROP COLUMN note;"
_TABLE = "ALTER TABLE orders RENAME TO purchases;"


def run(here: World) -> Result:
    results = [
        _refused(here, _COLUMN, "UPDATE orders SET note = 'late' WHERE id = 1", "tripwire"),
        _refused(here, _TABLE, "INSERT INTO orders (id) VALUES (-1)", "tripwire"),
        _refused(here, _TABLE, "SELECT total FROM orders WHERE id = 1", "tripwire"),
        _refused(here, _TABLE, "", "connections"),
    ]
    return summed(results)


def _refused(here: World, migration: str, use: str, probe: str) -> Result:
    with world(here.server, here.size) as own:
        seed(own)
        result, root = Result(), own.project(migration)
        with psycopg.connect(own.url, autocommit=True, application_name="forgotten@1") as old:
            old.execute("SELECT 1")
            done(own, root, "apply", result)
            request = request_of(own, root)
            if use:
                # A wire holds whole seconds: the use must not fall into the one of `ready`.
                own.tell("UPDATE midair.contract SET ready_at = ready_at - interval '2 seconds'")
                own.tell(use)
                old.close()
                request = midair.Request(
                    root, url=request.url, strategy="online", variables=request.variables
                )
            said = refusal(midair.contract, request, GateShut)
        named = "forgotten@1" if probe == "connections" else "the old shape was last used"
        result.expect(f"contract did not name {named}: {said}", holds=probe in said and named in said)
        result.facts[f"{probe} {use.split(' ')[0].lower()}".strip()] = "refused" if said else "let through"
        return result


SCENARIO = Scenario("8", "forgotten old version", "contract refuses each and names it", run)
