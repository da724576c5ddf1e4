"""Expand, contract and rollback of one migration, each killed at an event and given again; and what each comes to uninterrupted."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import with_downgrade
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump, journal_of

import midair
from midair.model.address import Address
from midair.rehearsal.server import Server


@dataclass
class States:
    """The three states a database may end in, each reached without a crash, and how many events the way there has."""

    rig: Rig
    root: Path
    stack: ExitStack
    given: str
    dumps: dict[str, str]
    events: dict[str, int]

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


@contextmanager
def states_of(
    server: Server, root: Path, given: str, migration: str, back: str | None = None
) -> Generator[States]:
    """A project of this one migration, and of its downgrade where it has one, and the states that each command comes to uninterrupted."""
    (root / "migrations").mkdir()
    (root / "migrations" / "000001_m1.up.sql").write_text(migration)
    if back is not None:
        with_downgrade(root, back)
    with ExitStack() as stack:
        made = States(Rig(server), root, stack, given, {}, {})
        for command, before in BEFORE.items():
            address = made.at(*before)
            made.events[command] = len(do(command, root, address).events)
            made.dumps[command] = dump(server.bin, address)
        yield made


def killed_at_every_event(states: States, command: str) -> None:
    """The command is killed at each of its events, in a database each."""
    assert states.events[command] > 3
    for event in range(states.events[command]):
        killed_at(states, command, event)


def killed_at(states: States, command: str, event: int) -> None:
    """Kills the command at this event, gives it again, and looks for the state of one that was let be."""
    address = states.at(*BEFORE[command])
    assert fly(states.root, address, dies_at=event, strategy="online", command=command).cut_off()
    for again in ("resume", command):
        code, said = fly(states.root, address, wait_s=30, strategy="online", command=again).landed()
        assert code == 0 or (command == "rollback" and code == 2), said
    assert dump(states.rig.server.bin, address) == states.dumps[command]
    assert journal_of(address)[0] == []
