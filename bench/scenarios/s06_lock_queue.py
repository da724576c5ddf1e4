"""6: Somebody holds the table at every strong lock: a reader, a writer, an idle transaction, autovacuum. Nobody queues behind midair for long.

And when the holder does not let go within the budget, midair ends, names it, changes nothing, and goes on from there later.
"""

import time
from dataclasses import dataclass, replace

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import done, refusal, request_of
from bench.scenarios.holders import NAME, Holder, autovacuum, transaction, wraparound
from bench.scenarios.life import OLD, felt_by, judged
from bench.scenarios.s01_rename_by_bridge import COLUMN
from bench.scenarios.world import Result, Scenario, Size, World, summed, world

import midair
from midair.errors import LockNotAcquired

_MOST_ROWS = 100_000
_RETYPE = ("ALTER TABLE orders ALTER COLUMN total TYPE bigint;", Version("new"))
_READS, _WRITES = (
    "SELECT count(*) FROM orders",
    "UPDATE orders SET state = state WHERE id = (SELECT max(id) FROM orders)",
)


@dataclass(frozen=True)
class _Case:
    """`back`: also taken back and made once more while the table is held; `to_ready`: no further than that."""

    holder: Holder
    migration: str
    new: Version
    back: bool = False
    to_ready: bool = False


def run(here: World) -> Result:
    size = replace(here.size, rows=min(here.size.rows, _MOST_ROWS))
    results: list[Result] = []
    for case in _cases(size):
        with world(here.server, size) as own:
            results.append(_held(own, case))
    with world(here.server, size) as own:
        results.append(_blocked(own))
    return summed(results)


def _cases(size: Size) -> list[_Case]:
    """In full as long as the spec says; briefly a tenth of it, and one vacuum."""
    part = 1.0 if size.timed else 0.1
    reader = Holder("reader", transaction(10 * part, _READS))
    writer = Holder("writer", transaction(5 * part, _WRITES))
    idle = Holder("idle transaction", transaction(60 * part, "SELECT 1 FROM orders LIMIT 1", once=True))
    vacuum, freezing = Holder("autovacuum", autovacuum), Holder("anti-wraparound vacuum", wraparound(10))
    if not size.timed:
        return [_Case(reader, *COLUMN), _Case(writer, *_RETYPE, back=True), _Case(vacuum, *COLUMN)]
    return [
        _Case(reader, *COLUMN), _Case(writer, *COLUMN, back=True), _Case(writer, *_RETYPE, back=True), _Case(idle, *COLUMN, to_ready=True),
        _Case(vacuum, *COLUMN, back=True), _Case(vacuum, *_RETYPE), _Case(freezing, *COLUMN, to_ready=True),
    ]  # fmt: skip


def _held(here: World, case: _Case) -> Result:
    seed(here, total="int")
    result, root = Result(), here.project(case.migration)
    took: list[str] = []
    with felt_by(here, result):
        with case.holder.holds(here), running(here, [OLD], result):
            result.begins(f"expand, {case.holder.name}")
            took.append(f"ready {done(here, root, 'apply', result):.1f} s")
            if case.back:
                took.append(f"back {done(here, root, 'rollback', result):.1f} s")
                done(here, root, "apply", result)
        if not case.to_ready:
            # held anew: a connection that was there before ready keeps the gate shut, and should
            with case.holder.holds(here), running(here, [case.new], result):
                result.begins(f"contract, {case.holder.name}")
                took.append(f"contracted {done(here, root, 'contract', result):.1f} s")
    result.wrong += wrong(here, OLD if case.to_ready else case.new)
    result.rows = rows(here)
    worst = max(result.waits)
    name = (
        f"{case.holder.name}, {case.migration.split(' ')[3].lower()} {case.migration.split(' ')[4].lower()}"
    )
    result.facts[name] = f"{', '.join(took)}; worst {worst * 1000:.0f} ms, for midair {result.lock_ms:.0f} ms"
    return judged(here, result)


def _blocked(here: World) -> Result:
    """A holder that outlasts the budget: midair says who, has changed nothing, and finishes when it is asked again."""
    seed(here)
    result, root = Result(), here.project(COLUMN[0])
    with running(here, [OLD], result):
        result.begins("blocked")
        with transaction(60, _READS)(here):
            request = replace(request_of(here, root), lock_budget_s=1.0 + here.size.seconds)
            said = refusal(midair.apply, request, LockNotAcquired)
        result.expect(f"the holder was not named: {said}", holds=NAME in said)
        result.expect("something was changed", holds=wrong(here, OLD) == 0)
        began = time.monotonic()
        done(here, root, "apply", result)
        result.facts["blocked for good"] = (
            f"{said[:70]}…; ready {time.monotonic() - began:.1f} s after it let go"
        )
    result.wrong += wrong(here, OLD)
    return judged(here, result)


SCENARIO = Scenario("6", "lock queue", "0 errors, nobody waits 100 ms for midair", run)
