"""A program that failed may be mended and resumed: what it did stays done, and it must not say otherwise than it did."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.execution.test_live_breaking import READS, columns_of, revisions_of
from tests.support.listening import Remembering
from tests.support.live_shop import by_the_tool, kept_beside, request_for, shop
from tests.support.state import dump

import midair
from midair.errors import HistoryDiverged, MigrationFailed
from midair.rehearsal.server import Server

MARKS = "op.create_table('marks', sa.Column('id', sa.Integer))\n"
APART = "op.create_index('users_n', 'users', ['n'])\n"
FAILS = "if rows:\n    conn.execute(sa.text('INSERT INTO marks VALUES (1 / 0)'))"


def mend(root: Path, was: str, by_now: str) -> None:
    file = root / "migrations" / "versions" / "b.py"
    file.write_text(file.read_text().replace(was, by_now))


@pytest.mark.parametrize(
    ("strategy", "apart", "state"),
    [
        ("direct", "", "was rolled back by its own program"),
        ("online", "", "was rolled back by its own program"),
        ("online", APART, "up to its statement 3 is done and kept"),
    ],
)
def test_a_program_that_failed_is_mended_and_goes_on(
    tmp_path: Path, server: Server, strategy: str, apart: str, state: str
) -> None:
    root, fresh = shop(tmp_path / "p", server, f"{READS}{MARKS}{apart}{FAILS}")
    address = fresh()
    request = replace(request_for(root, address), strategy=strategy, scratch_url=url_of(server.admin))
    with pytest.raises(MigrationFailed) as failed:
        midair.apply(request, Remembering())
    assert "division by zero" in failed.value.message
    assert state in str(failed.value.state)
    assert "mend the migration" in str(failed.value.hint)
    # Behind the place it came to there may be more than before, and what others would wait for as well.
    mend(root, "1 / 0)'))", "1 / 1)'))\n    op.create_index('users_name', 'users', ['name'])")
    expected = by_the_tool(root, server, fresh())
    midair.resume(request, Remembering())
    assert dump(server.bin, address) == expected
    assert kept_beside(address) == []


def test_a_program_that_is_edited_before_the_place_it_came_to_is_not_run(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, f"{READS}{MARKS}{APART}{FAILS}")
    address = fresh()
    request = replace(request_for(root, address), scratch_url=url_of(server.admin))
    with pytest.raises(MigrationFailed):
        midair.apply(request, Remembering())
    mend(root, "'marks', sa.Column('id', sa.Integer)", "'marks', sa.Column('id', sa.BigInteger)")
    with pytest.raises(HistoryDiverged) as refused:
        midair.resume(request, Remembering())
    assert "does not repeat what it did" in refused.value.message
    assert (revisions_of(address), columns_of(address, "marks")) == (["a"], ["id"])
