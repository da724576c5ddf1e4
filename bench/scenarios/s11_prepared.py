"""11: Statements prepared before the change are executed all through it, and what fails is what the plan announced.

Columns read by name, `SELECT *`, and writes, each on a connection of its own and executed in each phase: with every driver of
`clients`, directly, and through PgBouncer where it is installed: in session mode those that prepare, in transaction mode those that do not, for
before version 1.21 it knows nothing of prepared statements. pgjdbc takes part in full runs.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.scenarios.application import seed
from bench.scenarios.clients import DRIVERS, JARS, JAVA, Client, Value
from bench.scenarios.engine import done, request_of
from bench.scenarios.world import Result, Scenario, World, summed, world
from tests.database.test_pooling import PROGRAM, pooler

import midair

_NAMED, _STAR, _WRITE = "named", "star", "write"
STATEMENTS: dict[str, tuple[str, Value]] = {
    _NAMED: ("SELECT total, note FROM orders WHERE id = {}", 1),
    _STAR: ("SELECT * FROM orders WHERE id = {}", 1),
    _WRITE: ("UPDATE orders SET total = {} WHERE id = 1", 1),
}
_ANNOUNCED = {_NAMED: "that read it", _STAR: "SELECT *", _WRITE: "that write it"}
"""Words in a note of the plan that say that such a statement fails."""
REFUSED = "0A000"
"""Cached plan must not change result type."""
STALE = "42804"
"""A parameter that was prepared as of the type that is gone."""


@dataclass(frozen=True)
class Change:
    """`renames` is a word of the old version's statements and what the new one says instead; `told` are those it uses."""

    name: str
    sql: str
    renames: tuple[str, str] = ("", "")
    also: str = ""
    told: tuple[tuple[str, tuple[str, Value]], ...] = ()
    gated: bool = True

    @property
    def statements(self) -> dict[str, tuple[str, Value]]:
        """By kind, what is executed."""
        return STATEMENTS | dict(self.told)


_ENUM = "CREATE TYPE mood AS ENUM ('sad', 'calm'); ALTER TABLE orders ADD COLUMN mood mood DEFAULT 'sad'"
CHANGES = (
    Change("rename column", "ALTER TABLE orders RENAME COLUMN total TO amount;", ("total", "amount")),
    Change("rename column by copy", "ALTER TABLE orders RENAME COLUMN note TO remark;", ("note", "remark"), also="CREATE TABLE holds (o orders)"),
    Change("rename table", "ALTER TABLE orders RENAME TO purchases;", ("orders", "purchases")),
    Change("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;"),
    Change("drop column", "ALTER TABLE orders DROP COLUMN state;"),
    Change("add column", "ALTER TABLE orders ADD COLUMN seen boolean DEFAULT false;", gated=False),
    Change("replace enum", "ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('sad', 'calm', 'glad');\n"
           "ALTER TABLE orders ALTER COLUMN mood DROP DEFAULT;\nALTER TABLE orders ALTER COLUMN mood TYPE mood USING mood::text::mood;\n"
           "ALTER TABLE orders ALTER COLUMN mood SET DEFAULT 'sad';\nDROP TYPE mood_old;",
           also=_ENUM,
           told=((_NAMED, ("SELECT mood, note FROM orders WHERE id = {}", 1)), (_WRITE, ("UPDATE orders SET mood = {} WHERE id = 1", "calm")))),
    Change("copy a table", "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;"),
    Change("index", "CREATE INDEX orders_total ON orders (total);", gated=False),
)  # fmt: skip


@dataclass
class Application:
    """Connections that stay open, each with its one statement; `failed` counts, by statement, how often which error came."""

    name: str
    connections: dict[str, Client]
    failed: dict[str, dict[str, int]] = field(default_factory=dict)

    def execute(self, change: Change, *, renamed: bool = False) -> None:
        """Each statement three times: once may fail and heal, or fail for good."""
        old, new = change.renames
        for kind, client in self.connections.items():
            sql, value = change.statements[kind]
            for _ in range(3):
                error = client.execute(sql.replace(old, new) if renamed and old else sql, value)
                if error is not None:
                    seen = self.failed.setdefault(kind, {})
                    seen[error] = seen.get(error, 0) + 1


def run(here: World) -> Result:
    results: list[Result] = []
    for change in CHANGES:
        with world(here.server, here.size) as own:
            results.append(prepared(own, change))
    return summed(results)


def prepared(here: World, change: Change) -> Result:
    """The change forth to its contract; old connections work up to the exchange, new ones from there on."""
    seed(here, total="int", also=change.also)
    result, root = Result(), here.project(change.sql)
    notes = midair.plan(request_of(here, root)).notes
    announced = {kind for kind, words in _ANNOUNCED.items() if any(words in note for note in notes)}
    with _applications(here) as old:
        _all(old, change)
        result.expect(
            f"something failed before the change: {old}", holds=not any(each.failed for each in old)
        )
        done(here, root, "apply", result)
        _all(old, change)
    with _applications(here) as fresh:  # the new version, from ready to contract
        _all(fresh, change, renamed=True)
        result.expect(
            f"the new version failed at ready: {fresh}", holds=not any(each.failed for each in fresh)
        )
        if change.gated:
            done(here, root, "contract", result)
        _all(fresh, change, renamed=True)
    told = [(each.name, each.failed) for each in old] + [
        (f"{each.name}, at contract", each.failed) for each in fresh
    ]
    for name, failed in told:
        unannounced = {kind: errors for kind, errors in failed.items() if kind not in announced}
        result.expect(f"{change.name}, {name}: {unannounced} were not announced", holds=not unannounced)
        strange = {error for errors in failed.values() for error in errors} - {REFUSED, STALE}
        result.expect(f"{change.name}, {name}: failed with {strange}", holds=not strange)
    said = "; ".join(f"{name} {failed}" for name, failed in told if failed)
    result.facts[change.name] = f"announced {sorted(announced) or 'nothing'}; failed: {said or 'nothing'}"
    unseen = announced - {kind for _, failed in told for kind in failed}
    result.expect(f"{change.name}: {unseen} announced and not seen", holds=not unseen)
    return result


def _all(applications: list[Application], change: Change, *, renamed: bool = False) -> None:
    for each in applications:
        each.execute(change, renamed=renamed)


@contextmanager
def _applications(here: World) -> Generator[list[Application]]:
    with ExitStack() as stack:
        drivers = (*DRIVERS, *(JAVA if here.size.timed and JARS else ()))
        ways = [("", here.tcp, drivers)]
        if PROGRAM is not None:
            for mode, through in (
                ("session", [each for each in DRIVERS if each.prepares]),
                ("transaction", [each for each in DRIVERS if not each.prepares]),
            ):
                url = stack.enter_context(pooler(here.server.at(here.name), mode)).reveal()
                ways.append((f" through PgBouncer, pool_mode = {mode}", url, tuple(through)))
        made: list[Application] = []
        for way, url, some in ways:
            for driver in some:
                clients: dict[str, Client] = {}
                for kind in STATEMENTS:
                    clients[kind] = driver.opened(url)
                    stack.callback(clients[kind].close)
                made.append(Application(driver.name + way, clients))
        yield made


SCENARIO = Scenario("11", "prepared statements", "what fails is what the plan announced", run)
