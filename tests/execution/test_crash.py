"""Any crash, at any instant, resumes to the state an uninterrupted run reaches."""

import os
import random
import signal
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.fly import fly
from tests.support.projects import numbered_project
from tests.support.state import dump, journal_of

from midair.database import Guard, open_session
from midair.errors import ConnectionLost, StatementFailed, Unreachable
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server, throwaway_server

MIGRATIONS = 30
RANDOM_KILLS = int(os.environ.get("MIDAIR_RANDOM_KILLS", "60"))
EVERY = int(os.environ.get("MIDAIR_KILL_EVERY", "5"))
"""`MIDAIR_KILL_EVERY=1` kills at every single event of a run from empty; the gate at every fifth."""


@dataclass(frozen=True)
class Reference:
    root: Path
    dump: str
    journal: tuple[list[tuple[object, ...]], list[tuple[object, ...]]]
    took_s: float


@pytest.fixture(scope="module")
def fresh(server: Server) -> Generator[object]:
    admin = open_session(server.admin, Guard(), "midair tests")
    made: list[str] = []

    def make() -> Address:
        name = f"crash_{uuid4().hex[:10]}"
        admin.run([Sql(f"CREATE DATABASE {name} STRATEGY file_copy")], atomic=False)
        made.append(name)
        return server.at(name)

    yield make
    for name in made:
        admin.run([Sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")], atomic=False)
    admin.close()


@pytest.fixture(scope="module")
def reference(server: Server, fresh, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    root = numbered_project(tmp_path_factory.mktemp("crash"), MIGRATIONS)
    address = fresh()
    began = time.monotonic()
    assert fly(root, address).landed() == (0, str(MIGRATIONS))
    took = time.monotonic() - began
    return Reference(root, dump(server.bin, address), journal_of(address), took)


def assert_lands(server: Server, reference: Reference, address: Address) -> None:
    """One more `apply` finishes the work: same dump, same history in it, nothing left open."""
    code, said = fly(reference.root, address, wait_s=30).landed()
    assert code == 0, said
    assert dump(server.bin, address) == reference.dump
    assert journal_of(address) == reference.journal


def test_a_kill_at_every_event_resumes_to_the_same_state(server: Server, fresh, reference: Reference) -> None:
    address = fresh()
    killed = 0
    for event in range(400):
        if not fly(reference.root, address, dies_at=event % 9, wait_s=30).cut_off():
            break
        killed += 1
    assert killed > 15
    assert_lands(server, reference, address)


@pytest.mark.parametrize("event", range(0, 150, EVERY))
def test_one_kill_at_an_event_from_empty_resumes_to_the_same_state(
    server: Server, fresh, reference: Reference, event: int
) -> None:
    address = fresh()
    code, said = fly(reference.root, address, dies_at=event).landed()
    assert code in (0, -signal.SIGKILL), said
    assert_lands(server, reference, address)


def test_kills_at_random_instants_resume_to_the_same_state(
    server: Server, fresh, reference: Reference
) -> None:
    chance = random.Random(20261121)
    address, killed = fresh(), 0
    while killed < RANDOM_KILLS:
        process = fly(reference.root, address, wait_s=30)
        time.sleep(chance.uniform(0.0, reference.took_s))
        process.kill()
        code, _ = process.landed()
        killed += 1
        if code == 0:
            assert dump(server.bin, address) == reference.dump
            address = fresh()
    assert_lands(server, reference, address)


def test_a_cut_connection_resumes_to_the_same_state(server: Server, fresh, reference: Reference) -> None:
    address = fresh()
    admin = open_session(server.admin, Guard(), "midair tests")
    cut = 0
    for attempt in range(30):
        process = fly(reference.root, address, wait_s=30, stops_at=1 + attempt % 7)
        if (
            process.waits()
        ):  # a machine with too much to do may not have come to its first connection by any instant
            cut += len(admin.query(_CUT, (address.database,)))
            process.wake()
        code, said = process.landed()
        assert code in (0, 4, 6), said
        if code == 0:
            assert dump(server.bin, address) == reference.dump
            address = fresh()
    admin.close()
    assert cut > 10
    assert_lands(server, reference, address)


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'midair%%'"


def test_a_crashed_server_resumes_to_the_same_state(reference: Reference) -> None:
    with throwaway_server() as own:
        for part in range(1, 9):
            process = fly(reference.root, own.admin, wait_s=30)
            time.sleep(reference.took_s * part / 10)
            crash(own)
            code, said = process.landed()
            assert code in (0, 4, 6, 7), said
        # the server refuses connections while it recovers, which is exit code 4: try again
        deadline = time.monotonic() + 30
        while (landed := fly(reference.root, own.admin, wait_s=30).landed())[0] == 4:
            assert time.monotonic() < deadline
        assert landed[0] == 0, landed
        assert dump(own.bin, own.admin) == reference.dump


def crash(server: Server) -> None:
    """Kills one backend with -9: PostgreSQL then ends every session and recovers from its log."""
    with suppress(Unreachable, StatementFailed, ConnectionLost):
        session = open_session(server.admin, Guard(), "victim")
        os.kill(session.query("SELECT pg_backend_pid()")[0][0], signal.SIGKILL)
        session.close()


@pytest.mark.parametrize("runs", [2, 20])
def test_of_several_at_once_exactly_one_works(server: Server, fresh, reference: Reference, runs: int) -> None:
    address = fresh()
    together = time.monotonic() + 0.3
    landed = [
        each.landed() for each in [fly(reference.root, address, starts_at=together) for _ in range(runs)]
    ]
    assert sorted(code for code, _ in landed)[0] == 0, landed
    worked = [said for code, said in landed if code == 0 and said != "0"]
    assert worked == [str(MIGRATIONS)]
    assert all(code in (0, 3) for code, _ in landed), landed
    assert all("another midair run is at work" in said for code, said in landed if code == 3)
    assert dump(server.bin, address) == reference.dump


@pytest.mark.parametrize("runs", [2, 20])
def test_those_that_wait_find_nothing_left_to_do(
    server: Server, fresh, reference: Reference, runs: int
) -> None:
    address = fresh()
    together = time.monotonic() + 0.3
    flying = [fly(reference.root, address, starts_at=together, wait_s=60) for _ in range(runs)]
    landed = sorted(each.landed() for each in flying)
    assert landed == sorted([*[(0, "0")] * (runs - 1), (0, str(MIGRATIONS))])
    assert dump(server.bin, address) == reference.dump
