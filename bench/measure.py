"""Measuring whole processes, and saying on what machine."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from midair.rehearsal.server import Server, throwaway_server

REPOSITORY = Path(__file__).resolve().parent.parent
PEERS = Path(os.environ.get("MIDAIR_PEERS", REPOSITORY / ".peers")).resolve()
MIDAIR = Path(sys.executable).with_name("midair")


@dataclass(frozen=True, slots=True)
class Sample:
    """One process from start to end: wall and processor time in seconds, largest memory in MiB."""

    wall_s: float
    cpu_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Samples of one command."""

    samples: tuple[Sample, ...]

    @property
    def smallest_s(self) -> float:
        return min(sample.wall_s for sample in self.samples)

    @property
    def median_s(self) -> float:
        return statistics.median(sample.wall_s for sample in self.samples)

    @property
    def cpu_s(self) -> float:
        return min(sample.cpu_s for sample in self.samples)

    @property
    def memory_mib(self) -> float:
        return max(sample.memory_mib for sample in self.samples)


class Failed(Exception):
    """A measured command did not exit with 0; the text is what it said."""


_SAMPLER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall_s = time.perf_counter() - began
process.returncode = os.waitstatus_to_exitcode(status)
os.write(int(os.environ["SAMPLE_TO"]), json.dumps(
    [process.returncode, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]).encode())
"""
# A child begins with its parent's peak memory (Linux keeps it across exec), so the parent must be small.


def sample(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], accepted: tuple[int, ...] = (0,)
) -> Sample:
    """Run a command once, by `os.wait4`: its children that it waited for are counted in.

    `accepted` are the exit codes of a finished run: a linter that found something exits with 1.

    Raises:
        Failed: it did not succeed, so its time says nothing.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output, os.fdopen(reading) as numbers:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SAMPLER, *command],
            cwd=folder,
            env=environment(variables) | {"SAMPLE_TO": str(writing)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(writing,),
            check=True,
        )
        os.close(writing)
        exit_code, wall_s, cpu_s, memory_mib = json.load(numbers)
        if exit_code not in accepted:
            output.seek(0)
            said = output.read().decode(errors="replace")[-2000:]
            raise Failed(f"{' '.join(command)[:300]}\nexited with {exit_code}:\n{said}")
    return Sample(wall_s, cpu_s, memory_mib)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Only what programs need, so that no exported setting changes a figure."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "MIDAIR_PG_BIN", "XDG_CACHE_HOME")
    return {name: os.environ[name] for name in kept if name in os.environ} | dict(extra)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server reachable over TCP (Java knows no Unix sockets) at a loopback address of its own."""

    server: Server
    host: str

    def fresh(self, name: str) -> str:
        """An empty database; its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@{self.host}:5432/{name}"


@contextmanager
def cluster() -> Generator[Cluster]:
    """The throwaway server, as fast as it gets: durability is off for everyone alike."""
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.99"
    with throwaway_server(None, dict(os.environ), (f"listen_addresses={host}",)) as server:
        yield Cluster(server, host)


def machine() -> str:
    """The interpreter, the processors and how busy they are."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors, load {load}"
    )


def version_of(program: Path) -> str:
    """What scripts/install_peers.sh installed, else the first line the program says about itself."""
    stamp = PEERS / "stamps" / program.name
    if program.parent == PEERS / "bin" and stamp.exists():
        return stamp.read_text().split()[0]
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, env=environment({}), check=False
    )
    lines = [line for line in (said.stdout + said.stderr).splitlines() if line.strip()]
    return lines[0].strip() if lines else "unknown"


def peer(name: str) -> Path | None:
    """The program of a real tool, or `None` when scripts/install_peers.sh did not bring it."""
    program = PEERS / "bin" / name
    return program if program.exists() else None
