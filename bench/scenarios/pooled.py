"""The application behind a real PgBouncer in transaction mode: it notices nothing, and the gate waits until the pooler's old connections are gone."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg
from bench.scenarios.application import Version, seed
from bench.scenarios.copies import CHANGES as COPIES
from bench.scenarios.engine import refusal, request_of
from bench.scenarios.life import lived
from bench.scenarios.s01_rename_by_bridge import COLUMN, TABLE
from bench.scenarios.world import Result, Scenario, World, summed, world
from tests.database.test_pooling import PROGRAM, pooler

import midair
from midair.errors import GateShut

_SAME = Version("new")


@dataclass(frozen=True)
class Pooled:
    """One change. `total` is the type that the column has before it."""

    name: str
    sql: str
    new: Version = _SAME
    total: str = "numeric"


CHANGES = (
    Pooled("rename column", *COLUMN),
    Pooled("rename table", *TABLE),
    Pooled("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;", total="int"),
    Pooled("drop column", "ALTER TABLE orders DROP COLUMN note;", Version("new", note=None)),
    Pooled("copy a table", COPIES[0].sql),
)


def run(here: World) -> Result:
    if PROGRAM is None:
        return Result(facts={"PgBouncer": "not installed"})
    results: list[Result] = []
    for change in CHANGES:
        for back in (False, True):
            with world(here.server, here.size) as own:
                results.append(pooled(own, change, back=back))
    return summed(results)


def pooled(here: World, change: Pooled, *, back: bool) -> Result:
    """One life through the pooler."""
    seed(here, total=change.total)
    with pooler(here.server.at(here.name), "transaction") as url:
        own = replace(here, entrance=url.reveal())
        return lived(
            own,
            change.sql,
            change.new,
            seeding=_nothing,
            back=back,
            deployed=partial(_recycled, url.reveal()),
        )


def _nothing(_: World) -> None:
    """It is seeded before the pooler connects."""


def _recycled(url: str, here: World, root: Path, result: Result) -> None:
    """The pooler's connections are older than the change, whoever uses them now: contract says so, until they are replaced."""
    said = refusal(midair.contract, request_of(here, root), GateShut)
    result.expect(f"the pooler's old connections were let through: {said}", holds="connections" in said)
    with psycopg.connect(url.rpartition("/")[0] + "/pgbouncer", autocommit=True) as console:
        console.execute("RECONNECT")
        console.execute("WAIT_CLOSE")


SCENARIO = Scenario(
    "pooler", "behind PgBouncer", "0 errors, 0 wrong rows; contract waits for its connections", run
)
