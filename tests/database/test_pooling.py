"""A real PgBouncer between midair and the server: in transaction mode it is refused, in session mode it is used."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.holding import answers, until
from tests.support.listening import Remembering
from tests.support.projects import numbered_project

import midair
from midair.database.address import parse
from midair.errors import BehindPooler
from midair.model.address import Address, Secret
from midair.rehearsal.account import account

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")


@contextmanager
def pooler(database: Address, mode: str) -> Generator[Secret]:
    """PgBouncer in front of the database, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    who = account()
    folder = Path(tempfile.mkdtemp(prefix="midair-pooler-", dir=who.base))
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{database.user}" ""\n')
    settings.write_text(
        f"[databases]\n{database.database} = host={database.host} user={database.user}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"auth_file = {users}\nadmin_users = {database.user}\npool_mode = {mode}\nignore_startup_parameters = options,extra_float_digits\n"
        f"logfile = {folder / 'log'}\n"
    )
    who.own(folder)
    process = subprocess.Popen(
        [str(PROGRAM), "-q", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who.rights,
    )
    url = Secret(f"postgresql://{database.user}@127.0.0.1:{port}/{database.database}")
    try:
        until(lambda: answers(parse(url)))
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_pooler_in_transaction_mode_is_refused_with_the_reason(
    database: Address, tmp_path: Path, session
) -> None:
    root = numbered_project(tmp_path / "project", 2)
    with pooler(database, "transaction") as url, pytest.raises(BehindPooler) as caught:
        midair.apply(midair.Request(root, url=url), Remembering())
    assert caught.value.exit_code == 3
    assert "pooler in transaction mode" in caught.value.message
    assert session.query("SELECT to_regclass('t1'), to_regclass('midair.run')") == [(None, None)]


def test_a_pooler_in_session_mode_is_used(database: Address, tmp_path: Path) -> None:
    root = numbered_project(tmp_path / "project", 2)
    with pooler(database, "session") as url:
        assert midair.apply(midair.Request(root, url=url), Remembering()).revisions == 2


def test_a_direct_connection_is_told_without_a_second_one(database: Address, session) -> None:
    from midair.database.pooling import shares_sessions

    def refuse() -> object:
        raise AssertionError("a second connection was opened")

    assert not shares_sessions(session, refuse)
