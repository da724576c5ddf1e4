"""Servers of other versions, so that the suite can be run on each: `pytest --postgresql 16`."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from midair.rehearsal.binaries import server_binaries
from midair.rehearsal.server import Server, throwaway_server

_PEERS = Path(os.environ.get("MIDAIR_PEERS", Path(__file__).parents[2] / ".peers"))
OLDEST, NEWEST = 15, 18
"""Those a suite runs on that is told of no version: what Debian has, and the embedded one."""


def programs_of(major: int) -> Path | None:
    """The folder of a server's programs: the embedded one, the machine's, or what scripts/install_servers.sh brought."""
    if major == NEWEST:
        return server_binaries(major, {})
    folders = (Path(f"/usr/lib/postgresql/{major}/bin"), _PEERS / "postgresql" / str(major) / "bin")
    return next((each for each in folders if (each / "initdb").exists()), None)


@contextmanager
def server_of(major: int) -> Generator[Server]:
    """A throwaway server of this version.

    Raises:
        LookupError: there are no such programs here.
    """
    programs = programs_of(major)
    if programs is None:
        raise LookupError(
            f"no PostgreSQL {major} on this machine: scripts/install_servers.sh {major} brings it"
        )
    with throwaway_server(major, {"MIDAIR_PG_BIN": str(programs)}) as running:
        yield running


def major_of(server: Server) -> int:
    """Its major version."""
    return _major_of(server.bin)


@cache
def _major_of(programs: Path) -> int:
    said = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(said.split()[2].partition(".")[0])


def created(name: str, server: Server) -> str:
    """CREATE DATABASE, by copying files: the default writes each page to the log."""
    return f"CREATE DATABASE {name}{' STRATEGY file_copy' if major_of(server) >= 15 else ''}"


def client(name: str, programs: Path) -> Path:
    """`pg_dump` and kin: the server's own, else the newest ones, which know every older server."""
    own = programs / name
    return own if own.exists() else server_binaries(NEWEST, {}) / name
