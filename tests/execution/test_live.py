"""A migration that is a program runs on the target: what others would wait for apart from it, and it survives kill -9."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import url_of
from tests.sources.alembic.projects import opened, revision, run_sql, table_of
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.live_shop import by_the_tool, kept_beside, request_for, shop
from tests.support.state import dump, journal_of

import midair
from midair.database import Guard, open_session
from midair.errors import Irreversible, OutcomeUnknown
from midair.model.plan import RunLive
from midair.model.statement import Sql
from midair.rehearsal.server import Server


def test_a_program_killed_at_any_event_is_taken_past_what_it_did_and_ends_as_the_tool_would(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server)
    expected = by_the_tool(root, server, fresh())
    killed = 0
    address = fresh()
    for event in (3, 5, 8, 9):  # one after the other on one database: each goes on where the last one fell
        if not fly(root, address, strategy="online", dies_at=event, wait_s=30).cut_off():
            break
        killed += 1
        standing = midair.status(request_for(root, address))
        assert standing.half_done or killed == 1
    code, said = fly(root, address, strategy="online", wait_s=30).landed()
    assert (code, killed > 1) == (0, True), said
    assert dump(server.bin, address) == expected
    assert journal_of(address)[0] == []
    assert kept_beside(address) == []


def test_plan_says_beforehand_what_runs_apart_and_what_stays_in_the_programs_own_transaction(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server)
    plan = midair.plan(request_for(root, fresh()))
    (step,) = plan.steps
    assert isinstance(step.action, RunLive)
    assert step.action.watched
    told = "\n".join(plan.notes)
    assert "migrations/versions/b.py:15 becomes rows-in-batches" in told
    assert "b.py:17 becomes index-concurrently" in told

    counting = "conn = op.get_bind()\nconn.execute(sa.text('SELECT n FROM users')).all()\nprint(conn.execute(sa.text('UPDATE users SET n = 1')).rowcount)"
    root, fresh = shop(tmp_path / "q", server, counting)
    plan = midair.plan(request_for(root, fresh()))
    assert isinstance(plan.steps[0].action, RunLive)
    assert not plan.steps[0].action.watched
    assert "with bounded locks: it counts the rows it changed at migrations/versions/b.py:12" in plan.notes[0]


WAITING = """import time
conn = op.get_bind()
ids = [each[0] for each in conn.execute(sa.text("SELECT id FROM users ORDER BY id LIMIT 30"))]
op.add_column('users', sa.Column('mark', sa.Integer))
for id in ids:
    conn.execute(sa.text("UPDATE users SET mark = 1 WHERE id = :id"), {"id": id})
    time.sleep(0.1)"""


def test_the_application_reads_and_writes_while_a_program_goes_through_its_rows(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, WAITING)
    address = fresh()
    running = fly(root, address, strategy="online")
    application = open_session(address, Guard(lock_wait_ms=400), "shop")
    began = requests = 0
    while not running.over():
        # As written, ALTER TABLE would keep its lock until the last row is done: each of these would fail.
        application.run([Sql("UPDATE users SET n = n + 1 WHERE id = 2999")], atomic=False)
        began += bool(application.query("SELECT 1 FROM pg_attribute WHERE attname = 'mark'"))
        requests += 1
    application.close()
    code, said = running.landed()
    assert (code, began > 3) == (0, True), said
    session = opened(address)
    assert session.query("SELECT count(mark), sum(n) FROM users WHERE id <= 30 OR id = 2999") == [
        (30, sum(range(1, 31)) + 2999 + requests)
    ]
    session.close()


def test_a_program_that_does_not_repeat_itself_is_not_taken_past_what_it_did(
    tmp_path: Path, server: Server
) -> None:
    body = """import os
