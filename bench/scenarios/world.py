"""Sizes, a server, a project of one migration, and what a scenario gives back."""

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from midair.rehearsal.server import Server, throwaway_server


@dataclass(frozen=True)
class Size:
    """How much of it. `rate` is statements a second and connection; `seconds` how long each stretch between two commands lasts."""

    rows: int
    seconds: float
    rate: float
    clients: int
    kills: int


SHORT = Size(rows=2_000, seconds=0.5, rate=50, clients=1, kills=2)
FULL = Size(rows=1_000_000, seconds=10, rate=50, clients=3, kills=60)


@dataclass
class Result:
    """What came of it. `waits` are in seconds from when a statement was due; `wrong` are rows that differ from the oracle's."""

    errors: list[str] = field(default_factory=list)
    wrong: int = 0
    rows: int = 0
    waits: list[float] = field(default_factory=list)
    kills: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Limits of the scenario that were not kept."""

    def share(self, part: float) -> float:
        """The wait that this part of all statements did not exceed."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    def expect(self, what: str, *, holds: bool) -> None:
        """A limit of the scenario."""
        if not holds:
            self.broken.append(what)


@dataclass(frozen=True)
class World:
    """A database on a server, and how much is to be done there."""

    server: Server
    name: str
    size: Size
    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql:///{self.name}?host={self.server.admin.host}&user={self.server.admin.user}"

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


@contextmanager
def world(server: Server, size: Size) -> Generator[World]:
    """A fresh database."""
    name = f"scenario_{uuid4().hex[:8]}"
    admin = f"postgresql:///postgres?host={server.admin.host}&user={server.admin.user}"
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(admin, autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            yield World(server, name, size, Path(folder))
        finally:
            maintenance.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


@contextmanager
def fresh_server(major: int | None) -> Generator[Server]:
    """A server of its own; with the newest version of this machine where none is named."""
    with throwaway_server(major) as running:
        yield running


def summed(results: Sequence[Result]) -> Result:
    """Several lives as one."""
    total = Result()
    for each in results:
        total.errors += each.errors
        total.wrong += each.wrong
        total.rows += each.rows
        total.waits += each.waits
        total.kills += each.kills
        total.broken += each.broken
        total.facts |= each.facts
    return total
