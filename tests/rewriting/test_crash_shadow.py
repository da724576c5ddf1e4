"""A kill at any event of a copied table, its contract or its rollback leaves what the same command, given again, finishes."""

from collections.abc import Generator

import pytest
from tests.rewriting.test_crash_recipes import BEFORE, States
from tests.rewriting.test_crash_types import killed_at, states_of

from midair.rehearsal.server import Server

_GIVEN = """
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total int NOT NULL, code text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE);
CREATE UNIQUE INDEX orders_code ON orders (code);
CREATE VIEW dear AS SELECT * FROM orders WHERE total > 100;
INSERT INTO orders (total, code) SELECT g, g FROM generate_series(1, 300) AS g;
INSERT INTO lines SELECT g, g FROM generate_series(1, 300) AS g;
"""
_MIGRATION = "ALTER TABLE orders ADD COLUMN half int GENERATED ALWAYS AS (total / 2) STORED;\n"
_EVERY = 7
"""The default suite kills at every so many events; `make long` at each."""


@pytest.fixture(scope="module")
def states(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[States]:
    with states_of(server, tmp_path_factory.mktemp("shadow"), _GIVEN, _MIGRATION) as made:
        yield made


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