conn = op.get_bind()
first = conn.execute(sa.text("SELECT min(id) FROM users")).scalar()
conn.execute(sa.text("INSERT INTO users (id, name) VALUES (:id, :name)"), {"id": -(first or 1), "name": str(os.getpid())})
op.create_index('users_name', 'users', ['name'])"""
    root, fresh = shop(tmp_path / "p", server, body)
    address = fresh()
    assert fly(root, address, strategy="online", dies_at=7).cut_off()
    assert len(kept_beside(address)) == 1
    code, said = fly(root, address, strategy="online", wait_s=30).landed()
    assert code != 0
    assert "does not repeat what it did" in said
    session = opened(address)
    assert table_of(session) == ["a"]
    assert session.query("SELECT count(*) FROM users WHERE id < 0") == [(1,)]
    session.close()


def test_a_program_that_stays_whole_is_rolled_back_when_its_session_is_ended(
    tmp_path: Path, server: Server
) -> None:
    body = """conn = op.get_bind()
conn.execute(sa.text("SELECT n FROM users")).all()
op.add_column('users', sa.Column('mark', sa.Integer))
print(conn.execute(sa.text("UPDATE users SET mark = 1")).rowcount)
conn.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid()) FROM users WHERE n = 1 AND current_database() LIKE 'live%'"))"""
    root, fresh = shop(tmp_path / "p", server, body)
    address = fresh()
    code, said = fly(root, address, strategy="online").landed()
    assert code != 0
    assert "rolled back" in said
    session = opened(address)
    assert table_of(session) == ["a"]
    assert session.query("SELECT count(*) FROM pg_attribute WHERE attname = 'mark'") == [(0,)]
    session.close()
    assert {each.revision for each in midair.status(request_for(root, address)).half_done} == {"b"}


def test_a_recorded_revision_that_was_cut_off_is_finished_by_the_plan_it_was_begun_with(
    tmp_path: Path, server: Server
) -> None:
    body = "op.add_column('users', sa.Column('mark', sa.Integer))\nop.create_index('users_n', 'users', ['n'])\nop.create_index('users_name', 'users', ['name'])"
    root, fresh = shop(tmp_path / "p", server, body)
    last = revision("c", "'b'", "op.drop_index('users_n')")
    (root / "migrations" / "versions" / "c.py").write_text(last)
    expected = by_the_tool(root, server, fresh())
    address = fresh()
    assert fly(root, address, strategy="online", dies_at=6).cut_off()
    assert midair.status(request_for(root, address)).half_done
    # The half of it that is in the schema is not to be tried again on a copy of that schema.
    assert [each.revision for each in midair.plan(request_for(root, address)).steps][-1] == "b"
    code, said = fly(root, address, strategy="online", wait_s=30).landed()
    assert (code, said) == (0, "2")
    assert dump(server.bin, address) == expected


def test_a_half_run_program_is_not_taken_back_by_itself_once_it_committed_something(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server)
    address = fresh()
    assert fly(root, address, strategy="online", dies_at=8).cut_off()
    before = dump(server.bin, address)
    for command in ("undo b", "rollback"):
        code, said = fly(root, address, wait_s=30, strategy="online", command=command).landed()
        assert code == Irreversible.exit_code, said
        assert "b cannot be taken back: it runs as its own program" in said
        assert "ALTER TABLE users ADD COLUMN slug TEXT; " in said
        assert "; its program came to statement " in said
    assert dump(server.bin, address) == before
    code, said = fly(root, address, wait_s=30, strategy="online", command="resume").landed()
    assert code == 0, said
    # its own way back, as its author wrote it
    assert midair.rollback(request_for(root, address), Remembering()).revisions == 1


def test_a_half_run_program_that_committed_nothing_is_forgotten_and_may_begin_anew(
    tmp_path: Path, server: Server
) -> None:
    body = """import os, signal
conn = op.get_bind()
names = conn.execute(sa.text("SELECT id FROM users ORDER BY id LIMIT 3")).fetchall()
op.create_table('slugged', sa.Column('at', sa.Integer))
if names and not os.path.exists(context.config.get_main_option("script_location") + "/lives"):
    os.kill(os.getppid(), signal.SIGKILL)
op.create_index('users_n', 'users', ['n'])"""
    root, fresh = shop(
        tmp_path / "p", server, body.replace("import os", "from alembic import context\nimport os")
    )
    address = fresh()
    before = dump(server.bin, address)
    assert fly(root, address, strategy="online").cut_off()
    (root / "migrations" / "lives").touch()
    expected = by_the_tool(root, server, fresh())
    assert {each.revision for each in midair.status(request_for(root, address)).half_done} == {"b"}
    code, said = fly(root, address, wait_s=30, strategy="online", command="undo b").landed()
    assert (code, "forget b" in said) == (0, True), said
    assert dump(server.bin, address) == before
    assert midair.status(request_for(root, address)).half_done == ()
    code, said = fly(root, address, wait_s=30, strategy="online").landed()
    assert (code, dump(server.bin, address)) == (0, expected), said


