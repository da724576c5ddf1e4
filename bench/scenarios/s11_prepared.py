"""11: Statements prepared before the change are executed all through it, and what fails is what the plan announced.

Two columns read by name, `SELECT *`, and an INSERT, each prepared on a connection of its own and executed in each phase: with psycopg
in autocommit and in transactions, directly and through PgBouncer where it is installed. In session mode: psycopg has to be told
not to prepare anything where a pooler before version 1.21 works in transaction mode.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import psycopg
from bench.scenarios.application import seed
from bench.scenarios.engine import done, request_of
from bench.scenarios.world import Result, Scenario, World, summed, world
from tests.database.test_pooling import PROGRAM, pooler

import midair

_NAMED, _STAR, _WRITE = "named", "star", "write"
STATEMENTS = {
    _NAMED: "SELECT total, note FROM orders WHERE id = %s",
    _STAR: "SELECT * FROM orders WHERE id = %s",
    _WRITE: "UPDATE orders SET total = total + 1 WHERE id = %s",
}
_ANNOUNCED = {_NAMED: "that read it", _STAR: "SELECT *"}
"""Words in a note of the plan that say that such a statement fails."""
_REFUSED = "0A000"  # "cached plan must not change result type"


@dataclass(frozen=True)
class _Change:
    """`renames` is a word of the old version's statements and what the new one says instead."""

    name: str
    sql: str
    renames: tuple[str, str] = ("", "")


CHANGES = (
    _Change("rename column", "ALTER TABLE orders RENAME COLUMN total TO amount;", ("total", "amount")),
    _Change("rename table", "ALTER TABLE orders RENAME TO purchases;", ("orders", "purchases")),
    _Change("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"),
    _Change("drop column", "ALTER TABLE orders DROP COLUMN state;"),
    _Change("index", "CREATE INDEX orders_total ON orders (total);"),
)


@dataclass
class _Driver:
    """Connections that stay open, each with its one statement prepared; `failed` counts, by statement, what was refused."""

    name: str
    in_transactions: bool
    connections: dict[str, psycopg.Connection]
    failed: dict[str, int] = field(default_factory=dict)

    def execute(self, result: Result, renames: tuple[str, str] = ("", "")) -> None:
        """Each statement three times: once may fail and heal, or fail for good."""
        old, new = renames
        for kind, connection in self.connections.items():
            for _ in range(3):
                try:
                    connection.execute(
                        STATEMENTS[kind].replace(old, new) if old else STATEMENTS[kind], (1,), prepare=True
                    )  # type: ignore[arg-type]
                    if self.in_transactions:
                        connection.commit()
                except psycopg.Error as error:
                    self.failed[kind] = self.failed.get(kind, 0) + 1
                    if error.sqlstate != _REFUSED:
                        result.errors.append(f"{self.name}, {kind}: {error.sqlstate} {error}")
                    if self.in_transactions:
                        connection.rollback()


def run(here: World) -> Result:
    results: list[Result] = []
    for change in CHANGES:
        with world(here.server, here.size) as own:
            results.append(_prepared(own, change))
    return summed(results)


def _prepared(here: World, change: _Change) -> Result:
    seed(here, total="int")
    result, root = Result(), here.project(change.sql)
    request = request_of(here, root)
    announced = {
        kind for kind, word in _ANNOUNCED.items() if any(word in note for note in midair.plan(request).notes)
    }
    with _drivers(here) as drivers:
        for driver in drivers:
            driver.execute(result)
        result.expect(
            f"something failed before the change: {drivers}", holds=not any(each.failed for each in drivers)
        )
        done(here, root, "apply", result)
        for driver in drivers:
            driver.execute(result)
    with _drivers(here) as fresh:  # the new version, from ready to contract
        for driver in fresh:
            driver.execute(result, change.renames)
        result.expect("the new version failed at ready", holds=not any(each.failed for each in fresh))
        done(here, root, "contract", result)
        for driver in fresh:
            driver.execute(result, change.renames)
    drivers = [*drivers, *(replace(each, name=f"{each.name}, at contract") for each in fresh)]
    for driver in drivers:
        unannounced = {kind: count for kind, count in driver.failed.items() if kind not in announced}
        result.expect(
            f"{change.name}, {driver.name}: {unannounced} were not announced", holds=not unannounced
        )
    told = "; ".join(f"{each.name} {each.failed}" for each in drivers if each.failed)
    result.facts[change.name] = f"announced {sorted(announced) or 'nothing'}; failed: {told or 'nothing'}"
    unseen = announced - {kind for each in drivers for kind in each.failed}
    result.expect(f"{change.name}: {unseen} announced and not seen", holds=not unseen)
    return result


@contextmanager
def _drivers(here: World) -> Generator[list[_Driver]]:
    with ExitStack() as stack:
        ways = {"psycopg": here.url}
        if PROGRAM is not None:
            ways["psycopg through PgBouncer"] = stack.enter_context(
                pooler(here.server.at(here.name), "session")
            ).reveal()
        made: list[_Driver] = []
        for name, url in ways.items():
            for transactions in (False, True):
                connections = {
                    kind: stack.enter_context(
                        psycopg.connect(url, autocommit=not transactions, application_name="shop prepared")
                    )
                    for kind in STATEMENTS
                }
                made.append(
                    _Driver(
                        f"{name}, {'in transactions' if transactions else 'autocommit'}",
                        transactions,
                        connections,
                    )
                )
        yield made


SCENARIO = Scenario("11", "prepared statements", "what fails is what the plan announced", run)
