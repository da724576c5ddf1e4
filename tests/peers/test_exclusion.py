"""While one of them runs, the other waits or refuses, as it would against itself."""

import re
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from .commands import MIDAIR, environment, midair
from .databases import Cluster, PostgreSQL
from .places import peer
from .shop import write
from .tools import golang_url, jdbc

pytestmark = pytest.mark.peers

_SLOW = "CREATE TABLE slow (id integer);\nSELECT pg_sleep(4);\n"
_NOTHING_RUN = re.compile(r"^Run: +0$|up to date, no changesets to execute", re.MULTILINE)
_DEADLINE_S = 60.0
LOCKING = ("flyway", "flyway9", "migrate", "liquibase")
_CHANGELOG = "--liquibase formatted sql\n--changeset ann:slow\n%s--changeset ann:quick\nCREATE TABLE quick (id integer);\n"


def _project(program: str, folder: Path) -> Path:
    if program == "migrate":
        write(folder / "migrations" / "1_slow.up.sql", _SLOW)
        write(folder / "migrations" / "2_quick.up.sql", "CREATE TABLE quick (id integer);\n")
    elif program == "liquibase":
        write(folder / "changelog.sql", _CHANGELOG % _SLOW)
    else:
        write(folder / "flyway.conf", "flyway.locations=filesystem:sql\n")
        write(folder / "sql" / "V1__slow.sql", _SLOW)
        write(folder / "sql" / "V2__quick.sql", "CREATE TABLE quick (id integer);\n")
    return folder


def _real_command(program: str, project: Path, database: PostgreSQL) -> list[str]:
    if program == "migrate":
        words = ["-path", str(project / "migrations"), "-database", golang_url(database), "up"]
        return [str(peer(program)), *words]
    if program == "liquibase":
        url = f"--url=jdbc:postgresql://{database.host}:5432/{database.name}"
        words = [url, "--username=postgres", "--password=x", "--changelog-file=changelog.sql"]
        return [str(peer(program)), "--changelog-lock-poll-rate=1", "update", *words]
    return [str(peer(program)), *jdbc(database), "migrate"]


def _midair_command(project: Path, database: PostgreSQL) -> list[str]:
    return [*MIDAIR, "apply", "-C", str(project), "--url", database.url, "--no-input"]


_ASLEEP = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@contextmanager
def _in_the_slow_migration(
    command: list[str], folder: Path, database: PostgreSQL
) -> Generator[subprocess.Popen[str]]:
    """The program, at work inside the slow migration; afterwards it comes to its end, with all of them applied."""
    process = _process(command, folder)
    try:
        _until(database, _ASLEEP, process)
        yield process
        said, _ = process.communicate(timeout=_DEADLINE_S)
        assert process.returncode == 0, said
        assert _tables(database) == {"slow", "quick"}
    finally:
        process.kill()
        process.wait()


def _tables(database: PostgreSQL) -> set[str]:
    rows = database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {str(name) for (name,) in rows} & {"slow", "quick"}


@pytest.mark.parametrize("program", LOCKING)
def test_midair_refuses_while_the_real_tool_is_at_work(
    program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    database, project = postgresql.database(), _project(program, tmp_path)
    with _in_the_slow_migration(_real_command(program, project, database), project, database) as process:
        refused = midair("apply", "-C", project, "--url", database.url)
        assert process.poll() is None, "the real tool was done before midair answered"
    assert refused.exit_code == 3, refused.text


@pytest.mark.parametrize("program", LOCKING)
def test_midair_waits_for_the_real_tool_when_told_to(
    program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    database, project = postgresql.database(), _project(program, tmp_path)
    with _in_the_slow_migration(_real_command(program, project, database), project, database):
        midair("apply", "-C", project, "--url", database.url, "--wait", "60s").ok()


@pytest.mark.parametrize("program", LOCKING)
def test_the_real_tool_waits_while_midair_is_at_work(
    program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    database, project = postgresql.database(), _project(program, tmp_path)
    with _in_the_slow_migration(_midair_command(project, database), project, database):
        said = _ran(_real_command(program, project, database), project)
    assert "no change" in said or "migrated 0" in said or _NOTHING_RUN.search(said), said


@pytest.mark.parametrize("program", LOCKING)
def test_two_midairs_at_once_apply_everything_exactly_once(
    program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    peer(program)
    database, project = postgresql.database(), _project(program, tmp_path)
    with _in_the_slow_migration(_midair_command(project, database), project, database):
        assert midair("apply", "-C", project, "--url", database.url).exit_code == 3


_ROWS = "CREATE TABLE orders AS SELECT g AS id, repeat('x', 200) AS note FROM generate_series(1, 20000) AS g;"
_INDEX = "CREATE INDEX orders_id ON orders (id);\n"
_BUILDING = "SELECT 1 FROM pg_stat_progress_create_index WHERE command LIKE '%CONCURRENTLY'"


def _index_project(program: str, folder: Path) -> Path:
    if program == "migrate":
        write(folder / "migrations" / "1_index.up.sql", _INDEX)
    elif program == "liquibase":
        write(folder / "changelog.sql", f"--liquibase formatted sql\n--changeset ann:index\n{_INDEX}")
    else:
        write(
            folder / "flyway.conf",
            "flyway.locations=filesystem:sql\nflyway.baselineOnMigrate=true\nflyway.baselineVersion=0\n",
        )
        write(folder / "sql" / "V1__index.sql", _INDEX)
    return folder


@pytest.mark.parametrize("program", LOCKING)
def test_the_real_tool_keeps_out_of_an_index_build_that_no_transaction_holds(
    program: str, postgresql: Cluster, tmp_path: Path
) -> None:
    """golang-migrate's lock must be free meanwhile, so its mark that the database is dirty keeps it out."""
    peer(program)
    database, project = postgresql.database(), _index_project(program, tmp_path)
    database.run(_ROWS)
    with _writing(database):
        process = _process([*_midair_command(project, database), "--strategy", "online"], project)
        _until(database, _BUILDING, process)
        real = _process(_real_command(program, project, database), project)
        time.sleep(5)  # long enough to start, ask for its lock, and do harm if it were let in
        assert database.rows(_BUILDING)
    said, _ = process.communicate(timeout=_DEADLINE_S)
    answer, _ = real.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 0, said
    valid = database.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id'::regclass")
    assert valid == [(True,)]
    if program == "migrate":
        assert "Dirty database" in answer
    else:
        assert real.returncode == 0 or "acquire PostgreSQL advisory lock" in answer, answer
    _ran(_real_command(program, project, database), project)


@contextmanager
def _writing(database: PostgreSQL) -> Generator[None]:
    """A transaction that wrote to the table and stays open: a concurrent build waits for its end."""
    with psycopg.connect(database.url) as other:
        other.execute("UPDATE orders SET note = 'y' WHERE id = 1")
        yield


def _process(command: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ran(command: list[str], folder: Path) -> str:
    """What it said; fails where it did."""
    process = _process(command, folder)
    try:
        said, _ = process.communicate(timeout=_DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return said


def _until(database: PostgreSQL, query: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while not database.rows(query):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.05)
