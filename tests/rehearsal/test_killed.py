"""A rehearsal killed at any moment leaves nothing that the next run does not remove, and never writes to its target."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import midair
from midair.database import Session, open_session
from midair.database.session import Guard
from midair.model.statement import Sql
from midair.rehearsal.account import account
from midair.rehearsal.server import Server, sweep, throwaway_server
from tests.conftest import url_of
from tests.support.listening import Remembering
from tests.support.projects import numbered_project

KILLS = 50


def left_behind(before: set[Path]) -> set[Path]:
    return {*account().base.glob("midair-pg-*")} - before


def test_a_killed_owners_folder_is_swept_and_a_living_ones_is_not() -> None:
    base = account().base
    dead = base / "midair-pg-dead"
    dead.mkdir()
    (dead / "owner").touch()
    try:
        with throwaway_server() as alive:
            gone = sweep(base)
            assert Path(alive.admin.host or "").exists()
        assert not dead.exists()
        assert Path(alive.admin.host or "") not in gone
    finally:
        if dead.exists():
            (dead / "owner").unlink()
            dead.rmdir()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fifty_kills_leave_no_server_no_folder_and_an_untouched_target(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = numbered_project(tmp_path, 4)
    request = midair.Request(root, url=url_of(session.address))
    midair.apply(request, Remembering(), "2")
    reader = f"reader_{session.address.database}"
    session.run(
        [Sql(f"CREATE ROLE {reader} LOGIN"), Sql(f"GRANT pg_read_all_data TO {reader}")], atomic=False
    )
    url = url_of(session.address).reveal().replace("user=postgres", f"user={reader}")
    before = {*account().base.glob("midair-pg-*")}
    state = session.query(
        "SELECT (SELECT count(*) FROM pg_class), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)"
    )
    chance = random.Random(5)
    command = [sys.executable, "-m", "midair", "rehearse", "-q", "--url", url]
    for _ in range(KILLS):
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, 4.0))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    whole = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert left_behind(before) == set()
    watching = open_session(session.address, Guard(), "midair tests")
    assert (
        watching.query(
            "SELECT (SELECT count(*) FROM pg_class), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)"
        )
        == state
    )
    watching.close()
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [
        line
        for line in running.splitlines()
        if "midair-pg-" in line
        and str(server.admin.host) not in line
        and not any(str(each) in line for each in before)
    ]
