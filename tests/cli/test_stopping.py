"""Ctrl-C and SIGTERM: the run stops where it can go on, and says how."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from midair.database import Guard, open_session
from midair.model.address import Address
from midair.model.statement import Sql
from tests.cli.session_file import PROJECTS, run
from tests.conftest import url_of


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_run_that_waits_for_a_lock_stops_when_asked(
    number: signal.Signals, code: int, tmp_path: Path, database: Address
) -> None:
    import shutil

    shutil.copytree(PROJECTS / "pairs", tmp_path, dirs_exist_ok=True)
    variables = {"MIDAIR_URL": url_of(database).reveal()}
    assert run("midair apply +2", tmp_path, variables)[1] == 0
    blocker = open_session(database, Guard(), "blocker")
    blocker.query("SELECT pg_advisory_lock(1)")
    blocker.run([Sql("BEGIN"), Sql("LOCK TABLE orders")], atomic=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "midair", "apply"],
        cwd=tmp_path,
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "waiting for a lock: try 1" in first
    process.send_signal(number)
    rest = process.stderr.read()
    assert process.wait(30) == code
    blocker.close()
    assert "ME311" in rest
    assert "midair resume" in rest
    assert run("midair apply", tmp_path, variables)[1] == 0
