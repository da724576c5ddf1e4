"""A run of every rewrite, cut off anywhere, resumes to what the naive statements leave, with nothing left over."""

import os
import random
import signal
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.rewriting.cases import ALL_AT_ONCE, GIVEN_ALL
from tests.rewriting.conftest import Rig, request_for
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump, journal_of

import midair
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server

RANDOM_KILLS = int(os.environ.get("MIDAIR_RANDOM_KILLS", "5"))
EVERY = int(os.environ.get("MIDAIR_KILL_EVERY", "19"))
"""`MIDAIR_KILL_EVERY=1` kills at every single event of a run from the start; the gate at every nineteenth."""

_LEFT = """
SELECT 'invalid index ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
UNION ALL SELECT 'not validated ' || conname FROM pg_constraint WHERE NOT convalidated
UNION ALL SELECT 'temporary ' || conname FROM pg_constraint WHERE conname LIKE 'midair\\_%'
UNION ALL SELECT 'half detached ' || inhrelid::regclass FROM pg_inherits WHERE inhdetachpending
"""


@dataclass
class Reference:
    """The same end, reached as written and never interrupted."""

    rig: Rig
    root: Path
    dump: str
    events: int
    took_s: float
    stack: ExitStack

    def database(self) -> Address:
        return self.stack.enter_context(self.rig.database(GIVEN_ALL))


@pytest.fixture(scope="module")
def reference(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Reference]:
    rig = Rig(18, server)
    root = tmp_path_factory.mktemp("online")
    (root / "migrations").mkdir()
    for number, sql in enumerate(ALL_AT_ONCE, 1):
        (root / "migrations" / f"{number:06d}_m{number}.up.sql").write_text(sql)
        (root / "migrations" / f"{number:06d}_m{number}.down.sql").write_text("SELECT 1;\n")
    with ExitStack() as stack:
        written = stack.enter_context(rig.database(GIVEN_ALL))
        _as_written(rig, root, written)
        online, heard = stack.enter_context(rig.database(GIVEN_ALL)), Remembering()
        began = time.monotonic()
        midair.apply(request_for(root, online), heard)
        took = time.monotonic() - began
        assert dump(server.bin, online) == dump(server.bin, written)
        yield Reference(rig, root, dump(server.bin, written), len(heard.events), took, stack)


def _as_written(rig: Rig, root: Path, address: Address) -> None:
    """The naive statements one by one, as the last migration needs, under the tool's own record of all of them."""
    with rig.session(address) as session:
        for line in "".join(ALL_AT_ONCE).splitlines():
            session.run([Sql(line)], atomic=False)
    midair.stamp(request_for(root, address, "direct"), Remembering(), f"{len(ALL_AT_ONCE)}")


def assert_lands(reference: Reference, address: Address) -> None:
    """One more `apply` finishes the work; no step is open, nothing is left over."""
    code, said = fly(reference.root, address, wait_s=30, strategy="online").landed()
    assert code == 0, said
    assert dump(reference.rig.server.bin, address) == reference.dump
    assert journal_of(address)[0] == []
    with reference.rig.session(address) as session:
        assert session.query(_LEFT) == []


def test_a_kill_at_an_event_resumes_to_the_same_state(reference: Reference) -> None:
    killed = 0
    for event in range(1, reference.events, EVERY):
        address = reference.database()
        code, said = fly(reference.root, address, dies_at=event, strategy="online").landed()
        assert code == -signal.SIGKILL, said
        killed += 1
        assert_lands(reference, address)
    assert killed == len(range(1, reference.events, EVERY))


def test_kills_one_after_the_other_resume_to_the_same_state(reference: Reference) -> None:
    address, killed = reference.database(), 0
    for event in range(200):
        code, said = fly(
            reference.root, address, dies_at=2 + event % 5, wait_s=30, strategy="online"
        ).landed()
        if code == 0:
            break
        assert code == -signal.SIGKILL, said
        killed += 1
    assert killed > 3
    assert_lands(reference, address)


def test_kills_at_random_instants_resume_to_the_same_state(reference: Reference) -> None:
    chance = random.Random(20261121)
    address = reference.database()
    for _ in range(RANDOM_KILLS):
        process = fly(reference.root, address, wait_s=30, strategy="online")
        time.sleep(chance.uniform(0.0, reference.took_s))
        process.kill()
        code, _ = process.landed()
        if code == 0:
            assert dump(reference.rig.server.bin, address) == reference.dump
            address = reference.database()
    assert_lands(reference, address)


def test_a_cut_connection_resumes_to_the_same_state(reference: Reference) -> None:
    chance, cut = random.Random(5), 0
    address = reference.database()
    with reference.rig.session(reference.rig.server.admin) as admin:
        for _ in range(RANDOM_KILLS):
            process = fly(reference.root, address, wait_s=30, strategy="online")
            time.sleep(chance.uniform(0.05, reference.took_s))
            while not (found := admin.query(_CUT, (address.database,))) and not process.over():
                time.sleep(0.005)  # a busy machine may not have connected it yet
            cut += len(found)
            code, said = process.landed()
            assert code in (0, 4, 6), said
            if code == 0:
                address = reference.database()
    assert cut > 0
    assert_lands(reference, address)


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'midair%%'"


def test_an_edited_migration_is_not_finished_from_another_text(
    reference: Reference, project: Callable[..., Path]
) -> None:
    address = reference.database()
    root = project(*ALL_AT_ONCE)
    code, _ = fly(root, address, dies_at=8, strategy="online").landed()
    assert code == -signal.SIGKILL
    first = root / "migrations" / "000001_m1.up.sql"
    first.write_text(first.read_text().replace("orders_placed_at", "orders_placed_on"))
    code, said = fly(root, address, strategy="online").landed()
    assert code == 3, said
    assert "its file was edited since" in said
