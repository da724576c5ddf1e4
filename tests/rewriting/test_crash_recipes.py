"""A kill at any event of expand, contract or rollback leaves what the same command, given again, finishes."""

from collections.abc import Generator

import pytest
from tests.rewriting.crashes import BEFORE, States, do, killed_at_every_event, states_of
from tests.support.fly import fly
from tests.support.state import dump

from midair.rehearsal.server import Server

_GIVEN = """
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL, note text NOT NULL);
CREATE TABLE audit (id int PRIMARY KEY, order_id bigint REFERENCES orders);
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO orders SELECT g, g, 'n' FROM generate_series(1, 300) AS g;
"""
_MIGRATION = (
    "CREATE INDEX orders_note ON orders (note);\n"
    "ALTER TABLE orders RENAME COLUMN total TO amount;\n"
    "DROP TABLE audit;\n"
    "ALTER TABLE people DROP COLUMN name;\n"
    "CREATE TABLE more (id int PRIMARY KEY);\n"
)
_DOWNGRADE = (
    "DROP TABLE more;\n"
    "ALTER TABLE people ADD COLUMN name text;\n"
    "CREATE TABLE audit (id int PRIMARY KEY, order_id bigint REFERENCES orders);\n"
    "ALTER TABLE orders RENAME COLUMN amount TO total;\n"
    "DROP INDEX orders_note;\n"
)


@pytest.fixture(scope="module")
def states(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[States]:
    with states_of(server, tmp_path_factory.mktemp("phases"), _GIVEN, _MIGRATION, _DOWNGRADE) as made:
        yield made


@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_at_every_event_is_finished_by_the_same_command(states: States, command: str) -> None:
    killed_at_every_event(states, command)


def test_an_interrupted_expand_is_resumed_where_both_shapes_are_half_made(states: States) -> None:
    address = states.at()
    for event in range(states.events["apply"]):
        code, _ = fly(states.root, address, dies_at=2 + event % 3, wait_s=30, strategy="online").landed()
        if code == 0:
            break
    assert dump(states.rig.server.bin, address) == states.dumps["apply"]
    do("contract", states.root, address)
    assert dump(states.rig.server.bin, address) == states.dumps["contract"]
