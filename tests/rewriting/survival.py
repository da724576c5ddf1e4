"""A run of every rewrite, cut off at random instants by one means after another; it must always land in the same state."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rewriting.cases import ALL_AT_ONCE, GIVEN_ALL
from tests.rewriting.conftest import Rig, request_for
from tests.support.fly import Flying, fly
from tests.support.listening import Remembering
from tests.support.restarts import Restartable
from tests.support.state import dump, journal_of

import midair
from midair.database import Session
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server

LEFT = """
SELECT 'invalid index ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
UNION ALL SELECT 'not validated ' || conname FROM pg_constraint WHERE NOT convalidated
UNION ALL SELECT 'temporary ' || conname FROM pg_constraint WHERE conname LIKE 'midair\\_%'
UNION ALL SELECT 'half detached ' || inhrelid::regclass FROM pg_inherits WHERE inhdetachpending
UNION ALL SELECT 'kept beside ' || relname FROM pg_class WHERE relnamespace = to_regnamespace('midair') AND relname LIKE 'read%'
"""
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'midair%%'"
_MOST_ON_ONE = 12
"""So many in one database, then it must land and another begins; a run that is cut off early again and again gets nowhere."""


@dataclass
class Reference:
    """The same end, reached as written and never interrupted."""

    rig: Rig
    root: Path
    dump: str
    events: int
    took_s: float
    database: Callable[[], Address]
    """Makes a fresh one, in the state before the run."""
    scratch: Address | None = None
    """A server for throwaway databases, where a run needs them."""

    def fly(self, address: Address, *, wait_s: float = 0.0, dies_at: int = -1, stops_at: int = -1) -> Flying:
        """The run, online, in a process of its own."""
        return fly(
            self.root, address, strategy="online", wait_s=wait_s, dies_at=dies_at, stops_at=stops_at,
            scratch=self.scratch,
        )  # fmt: skip


@contextmanager
def reference_on(server: Server, root: Path) -> Generator[Reference]:
    """The project in `root`, and what it must come to on this server."""
    rig = Rig(server)
    (root / "migrations").mkdir()
    for number, sql in enumerate(ALL_AT_ONCE, 1):
        (root / "migrations" / f"{number:06d}_m{number}.up.sql").write_text(sql)
        (root / "migrations" / f"{number:06d}_m{number}.down.sql").write_text("SELECT 1;\n")
    with ExitStack() as stack:
        written = stack.enter_context(rig.database(GIVEN_ALL))
        _as_written(rig, root, written)
        online, heard = stack.enter_context(rig.database(GIVEN_ALL)), Remembering()
        midair.apply(request_for(root, online), heard)
        assert dump(server.bin, online) == dump(server.bin, written)
        again = stack.enter_context(rig.database(GIVEN_ALL))
        began = time.monotonic()  # of a run in a process of its own, everything imported already
        assert fly(root, again, strategy="online").landed()[0] == 0
        took = time.monotonic() - began
        yield Reference(
            rig,
            root,
            dump(server.bin, written),
            len(heard.events),
            took,
            lambda: stack.enter_context(rig.database(GIVEN_ALL)),
        )


def _as_written(rig: Rig, root: Path, address: Address) -> None:
    """The naive statements one by one, as the last migration needs, under the tool's own record of all of them."""
    with rig.session(address) as session:
        for line in "".join(ALL_AT_ONCE).splitlines():
            session.run([Sql(line)], atomic=False)
    midair.stamp(request_for(root, address, "direct"), Remembering(), f"{len(ALL_AT_ONCE)}")


def assert_lands(reference: Reference, address: Address) -> None:
    """One more `apply` finishes the work; no step is open, nothing is left over."""
    code, said = reference.fly(address, wait_s=30).landed()
    assert code == 0, said
    assert_landed(reference, address)


def assert_landed(reference: Reference, address: Address) -> None:
    """The state an uninterrupted run reaches: schema, rows, journal."""
    assert dump(reference.rig.server.bin, address) == reference.dump
    assert journal_of(address)[0] == []
    with reference.rig.session(address) as session:
        left = session.query(LEFT)
        assert left == [], left


@dataclass
class Means:
    """One way to cut a run off: what is done to it, and the exit codes it may end with."""

    name: str
    strike: Callable[[Flying, Address], None]
    codes: tuple[int, ...]


def kill() -> Means:
    """`kill -9`."""
    return Means("kill -9", lambda process, address: process.kill(), (0, -signal.SIGKILL))


def terminate(reference: Reference) -> Means:
    """`pg_terminate_backend` on every session of midair's."""

    def strike(process: Flying, address: Address) -> None:
        with reference.rig.session(reference.rig.server.admin) as admin:
            _await_session(admin, process, address)
            admin.query(_TERMINATE, (address.database,))

    return Means("pg_terminate_backend", strike, (0, 4, 6))


def _await_session(admin: Session, process: Flying, address: Address) -> None:
    text = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'midair%%'"
    while not admin.query(text, (address.database,)) and not process.over():
        time.sleep(0.002)


def restart(own: Restartable) -> Means:
    """`pg_ctl restart -m immediate`."""

    def strike(process: Flying, address: Address) -> None:
        own.restart()
        own.wait()

    return Means("restart -m immediate", strike, (0, 4, 6, 7))


def survive(
    reference: Reference,
    means: Means,
    count: int,
    chance: random.Random,
    tell: Callable[[str], None] = lambda text: None,
) -> Counter[str]:
    """Cuts so many runs off at random instants; counts how they ended.

    Raises:
        AssertionError: one did not land in the state of an uninterrupted run; `tell` has heard of each before.
    """
    ended: Counter[str] = Counter()
    address, here = reference.database(), 0
    while ended["cut off"] < count:
        process = reference.fly(address, wait_s=60)
        instant = chance.uniform(0.0, reference.took_s * 1.1)
        time.sleep(instant)
        means.strike(process, address)
        code, said = process.landed()
        here += 1
        tell(f"{means.name} in {address.database} after {instant:.3f} s: exit code {code} {said[:200]}")
        assert code in means.codes, f"exit code {code} after {means.name}: {said}"
        ended["came to its end first" if code == 0 else "cut off"] += 1
        if code == 0 or here >= _MOST_ON_ONE or ended["cut off"] >= count:
            assert_lands(reference, address)
            address, here = reference.database(), 0
    return ended


def survive_every(
    reference: Reference, means: Means, events: Iterable[int], tell: Callable[[str], None] = lambda text: None
) -> Counter[str]:
    """Cuts a run off at each of these events, counted from 0, with nothing under way meanwhile; counts how they ended.

    Raises:
        AssertionError: one did not land in the state of an uninterrupted run; `tell` has heard of each before.
    """
    ended: Counter[str] = Counter()
    for event in events:
        address = reference.database()
        process = reference.fly(address, stops_at=event)
        if process.waits():
            means.strike(process, address)
            process.wake()
        code, said = process.landed()
        tell(f"{means.name} in {address.database} at event {event}: exit code {code} {said[:200]}")
        assert code in means.codes, f"exit code {code} after {means.name} at event {event}: {said}"
        ended["came to its end all the same" if code == 0 else "cut off"] += 1
        assert_lands(reference, address)
    return ended


@contextmanager
def busy(processes: int, at_most_s: float) -> Generator[None]:
    """So many polite processes that only burn time, until the context ends or the time is over."""
    pids: list[int] = []
    for _ in range(processes):
        if pid := os.fork():
            pids.append(pid)
            continue
        os.nice(10)
        end = time.monotonic() + at_most_s
        while time.monotonic() < end and os.getppid() != 1:
            pass
        os._exit(0)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
