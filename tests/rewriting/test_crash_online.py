"""A run of every rewrite, cut off anywhere, resumes to what the naive statements leave, with nothing left over."""

import os
import random
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from tests.rewriting.cases import ALL_AT_ONCE
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.survival import (
    LEFT,
    Reference,
    assert_lands,
    kill,
    reference_on,
    restart,
    survive,
    terminate,
)
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.restarts import Restartable, restartable_server

import midair
from midair.errors import StatementFailed
from midair.model.statement import Sql
from midair.rehearsal.server import Server

RANDOM_KILLS = int(os.environ.get("MIDAIR_RANDOM_KILLS", "5"))
EVERY = int(os.environ.get("MIDAIR_KILL_EVERY", "19"))
"""`MIDAIR_KILL_EVERY=1` kills at every single event of a run from the start; the gate at every nineteenth."""


@pytest.fixture(scope="module")
def reference(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Reference]:
    with reference_on(server, tmp_path_factory.mktemp("online")) as made:
        yield made


def test_a_kill_at_an_event_resumes_to_the_same_state(reference: Reference) -> None:
    killed = 0
    for event in range(1, reference.events, EVERY):
        address = reference.database()
        assert fly(reference.root, address, dies_at=event, strategy="online").cut_off()
        killed += 1
        assert_lands(reference, address)
    assert killed == len(range(1, reference.events, EVERY))


@pytest.mark.slow
def test_kills_one_after_the_other_resume_to_the_same_state(reference: Reference) -> None:
    address, killed = reference.database(), 0
    for event in range(200):
        if not fly(reference.root, address, dies_at=2 + event % 5, wait_s=30, strategy="online").cut_off():
            break
        killed += 1
    assert killed > 3
    assert_lands(reference, address)


@pytest.mark.slow
def test_kills_at_random_instants_resume_to_the_same_state(reference: Reference) -> None:
    ended = survive(reference, kill(), RANDOM_KILLS, random.Random(20261121))
    assert ended["cut off"] == RANDOM_KILLS


@pytest.mark.slow
def test_a_cut_connection_resumes_to_the_same_state(reference: Reference) -> None:
    ended = survive(reference, terminate(reference), RANDOM_KILLS, random.Random(5))
    assert ended["cut off"] == RANDOM_KILLS


@pytest.mark.slow
def test_a_restarted_server_resumes_to_the_same_state(tmp_path: Path) -> None:
    with restartable_server() as own, reference_on(own.server, tmp_path) as made:
        ended = survive(made, restart(own), RANDOM_KILLS, random.Random(11))
    assert ended["cut off"] == RANDOM_KILLS


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_server_that_is_restarted_under_a_run_resumes_to_the_same_state(
    own: tuple[Restartable, Reference], share: float
) -> None:
    server, made = own
    address = made.database()
    process = fly(made.root, address, wait_s=30, strategy="online")
    time.sleep(made.took_s * share)
    server.restart()
    server.wait()
    code, said = process.landed()
    assert code in (0, 4, 6, 7), said
    assert_lands(made, address)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Restartable, Reference]]:
    with restartable_server() as server, reference_on(server.server, tmp_path_factory.mktemp("own")) as made:
        yield server, made


def test_an_edited_migration_is_not_finished_from_another_text(
    reference: Reference, project: Callable[..., Path]
) -> None:
    address = reference.database()
    root = project(*ALL_AT_ONCE)
    assert fly(root, address, dies_at=8, strategy="online").cut_off()
    first = root / "migrations" / "000001_m1.up.sql"
    first.write_text(first.read_text().replace("orders_placed_at", "orders_placed_on"))
    code, said = fly(root, address, strategy="online").landed()
    assert code == 3, said
    assert "its file was edited since" in said


_WIDE = "CREATE TABLE notes (id bigint PRIMARY KEY, body text); INSERT INTO notes SELECT g, g FROM generate_series(1, 50) AS g;"


def test_a_cut_off_reindex_leaves_nothing_on_out_of_line_values_either(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_WIDE) as address, rig.session(address) as session, rig.session(address) as holder:
        holder.run([Sql("BEGIN"), Sql("UPDATE notes SET id = id")], atomic=False)
        session.run([Sql("SET statement_timeout = 300")], atomic=False)
        with pytest.raises(StatementFailed):
            session.run([Sql("REINDEX TABLE CONCURRENTLY notes")], atomic=False)
        holder.run([Sql("ROLLBACK")], atomic=False)
        left = [name for (name,) in session.query(LEFT)]
        assert len(left) == 2
        assert sum("pg_toast" in name for name in left) == 1
        midair.apply(request_for(project("REINDEX TABLE notes;"), address), Remembering())
        assert session.query(LEFT) == []
