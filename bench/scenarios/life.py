"""A change from before expand to after contract, or back, with both versions at work."""

import time
from collections.abc import Callable

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import done
from bench.scenarios.world import Result, World

WORST_S = 0.250
"""The longest a single transaction may be late, in a full run (spec/expand-contract.md §8)."""
OLD = Version("old")


def lived(
    world: World,
    migration: str,
    new: Version,
    old: Version = OLD,
    *,
    seeding: Callable[[World], None] = seed,
    back: bool = False,
    kills: int = 0,
) -> Result:
    """Old alone, expand, both, then contract with the new one alone; `back`: rollback with the old one alone instead."""
    seeding(world)
    result, root = Result(), world.project(migration)
    pause = world.size.seconds
    with running(world, [old], result):
        time.sleep(pause)
        result.facts["to ready"] = f"{done(world, root, 'apply', result, kills):.1f} s"
        with running(world, [new], result):
            time.sleep(2 * pause)
        if back:
            done(world, root, "rollback", result, kills)
            time.sleep(pause)
        else:
            result.wrong += wrong(world, old)
    if back:
        open_gates = world.ask("SELECT count(*) FROM midair.contract WHERE state = 'ready'")
        result.expect("the rollback took nothing back", holds=open_gates == [(0,)])
        result.wrong += wrong(world, old)
    else:
        with running(world, [new], result):
            time.sleep(pause)
            took = done(world, root, "contract", result, kills)
            result.facts["contract"] = f"{took:.1f} s"
            time.sleep(pause)
        result.wrong += wrong(world, new)
    result.rows = rows(world)
    return judged(world, result)


def judged(world: World, result: Result) -> Result:
    """The limits that hold for every scenario."""
    result.expect(f"{len(result.errors)} application errors", holds=not result.errors)
    result.expect(f"{result.wrong} wrong rows", holds=not result.wrong)
    result.expect("nobody worked", holds=len(result.waits) > 10)
    return result
