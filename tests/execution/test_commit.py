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
from midair.errors import ConnectionLost, OutcomeUnknown
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
    assert done.revisions == (0 if forward else 1)
    assert "CREATE TABLE public.t2 (" in dump(server.bin, database)


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
