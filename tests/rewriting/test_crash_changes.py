"""A kill at any event of a recipe, its contract or its rollback leaves what the same command, given again, finishes."""

import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig
from tests.rewriting.test_crash_recipes import BEFORE, States, do
from tests.rewriting.test_merge_columns import DECLARED
from tests.rewriting.test_merge_columns import GIVEN as PEOPLE
from tests.rewriting.test_split_table import SPLIT, USERS
from tests.support.fly import fly
from tests.support.state import dump, journal_of

from midair.rehearsal.server import Server

_TYPES_GIVEN = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL, code text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE);
CREATE TABLE people (id int PRIMARY KEY, first text, last text);
INSERT INTO people SELECT g, g, g FROM generate_series(1, 300) AS g;
CREATE INDEX lines_order ON lines (order_id);
INSERT INTO orders (total, code) SELECT g, g FROM generate_series(1, 300) AS g;
INSERT INTO lines SELECT g, g FROM generate_series(1, 300) AS g;
"""
_TYPES = """
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
ALTER TABLE orders ALTER COLUMN code TYPE int USING code::int;
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
"""
_COPY_GIVEN = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL, code text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE);
CREATE UNIQUE INDEX orders_code ON orders (code);
CREATE VIEW dear AS SELECT * FROM orders WHERE total > 100;
INSERT INTO orders (total, code) SELECT g, g FROM generate_series(1, 300) AS g;
INSERT INTO lines SELECT g, g FROM generate_series(1, 300) AS g;
"""
_COPY = "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;\n"
_FOLLOWED = """
ALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN code SET DEFAULT '';
COMMENT ON COLUMN orders.total IS 'in cents';
CREATE INDEX orders_total ON orders (total);
ALTER TABLE people RENAME COLUMN first TO given;
ALTER TABLE people ADD COLUMN age int, ADD CONSTRAINT called CHECK (given <> '');
CREATE INDEX ON people (given);
ALTER TABLE lines RENAME TO items;
ALTER TABLE items ADD COLUMN note text;
COMMENT ON TABLE items IS 'of orders';
"""
_CASES = {
    "types": (_TYPES_GIVEN, _TYPES, 9),
    "what follows a type and a rename": (_TYPES_GIVEN, _FOLLOWED, 9),
    "a copied table": (_COPY_GIVEN, _COPY, 7),
    "a split and a merge": (USERS + PEOPLE, SPLIT + DECLARED["above each drop"], 11),
}
"""What is there, the migration, and at every how many events the default suite kills; `make long` does at each."""


@contextmanager
def states_of(server: Server, root: Path, given: str, migration: str) -> Generator[States]:
    """A project of this one migration, without a downgrade, and the states that each command comes to uninterrupted."""
    (root / "migrations").mkdir()
    (root / "migrations" / "000001_m1.up.sql").write_text(migration)
    with ExitStack() as stack:
        made = States(Rig(server), root, stack, {}, {}, given)
        for command, before in BEFORE.items():
            address = made.at(*before)
            made.events[command] = len(do(command, root, address).events)
            made.dumps[command] = dump(server.bin, address)
        yield made


@pytest.fixture(scope="module", params=_CASES)
def states(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[States, int]]:
    given, migration, every = _CASES[request.param]
    with states_of(server, tmp_path_factory.mktemp("crash"), given, migration) as made:
        yield made, every


def killed_at(states: States, command: str, event: int) -> None:
    """Kills the command at this event, gives it again, and looks for the state of one that was let be."""
    address = states.at(*BEFORE[command])
    code, said = fly(states.root, address, dies_at=event, strategy="online", command=command).landed()
    assert code == -signal.SIGKILL, said
    for again in ("resume", command):
        code, said = fly(states.root, address, wait_s=30, strategy="online", command=again).landed()
        assert code == 0 or (command == "rollback" and code == 2), said
    assert dump(states.rig.server.bin, address) == states.dumps[command]
    assert journal_of(address)[0] == []


@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_now_and_then_is_finished_by_the_same_command(
    states: tuple[States, int], command: str
) -> None:
    made, every = states
    events = range(2, made.events[command], every)
    assert events
    for event in events:
        killed_at(made, command, event)


@pytest.mark.slow
@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_at_every_event_is_finished_by_the_same_command(
    states: tuple[States, int], command: str
) -> None:
    made, _ = states
    assert made.events[command] > 3
    for event in range(made.events[command]):
        killed_at(made, command, event)