def test_a_person_who_takes_it_back_by_hand_leaves_nothing_kept_beside(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server)
    address = fresh()
    assert fly(root, address, strategy="online", dies_at=5).cut_off()
    assert kept_beside(address)
    run_sql(address, "ALTER TABLE users DROP COLUMN IF EXISTS slug")
    midair.repair(request_for(root, address), Remembering(), "b", done=False)
    assert kept_beside(address) == []
    assert midair.apply(request_for(root, address), Remembering()).revisions == 1


def test_a_recorded_revision_that_was_cut_off_is_taken_back_though_the_tool_never_knew_of_it(
    tmp_path: Path, server: Server
) -> None:
    body = "op.create_index('users_n', 'users', ['n'])\nop.create_index('users_name', 'users', ['name'])"
    root, fresh = shop(tmp_path / "p", server, body)
    address = fresh()
    before = dump(server.bin, address)
    assert fly(root, address, strategy="online", dies_at=4).cut_off()
    code, said = fly(root, address, wait_s=30, strategy="online", command="undo b").landed()
    assert (code, "DROP INDEX" in said) == (0, True), said
    assert dump(server.bin, address) == before
    assert journal_of(address)[0] == []


def test_a_program_that_committed_by_itself_because_of_its_rows_is_not_run_again_by_a_guess(
    tmp_path: Path, server: Server
) -> None:
    body = """import os, signal
conn = op.get_bind()
rows = conn.execute(sa.text("SELECT id FROM users ORDER BY id LIMIT 3")).fetchall()
op.create_table('marks', sa.Column('id', sa.Integer))
if rows:
    with op.get_context().autocommit_block():
        op.execute("INSERT INTO users (id, n) VALUES (-1, 1)")
    os.kill(os.getppid(), signal.SIGKILL)"""
    root, fresh = shop(tmp_path / "p", server, body)
    address = fresh()
    (step,) = midair.plan(request_for(root, address)).steps
    assert isinstance(step.action, RunLive)
    assert (step.action.atomic, step.action.watched) == (True, False)  # as it looks where there are no rows
    assert fly(root, address, strategy="online").cut_off()
    code, said = fly(root, address, wait_s=30, strategy="online", command="resume").landed()
    assert (code, "no query can tell whether it is done" in said) == (OutcomeUnknown.exit_code, True), said
    code, said = fly(root, address, wait_s=30, strategy="online", command="undo b").landed()
    assert (code, "its program committed by itself at statement" in said) == (Irreversible.exit_code, True), (
        said
    )
    session = opened(address)
    assert session.query("SELECT count(*) FROM users WHERE id = -1") == [(1,)]
    session.close()


def test_ctrl_c_at_a_terminal_stops_a_program_between_two_statements_and_resume_goes_on(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, WAITING)
    expected = by_the_tool(root, server, fresh())
    address = fresh()
    command = [sys.executable, "-m", "midair", "apply", "-C", str(root), "--url", url_of(address).reveal()]
    process = subprocess.Popen(
        [*command, "--strategy", "online", "--no-input"],
        env={**os.environ, "MIDAIR_SMALL_TABLE_MB": "0"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    session = opened(address)
    while not session.query("SELECT 1 FROM pg_attribute WHERE attname = 'mark'"):
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground hears it
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "ME311" in said
    assert "midair resume" in said
    assert session.query("SELECT count(mark) < 30 FROM users") == [(True,)]
    session.close()
    assert {each.revision for each in midair.status(request_for(root, address)).half_done} == {"b"}
    assert midair.resume(request_for(root, address), Remembering()).revisions == 1
    assert dump(server.bin, address) == expected
