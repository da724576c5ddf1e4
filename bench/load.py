"""An application for measurements: statements at a fixed rate, latency counted from when each was due.

A stall counts in full: statements that were due while one waited are late as well, as users would feel
it. Every connection is a process of its own (fork), so that the interpreter's lock slows none.
"""

import json
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

Statement = Callable[[int], tuple[str, tuple[object, ...]]]
"""From the number of the turn to a statement and its parameters; several, joined by `;`, are one transaction."""


@dataclass(frozen=True)
class Client:
    """One connection of the application: what it does, and how often a second."""

    name: str
    rate: float
    statement: Statement


@dataclass
class Felt:
    """What the application felt. Times in seconds; `at` is the moment each statement was due, monotonic."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def between(self, begin: float, end: float) -> "Felt":
        """Only what was due in this stretch of time."""
        return Felt([each for each in self.waits if begin <= each[0] < end], self.failed)

    def share(self, part: float) -> float:
        """The wait that this part of all statements did not exceed."""
        ordered = sorted(wait for _, wait in self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    @property
    def worst(self) -> float:
        """The longest wait."""
        return max((wait for _, wait in self.waits), default=0.0)


@contextmanager
def running(url: str, clients: Sequence[Client]) -> Generator[Felt]:
    """The clients at work for as long as the context lasts; what they felt is complete once it is left."""
    felt = Felt()
    started = [_start(url, each) for each in clients]
    time.sleep(0.3)
    try:
        yield felt
    finally:
        for _, _, stop in started:
            os.close(stop)
        for pid, reading, _ in started:
            with os.fdopen(reading) as lines:
                said = json.load(lines)
            os.waitpid(pid, 0)
            felt.waits += [(due, wait) for due, wait in said["waits"]]
            felt.failed += said["failed"]


def _start(url: str, client: Client) -> tuple[int, int, int]:
    reading, writing = os.pipe()
    stopping, stop = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os.close(stopping)
        return pid, reading, stop
    try:
        os.close(reading)
        os.close(stop)
        os.set_blocking(stopping, False)
        said = json.dumps(_work(url, client, stopping)).encode()
        with os.fdopen(writing, "wb") as out:
            out.write(said)
    finally:
        os._exit(0)


def _ended(stopping: int) -> bool:
    """The other end was closed."""
    try:
        return os.read(stopping, 1) == b""
    except BlockingIOError:
        return False


def _work(url: str, client: Client, stopping: int) -> dict[str, list[object]]:
    waits: list[object] = []
    failed: list[object] = []
    with psycopg.connect(url, autocommit=True, application_name=client.name) as connection:
        due, turn = time.monotonic(), 0
        while not _ended(stopping):
            due += 1 / client.rate
            if (rest := due - time.monotonic()) > 0:
                time.sleep(rest)
            text, parameters = client.statement(turn)
            turn += 1
            try:
                with connection.transaction():
                    for each in text.split(";"):
                        marks = each.count("%s")
                        connection.execute(each, parameters[:marks])  # type: ignore[arg-type]
                        parameters = parameters[marks:]
            except psycopg.Error as error:
                failed.append(f"{client.name}: {error.sqlstate} {str(error).splitlines()[0]}")
                if connection.closed:
                    break
            waits.append((due, time.monotonic() - due))
    return {"waits": waits, "failed": failed}
