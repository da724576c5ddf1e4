"""A kill at any event of a type change, its contract or its rollback leaves what the same command, given again, finishes."""

import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig
from tests.rewriting.test_crash_recipes import BEFORE, States, do
from tests.support.fly import fly
from tests.support.state import dump, journal_of

from midair.rehearsal.server import Server

_GIVEN = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL, code text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE);
CREATE TABLE people (id int PRIMARY KEY, first text, last text);
INSERT INTO people SELECT g, g, g FROM generate_series(1, 300) AS g;
CREATE INDEX lines_order ON lines (order_id);
INSERT INTO orders (total, code) SELECT g, g FROM generate_series(1, 300) AS g;
INSERT INTO lines SELECT g, g FROM generate_series(1, 300) AS g;
"""
_MIGRATION = """
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
ALTER TABLE orders ALTER COLUMN code TYPE int USING code::int;
ALTER TABLE people ADD COLUMN name text;
UPDATE people SET name = first || last;
ALTER TABLE people ALTER COLUMN name SET NOT NULL;
"""
_EVERY = 9
"""The default suite kills at every so many events; `make long` at each."""


@contextmanager
def states_of(server: Server, root: Path, given: str, migration: str) -> Generator[States]:
    """A project of this one migration, without a downgrade, and the states that each command comes to uninterrupted."""
    (root / "migrations").mkdir()
    (root / "migrations" / "000001_m1.up.sql").write_text(migration)
    with ExitStack() as stack:
        made = States(Rig(18, server), root, stack, {}, {}, given)
        for command, before in BEFORE.items():
            address = made.at(*before)
            made.events[command] = len(do(command, root, address).events)
            made.dumps[command] = dump(server.bin, address)
        yield made


@pytest.fixture(scope="module")
def states(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[States]:
    with states_of(server, tmp_path_factory.mktemp("types"), _GIVEN, _MIGRATION) as made:
        yield made


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
def test_a_kill_now_and_then_is_finished_by_the_same_command(states: States, command: str) -> None:
    events = range(2, states.events[command], _EVERY)
    assert events
    for event in events:
        killed_at(states, command, event)


@pytest.mark.slow
@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_at_every_event_is_finished_by_the_same_command(states: States, command: str) -> None:
    assert states.events[command] > 3
    for event in range(states.events[command]):
        killed_at(states, command, event)
