"""A streaming standby of a bench server, whose replay can be held up."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from midair.rehearsal.account import account
from midair.rehearsal.server import Server

_STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Standby:
    """It replays what its primary wrote, unless it is told to pause."""

    folder: Path

    def tell(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Runs it there, where only reading is allowed."""
        url = f"postgresql:///{database}?host={self.folder}&user=postgres"
        with psycopg.connect(url, autocommit=True, application_name="midair bench") as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]

    @contextmanager
    def paused(self) -> Generator[None]:
        """Nothing is replayed for as long as the context lasts."""
        self.tell("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.tell("SELECT pg_wal_replay_resume()")


@contextmanager
def standby_of(server: Server) -> Generator[Standby]:
    """A standby made by `pg_basebackup`, there for as long as the context lasts."""
    who = account()
    folder = Path(tempfile.mkdtemp(prefix="midair-standby-", dir=who.base))
    who.own(folder)
    data = folder / "data"
    process = None
    try:
        copy = [
            server.bin / "pg_basebackup",
            "-h",
            server.admin.host,
            "-U",
            "postgres",
            "-D",
            data,
            "-R",
            "-c",
            "fast",
            "-X",
            "stream",
        ]
        subprocess.run(copy, check=True, capture_output=True, **who.rights)
        options = [f"unix_socket_directories={folder}", "listen_addresses=", "fsync=off", "shared_buffers=64MB", "max_connections=100",
                   "max_wal_senders=10", "max_prepared_transactions=4", "hot_standby_feedback=off"]  # fmt: skip
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [server.bin / "postgres", "-D", data, *(part for each in options for part in ("-c", each))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, **who.rights,
            )  # fmt: skip
        standby = Standby(folder)
        _await(standby)
        yield standby
    finally:
        if process is not None:
            process.terminate()
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await(standby: Standby) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            standby.tell("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
