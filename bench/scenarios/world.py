"""Sizes, a server, a project of one migration, and what a scenario gives back."""

import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import psycopg

from midair.rehearsal.server import Server, throwaway_server


@dataclass(frozen=True)
class Size:
    """How much of it. `rate` is transactions a second and connection; `seconds` how long each stretch between two commands lasts.

    `many` are the rows of the one scenario that needs more; `kills` is for each command of scenario 5; `soak_s` how long a
    throttled backfill is watched. Limits on time hold where `timed`: they need a machine of one's own.
    """

    rows: int
    seconds: float
    rate: float
    clients: int
    kills: int
    many: int = 0
    soak_s: float = 3.0
    timed: bool = False


SHORT = Size(rows=2_000, seconds=0.4, rate=50, clients=1, kills=2, many=2_000)
FULL = Size(rows=1_000_000, seconds=3, rate=50, clients=3, kills=145, many=5_000_000, soak_s=30, timed=True)
_SETTINGS = (
    "shared_buffers=256MB", "max_wal_size=4GB", "wal_level=logical", "max_wal_senders=10", "autovacuum=on",
    "checkpoint_timeout=15min", "max_connections=100", "max_prepared_transactions=4",
)  # fmt: skip
"""As a small production server: what the throwaway one has is made for tests that hold few rows."""


@dataclass(frozen=True)
class Late:
    """One transaction of the application: which version's, when it was due, by how much it was late when it ended; in seconds."""

    version: str
    due: float
    by: float


@dataclass
class Result:
    """What came of it; `wrong` are rows that differ from the oracle's.

    `lock_ms` is the longest that a session of the application waited for a lock because of midair, and `lock_by` for which.
    """

    errors: list[str] = field(default_factory=list)
    wrong: int = 0
    rows: int = 0
    felt: list[Late] = field(default_factory=list)
    lock_ms: float = 0.0
    lock_by: str = ""
    kills: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    marks: list[tuple[str, float]] = field(default_factory=list)
    """When each phase began."""
    broken: list[str] = field(default_factory=list)
    """Limits of the scenario that were not kept."""

    @property
    def waits(self) -> list[float]:
        """By how much each transaction was late, in seconds."""
        return [each.by for each in self.felt]

    def begins(self, phase: str) -> None:
        """From here on what is felt belongs to this phase."""
        self.marks.append((phase, time.monotonic()))

    def phases(self) -> Generator[tuple[str, list[Late]]]:
        """What was felt in each phase, in their order."""
        for (name, begin), (_, end) in pairwise((*self.marks, ("", float("inf")))):
            if within := [each for each in self.felt if begin <= each.due < end]:
                yield name, within

    def expect(self, what: str, *, holds: bool) -> None:
        """A limit of the scenario."""
        if not holds:
            self.broken.append(what)


def share(waits: Sequence[float], part: float) -> float:
    """The wait that this part of them did not exceed."""
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


@dataclass(frozen=True)
class World:
    """A database on a server, and how much is to be done there."""

    server: Server
    name: str
    size: Size
    folder: Path
    entrance: str = ""
    """Where the application comes in, if not straight."""

    @property
    def url(self) -> str:
        return f"postgresql:///{self.name}?host={self.server.admin.host}&user={self.server.admin.user}"

    @property
    def tcp(self) -> str:
        """The same for programs that know no Unix socket."""
        return f"postgresql://postgres@{_hosts[str(self.server.admin.host)]}:5432/{self.name}"

    def holds(self, statements: Sequence[str]) -> None:
        """Makes the database one that these statements have made: they run once a server, the rest are copies."""
        template = f"made_{crc32(chr(10).join(statements).encode()):08x}"
        with psycopg.connect(_maintenance(self.server), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (template,)).fetchone():
                admin.execute(f"CREATE DATABASE {template}_0")  # type: ignore[arg-type]
                World(self.server, f"{template}_0", self.size, self.folder).tell(
                    *statements, "VACUUM (FREEZE, ANALYZE)"
                )
                admin.execute(f"ALTER DATABASE {template}_0 RENAME TO {template}")  # type: ignore[arg-type]
            copies = "STRATEGY file_copy" if admin.info.server_version >= 150_000 else ""
            admin.execute(f"DROP DATABASE {self.name} WITH (FORCE)")  # type: ignore[arg-type]
            admin.execute(f"CREATE DATABASE {self.name} TEMPLATE {template} {copies}")  # type: ignore[arg-type]

    def tell(self, *statements: str) -> None:
        """Runs them, each by itself."""
        with psycopg.connect(self.url, autocommit=True, application_name="midair bench") as connection:
            for each in statements:
                connection.execute(each)  # type: ignore[arg-type]

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True, application_name="midair bench") as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def project(self, *migrations: str, back: str = "") -> Path:
        """A golang-migrate project; `back` is the downgrade of its first migration, where it has one."""
        root = self.folder / f"project_{uuid4().hex[:8]}"
        (root / "migrations").mkdir(parents=True)
        for number, sql in enumerate(migrations, 1):
            (root / "migrations" / f"{number:06d}_m{number}.up.sql").write_text(sql + "\n")
        if back:
            (root / "migrations" / "000001_m1.down.sql").write_text(back + "\n")
        return root


@dataclass(frozen=True)
class Scenario:
    """One scenario. `number` is that of spec/expand-contract.md §8; `limits` are said in one line."""

    number: str
    name: str
    limits: str
    run: Callable[[World], Result]


class Silent:
    """A reporter nobody looks at."""

    def hear(self, event: object) -> None:
        """Nothing is shown."""


@contextmanager
def world(server: Server, size: Size) -> Generator[World]:
    """A fresh database."""
    name = f"scenario_{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        _tell(server, f"CREATE DATABASE {name}")
        try:
            yield World(server, name, size, Path(folder))
        finally:
            _tell(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _tell(server: Server, statement: str) -> None:
    with psycopg.connect(_maintenance(server), autocommit=True) as admin:
        admin.execute(statement)  # type: ignore[arg-type]


@contextmanager
def fresh_server(major: int | None, *settings: str) -> Generator[Server]:
    """A server of its own; with the newest version of this machine where none is named."""
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{120 + next(_number) % 100}"
    with throwaway_server(major, None, (*_SETTINGS, f"listen_addresses={host}", *settings)) as running:
        _hosts[str(running.admin.host)] = host
        yield running


def _maintenance(server: Server) -> str:
    return f"postgresql:///postgres?host={server.admin.host}&user={server.admin.user}"


_number = count()
_hosts: dict[str, str] = {}
"""The address each server of this process listens on, by the folder of its socket."""


def summed(results: Sequence[Result]) -> Result:
    """Several lives as one."""
    total = Result()
    for each in results:
        total.errors += each.errors
        total.wrong += each.wrong
        total.rows += each.rows
        total.felt += each.felt
        total.marks += each.marks
        if each.lock_ms > total.lock_ms:
            total.lock_ms, total.lock_by = each.lock_ms, each.lock_by
        total.kills += each.kills
        total.broken += each.broken
        total.facts |= each.facts
    return total
