"""A run of a live program that is stopped, replaced by another, and wakes up, changes nothing more."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.execution.test_live_breaking import revisions_of
from tests.sources.alembic.projects import opened, run_sql
from tests.support.fly import fly
from tests.support.live_shop import by_the_tool, kept_beside, request_for, shop
from tests.support.state import dump, journal_of
from tests.support.stopped import stopped, woken

import midair
from midair.errors import LeaseLost
from midair.model.address import Address
from midair.model.event import Event, ProgramCame, StepDone
from midair.rehearsal.server import Server

BODY = """conn = op.get_bind()
ids = [each[0] for each in conn.execute(sa.text("SELECT id FROM users ORDER BY id LIMIT 5"))]
op.create_table('picked', sa.Column('id', sa.Integer))
for id in ids:
    conn.execute(sa.text("UPDATE users SET n = n + 1 WHERE id = :id"), {"id": id})
op.create_index('users_n', 'users', ['n'])
most = conn.execute(sa.text("SELECT max(id) FROM users")).scalar()
conn.execute(sa.text("UPDATE users SET n = n + :most WHERE id <= 3"), {"most": most or 0})
op.create_index('users_name', 'users', ['name'])"""
"""What it does twice shows in `n`. Statement 8 is the first index, 11 the second one."""
LAST = 11


class StoppingAt:
    """Stops its own process when the program comes to this statement, or when that has run apart from it."""

    def __init__(self, number: int, *, done: bool = False) -> None:
        self._number, self._done, self._left = number, done, False

    def hear(self, event: Event) -> None:
        came = isinstance(event, ProgramCame) and event.number == self._number
        over = isinstance(event, StepDone) and f":live:{self._number}:" in event.step.id
        if (over if self._done else came) and not self._left:
            self._left = True
            os.kill(os.getpid(), signal.SIGSTOP)


def stopped_at(root: Path, server: Server, address: Address, reporter: StoppingAt) -> int:
    request = replace(request_for(root, address), scratch_url=url_of(server.admin))
    return stopped(lambda: midair.apply(request, reporter))


@pytest.mark.parametrize("number", [5, *(pytest.param(each, marks=pytest.mark.slow) for each in (2, 10))])
def test_a_stopped_run_keeps_no_locks_from_the_next_one_and_changes_nothing_when_it_wakes_up(
    tmp_path: Path, server: Server, number: int
) -> None:
    root, fresh = shop(tmp_path / "p", server, BODY)
    expected, address = by_the_tool(root, server, fresh()), fresh()
    first = stopped_at(root, server, address, StoppingAt(number))
    # What the server does once midair's keepalives stay unanswered; the program's own session is still in its transaction.
    run_sql(
        address,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'midair {first}@%'",
    )
    code, said = fly(root, address, strategy="online", wait_s=30, scratch=server.admin).landed()
    assert code == 0, said
    assert dump(server.bin, address) == expected
    assert woken(first) in (4, 6)
    assert dump(server.bin, address) == expected
    assert (journal_of(address)[0], kept_beside(address)) == ([], [])


@pytest.mark.parametrize(
    ("number", "done"),
    [*(pytest.param(each, False, marks=pytest.mark.slow) for each in (5, 8)), (LAST, True)],
)
def test_a_run_that_lost_its_lease_commits_nothing_more_of_its_program(
    tmp_path: Path, server: Server, number: int, done: bool
) -> None:
    root, fresh = shop(tmp_path / "p", server, BODY)
    expected, address = by_the_tool(root, server, fresh()), fresh()
    first = stopped_at(root, server, address, StoppingAt(number, done=done))
    before = dump(server.bin, address)
    run_sql(address, "UPDATE midair.lease SET epoch = epoch + 1, owner = 'another'")
    assert woken(first) == LeaseLost.exit_code
    assert dump(server.bin, address) == before
    code, said = fly(root, address, strategy="online", wait_s=30, scratch=server.admin).landed()
    assert code == 0, said
    assert dump(server.bin, address) == expected
    assert kept_beside(address) == []


def test_a_run_that_lost_its_lease_does_not_let_the_tool_record_what_is_done(
    tmp_path: Path, server: Server
) -> None:
    stops = """
import os, signal
if most and not os.path.exists(context.config.get_main_option("script_location") + "/goes on"):
    os.kill(os.getppid(), signal.SIGSTOP)"""
    root, fresh = shop(tmp_path / "p", server, f"from alembic import context\n{BODY}{stops}")
    address = fresh()
    first = stopped_at(root, server, address, StoppingAt(-1))
    session = opened(address)
    # All of it is done, and journalled: the program waits for midair's word that its tool may record it.
    assert session.query("SELECT count(*) FROM midair.step WHERE id LIKE %s", (f"%:live:to:{LAST}:%",)) == [
        (1,)
    ]
    session.close()
    run_sql(address, "UPDATE midair.lease SET epoch = epoch + 1, owner = 'another'")
    assert woken(first) == LeaseLost.exit_code
    assert revisions_of(address) == ["a"]
    (root / "migrations" / "goes on").touch()
    code, said = fly(root, address, strategy="online", wait_s=30, scratch=server.admin).landed()
    assert (code, revisions_of(address)) == (0, ["b"]), said


def test_a_programs_sessions_say_whose_they_are_and_the_server_watches_over_them(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, BODY)
    address = fresh()
    first = stopped_at(root, server, address, StoppingAt(5))
    session = opened(address)
    (run,) = session.query("SELECT id FROM midair.run")
    named = session.query(
        "SELECT state FROM pg_stat_activity WHERE application_name = 'midair program ' || %s", run
    )
    session.close()
    assert named == [("idle in transaction",)]
    assert woken(first) == 0
