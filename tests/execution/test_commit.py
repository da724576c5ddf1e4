"""A COMMIT that nobody answers: the truth is asked for, never guessed."""

import tempfile
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.listening import Remembering
from tests.support.projects import numbered_project
from tests.support.proxy import wire_to
from tests.support.state import dump

import midair
from midair.errors import ConnectionLost, MigrationFailed, OutcomeUnknown
from midair.model.address import Address
from midair.rehearsal.server import Server

SECOND_MIGRATION = 5
"""Its COMMIT is the fifth: history table, journal, run and the first migration come before."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return numbered_project(tmp_path / "project", 2)


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="wire-") as name:
        yield Path(name)


@pytest.mark.parametrize("forward", [True, False], ids=["committed", "not-committed"])
def test_a_commit_without_an_answer_is_asked_for(
    server: Server, database: Address, root: Path, folder: Path, forward: bool
) -> None:
    with (
        wire_to(database, folder, cut_at=SECOND_MIGRATION, forward=forward) as wire,
        pytest.raises(ConnectionLost) as caught,
    ):
        midair.apply(midair.Request(root, url=url_of(wire.address)), Remembering())
    assert caught.value.exit_code == 6
    word = "is committed and recorded" if forward else "was not committed"
    assert word in (caught.value.state or "")
    done = midair.apply(midair.Request(root, url=url_of(database), wait_s=10), Remembering())
    assert done.revisions == (0 if forward else 2), "both travelled in the message that was cut"
    assert "CREATE TABLE public.t2 (" in dump(server.bin, database)


def test_a_connection_that_ends_between_two_transactions_of_a_message_is_asked_for_each(
    server: Server, database: Address, root: Path
) -> None:
    cut = "DO $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$;\n"
    second = next((root / "migrations").glob("000002*.up.sql"))
    whole = second.read_text()
    second.write_text(whole + cut)
    with pytest.raises(ConnectionLost) as caught:
        midair.apply(midair.Request(root, url=url_of(database)), Remembering())
    assert "1 is committed and recorded; 2 was not committed" in (caught.value.state or "")
    second.write_text(whole)
    done = midair.apply(midair.Request(root, url=url_of(database), wait_s=10), Remembering())
    assert done.revisions == 1
    assert "CREATE TABLE public.t2 (" in dump(server.bin, database)


def test_a_refused_transaction_of_a_message_leaves_those_before_it(
    server: Server, database: Address, root: Path
) -> None:
    second = next((root / "migrations").glob("000002*.up.sql"))
    whole = second.read_text()
    second.write_text(whole + "ALTER TABLE nobody ADD COLUMN x int;\n")
    with pytest.raises(MigrationFailed, match=r"000002_m2\.up\.sql:3 .*nobody"):
        midair.apply(midair.Request(root, url=url_of(database)), Remembering())
    made = dump(server.bin, database)
    assert "CREATE TABLE public.t1 (" in made
    assert "CREATE TABLE public.t2 (" not in made
    second.write_text(whole)
    assert midair.apply(midair.Request(root, url=url_of(database)), Remembering()).revisions == 1


def test_a_commit_that_cannot_be_asked_for_is_unknown(
    server: Server, database: Address, root: Path, folder: Path
) -> None:
    wire_that_stays_cut = wire_to(database, folder, cut_at=SECOND_MIGRATION, forward=True, refuses=True)
    with wire_that_stays_cut as wire, pytest.raises(OutcomeUnknown) as caught:
        midair.apply(midair.Request(root, url=url_of(wire.address)), Remembering())
    assert caught.value.exit_code == 7
    assert "may or may not be applied" in (caught.value.state or "")
    midair.apply(midair.Request(root, url=url_of(database), wait_s=10), Remembering())
    assert [each.state for each in midair.status(midair.Request(root, url=url_of(database))).standings] == [
        "applied"
    ] * 2
