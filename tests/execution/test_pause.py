"""A run at work is let rest from another terminal, and goes on."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.backfills import numbers, run_all
from tests.support.holding import until
from tests.support.listening import Remembering

import midair
from midair.database import Session
from midair.errors import NothingAtWork
from midair.model.address import Address

_ROWS = 3_000
_DONE = "SELECT count(*) FROM t WHERE n > 0"


@pytest.fixture
def root(tmp_path: Path, session: Session) -> Path:
    """A statement over a large table, in batches that take some seconds all together."""
    numbers(session, _ROWS)
    run_all(
        session,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END'",
        "CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    folder = tmp_path / "migrations"
    folder.mkdir()
    (tmp_path / "midair.toml").write_text("small_table_mb = 0\n")
    (folder / "1_fill.up.sql").write_text("UPDATE t SET n = n + 1;\n")
    return tmp_path


@contextmanager
def at_work(root: Path, url: str) -> Generator[subprocess.Popen[str]]:
    """`midair apply`, once its first batches are in."""
    command = (
        sys.executable,
        "-m",
        "midair",
        "apply",
        "--yes",
        "--strategy",
        "online",
        "--url",
        url,
        "-C",
        str(root),
    )
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def midair_says(root: Path, url: str, *words: str) -> str:
    command = (sys.executable, "-m", "midair", *words, "--url", url, "-C", str(root))
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def test_a_run_rests_while_it_is_paused_and_goes_on_by_itself(
    root: Path, database: Address, session: Session
) -> None:
    url = url_of(database).reveal()
    with at_work(root, url) as process:
        until(lambda: 0 < session.query(_DONE)[0][0] < _ROWS // 2)
        assert "is asked to rest" in midair_says(root, url, "pause")
        before = _rested(session)
        assert before < _ROWS
        assert process.poll() is None
        assert "goes on" in midair_says(root, url, "resume")
        assert process.wait(timeout=60) == 0
    assert session.query("SELECT min(n), max(n), count(*) FROM t") == [(1, 1, _ROWS)]
    kinds = [row[0] for row in session.query("SELECT kind FROM midair.event ORDER BY id")]
    assert [each for each in kinds if each.startswith("pace")] == ["pace_asked", "pace_lifted"]


def test_a_paused_run_that_is_killed_is_resumed_at_full_speed(
    root: Path, database: Address, session: Session
) -> None:
    url = url_of(database).reveal()
    with at_work(root, url):
        until(lambda: 0 < session.query(_DONE)[0][0] < _ROWS // 2)
        midair.pause(midair.Request(root, url=url_of(database)), 0.0)
        _rested(session)
    midair.resume(midair.Request(root, url=url_of(database), strategy="online", wait_s=30), Remembering())
    assert session.query("SELECT min(n), max(n), count(*) FROM t") == [(1, 1, _ROWS)]


def test_there_is_nothing_to_pause_where_nothing_runs(root: Path, database: Address) -> None:
    with pytest.raises(NothingAtWork, match="no run of midair is at work") as caught:
        midair.pause(midair.Request(root, url=url_of(database)))
    assert caught.value.exit_code == 3


def _rested(session: Session) -> int:
    """How many rows are done once no more are."""
    seen: list[int] = []

    def unchanged() -> bool:
        seen.append(session.query(_DONE)[0][0])
        return len(seen) > 40 and seen[-1] == seen[-40]

    until(unchanged)
    return seen[-1]
