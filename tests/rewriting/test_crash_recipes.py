"""A kill at any event of expand, contract or rollback leaves what the same command, given again, finishes."""

import signal
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump, journal_of

import midair
from midair.model.address import Address
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


@dataclass
class States:
    """The three states a database may end in, each reached without a crash, and how many events the way there has."""

    rig: Rig
    root: Path
    stack: ExitStack
    dumps: dict[str, str]
    events: dict[str, int]
    given: str = _GIVEN

    def at(self, *commands: str) -> Address:
        """A database to which these commands were done."""
        address = self.stack.enter_context(self.rig.database(self.given))
        for each in commands:
            do(each, self.root, address)
        return address


def do(command: str, root: Path, address: Address) -> Remembering:
    heard, request = Remembering(), request_for(root, address)
    {"apply": midair.apply, "contract": midair.contract, "rollback": midair.rollback}[command](request, heard)
    return heard


BEFORE = {"apply": (), "contract": ("apply",), "rollback": ("apply",)}


@pytest.fixture(scope="module")
def states(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[States]:
    root = tmp_path_factory.mktemp("phases")
    (root / "migrations").mkdir()
    (root / "migrations" / "000001_m1.up.sql").write_text(_MIGRATION)
    (root / "migrations" / "000001_m1.down.sql").write_text(_DOWNGRADE)
    with ExitStack() as stack:
        made = States(Rig(server), root, stack, {}, {})
        for command, before in BEFORE.items():
            address = made.at(*before)
            made.events[command] = len(do(command, root, address).events)
            made.dumps[command] = dump(server.bin, address)
        yield made


@pytest.mark.parametrize("command", BEFORE)
def test_a_kill_at_every_event_is_finished_by_the_same_command(states: States, command: str) -> None:
    killed = 0
    for event in range(states.events[command]):
        address = states.at(*BEFORE[command])
        code, said = fly(states.root, address, dies_at=event, strategy="online", command=command).landed()
        assert code == -signal.SIGKILL, said
        killed += 1
        for again in ("resume", command):
            code, said = fly(states.root, address, wait_s=30, strategy="online", command=again).landed()
            done_already = command == "rollback" and code == 2
            assert code == 0 or done_already, said
        assert dump(states.rig.server.bin, address) == states.dumps[command]
        assert journal_of(address)[0] == []
    assert killed == states.events[command] > 3


def test_an_interrupted_expand_is_resumed_where_both_shapes_are_half_made(states: States) -> None:
    address = states.at()
    for event in range(states.events["apply"]):
        code, _ = fly(states.root, address, dies_at=2 + event % 3, wait_s=30, strategy="online").landed()
        if code == 0:
            break
    assert dump(states.rig.server.bin, address) == states.dumps["apply"]
    do("contract", states.root, address)
    assert dump(states.rig.server.bin, address) == states.dumps["contract"]
