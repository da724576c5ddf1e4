"""A change from before expand to after contract, or back, with both versions at work."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import done
from bench.scenarios.world import Result, World
from bench.waiting import watched

WORST_LOCK_MS = 100.0
"""The longest that a transaction may wait for a lock because of midair, in a full run (issue 6)."""
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
    deployed: Callable[[World, Path, Result], None] | None = None,
) -> Result:
    """Old alone, expand, both, then contract with the new one alone; `back`: rollback with the old one alone instead.

    `deployed` is done when the old version is gone: what a deploy does besides.
    """
    seeding(world)
    result, root = Result(), world.project(migration)
    pause = world.size.seconds
    with felt_by(world, result):
        with running(world, [old], result):
            result.begins("before")
            time.sleep(pause)
            result.begins("expand")
            result.facts["to ready"] = f"{done(world, root, 'apply', result, kills):.1f} s"
            result.begins("both versions")
            with running(world, [new], result):
                time.sleep(pause)
            if back:
                result.begins("rollback")
                done(world, root, "rollback", result, kills)
                time.sleep(pause / 2)
            else:
                result.wrong += wrong(world, old)
        if back:
            open_gates = world.ask("SELECT count(*) FROM midair.contract WHERE state = 'ready'")
            result.expect("the rollback took nothing back", holds=open_gates == [(0,)])
            result.wrong += wrong(world, old)
        else:
            with running(world, [new], result):
                if deployed is not None:
                    deployed(world, root, result)
                result.begins("contract")
                took = done(world, root, "contract", result, kills)
                result.facts["contract"] = f"{took:.1f} s"
                time.sleep(pause / 2)
            result.wrong += wrong(world, new)
    result.rows = rows(world)
    return judged(world, result)


@contextmanager
def felt_by(world: World, result: Result, tool: str = "midair%") -> Generator[None]:
    """What the application waited for because of the tool whose sessions have such names, for as long as the context lasts."""
    with watched(world.url, tool) as watch:
        watch.begin()
        yield
        seen = watch.end()
    if seen.lock_ms > result.lock_ms:
        result.lock_ms, result.lock_by = seen.lock_ms, seen.lock_by


def judged(world: World, result: Result) -> Result:
    """The limits that hold for every scenario."""
    result.expect(f"{len(result.errors)} application errors", holds=not result.errors)
    result.expect(f"{result.wrong} wrong rows", holds=not result.wrong)
    if world.size.timed:
        what = f"a session waited {result.lock_ms:.0f} ms for midair: {result.lock_by}"
        result.expect(what, holds=result.lock_ms <= WORST_LOCK_MS)
    result.expect("nobody worked", holds=len(result.waits) > 10)
    return result
