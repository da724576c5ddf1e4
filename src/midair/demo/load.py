"""An application for measurements: requests at a fixed rate, latency counted from when each was due.

A stall counts in full: requests that were due while one waited are late as well, as users would feel
it. Every client is a process of its own (fork), so that no interpreter's lock slows the others.
"""

import gc
import json
import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from midair.database import Guard, open_session
from midair.database.session import Session
from midair.errors import ConnectionLost, ExecutionError, MidairError, StatementFailed
from midair.model.address import Address
from midair.model.statement import Sql

Request = Callable[[int], tuple[Sql, ...]]
"""From the number of the turn to its statements; several are one transaction, sent one by one."""


@dataclass(frozen=True, slots=True)
class Client:
    """One connection of the application: what it asks, and how often a second."""

    name: str
    rate: float
    request: Request


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Times in seconds; `due` is monotonic, `wait` counts from it; `refused` is why it failed."""

    due: float
    wait: float
    refused: str | None = None


@dataclass(slots=True)
class Felt:
    """What the application felt, in the order in which requests were due."""

    asked: list[Asked] = field(default_factory=list[Asked])

    def between(self, begin: float, end: float) -> "Felt":
        """Only what was due in this stretch of time."""
        return Felt([each for each in self.asked if begin <= each.due < end])

    def share(self, part: float) -> float:
        """The wait that this part of all requests did not exceed."""
        ordered = sorted(each.wait for each in self.asked)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    @property
    def worst(self) -> float:
        """The longest wait."""
        return max((each.wait for each in self.asked), default=0.0)

    @property
    def failed(self) -> list[str]:
        """Why requests failed, one line each."""
        return [each.refused for each in self.asked if each.refused is not None]


@contextmanager
def running(address: Address, clients: Sequence[Client]) -> Generator[Felt]:
    """The clients at work for as long as the context lasts; what they felt is complete once it is left.

    All are connected when it begins.
    """
    felt = Felt()
    stopping, stop = os.pipe()
    started = [_start(address, each, stopping, stop) for each in clients]
    os.close(stopping)
    for _, reading in started:
        os.read(reading, 1)
    try:
        yield felt
    finally:
        # A byte for each, not only the end of the pipe: clients of a load begun later hold a copy of it.
        os.write(stop, b"." * len(started))
        os.close(stop)
        for pid, reading in started:
            with os.fdopen(reading) as said:
                felt.asked += [Asked(*each) for each in json.loads(said.read() or "[]")]
            os.waitpid(pid, 0)
        felt.asked.sort(key=lambda each: each.due)


def _start(address: Address, client: Client, stopping: int, stop: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        os.close(stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the one who stops us
        os.set_blocking(stopping, False)
        gc.disable()
        said = json.dumps(_work(address, client, stopping, writing)).encode()
        with os.fdopen(writing, "wb") as out:
            out.write(said)
    finally:
        os._exit(0)


def _ended(stopping: int) -> bool:
    """We were told to stop, or the one who waits for us died and the pipe ended."""
    try:
        os.read(stopping, 1)
    except BlockingIOError:
        return False
    return True


def _work(
    address: Address, client: Client, stopping: int, ready: int
) -> list[tuple[float, float, str | None]]:
    asked: list[tuple[float, float, str | None]] = []
    try:
        session = open_session(address, Guard(), client.name)
    except MidairError as error:
        os.write(ready, b" ")
        return [(time.monotonic(), 0.0, f"{client.name}: {error.message}")]
    os.write(ready, b" ")
    due, turn = time.monotonic(), 0
    while not _ended(stopping):
        due += 1 / client.rate
        if (rest := due - time.monotonic()) > 0:
            time.sleep(rest)
        refused = _refusal(session, client.request(turn))
        turn += 1
        asked.append((due, time.monotonic() - due, None if refused is None else f"{client.name}: {refused}"))
        if refused is not None and refused.startswith("gone"):
            break
    session.close()
    return asked


def _refusal(session: Session, statements: Sequence[Sql]) -> str | None:
    """Why the request failed; nothing of it stays then."""
    framed = [Sql("BEGIN"), *statements, Sql("COMMIT")] if len(statements) > 1 else statements
    try:
        for each in framed:
            session.query(each.text, each.parameters)
    except ConnectionLost as error:
        return f"gone: {error.message}"
    except StatementFailed as error:
        session.abandon()
        return f"{error.sqlstate or ''} {error.message.splitlines()[0]}".strip()
    except ExecutionError as error:
        session.abandon()
        return error.message
    return None
