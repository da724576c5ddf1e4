"""A statement in batches, run as the executor runs it, without a project around it."""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from midair.database import Guard, Session, open_session
from midair.dialects.dialect import dialect_of
from midair.dialects.postgresql.batches import batched
from midair.dialects.postgresql.snapshot import snapshot
from midair.execution.execute import Flight, execute
from midair.execution.services import Bounds, Pace, WallClock
from midair.journal import Journal
from midair.model.address import Address, Product
from midair.model.backfill import Backfill
from midair.model.event import Event, LockWaited
from midair.model.migration import Direction, RevisionId
from midair.model.plan import Phase, Plan, RecordRevision, Segment, Step, step_id
from midair.model.statement import Span, Sql, Statement

FULL_SPEED = Pace(throttled=False)
SMALL = replace(FULL_SPEED, batch_s=0.001)
"""Batches as small as they get, so that a small table takes many."""


@dataclass
class Heard:
    """A reporter that keeps everything, and may do something at an event."""

    events: list[Event] = field(default_factory=list)
    at: Callable[[Event], None] = lambda event: None

    def hear(self, event: Event) -> None:
        self.events.append(event)
        self.at(event)


def statement_of(sql: str) -> Statement:
    return Statement(sql, Span("migrations/1.sql", 1))


def cut(session: Session, sql: str) -> Backfill:
    """The statement in batches; a refusal fails the test with its reason."""
    made = batched(statement_of(sql), snapshot(session), session.server_version // 10_000)
    assert isinstance(made, Backfill), made
    return made


def refused(session: Session, sql: str) -> str:
    """Why the statement runs as written."""
    made = batched(statement_of(sql), snapshot(session), session.server_version // 10_000)
    assert isinstance(made, str), made.walks_by
    return made


def plan_of(backfill: Backfill) -> Plan:
    revision = RevisionId("1")
    sql = backfill.statement.sql
    made = step_id(revision, Direction.UP, 0, sql)
    step = Step(made, revision, Direction.UP, Phase.BACKFILL, sql[:60], backfill)
    last = step_id(revision, Direction.UP, 1, "recorded")
    record = Step(last, revision, Direction.UP, Phase.EXPAND, "recorded", RecordRevision(()))
    segments = (Segment((step,), False, "in batches"), Segment((record,), True, "recorded"))
    return Plan("test", Direction.UP, segments, (revision,))


def fly_backfill(
    address: Address, backfill: Backfill, *, pace: Pace = FULL_SPEED, reporter: object = None, lock_wait_ms: int = 50,
    lock_budget_s: float = 20.0,
) -> None:  # fmt: skip
    """Runs it from wherever the journal says it stands."""
    session = open_session(address, Guard(lock_wait_ms=lock_wait_ms), "midair tests")
    try:
        journal = Journal(session)
        journal.prepare()
        flight = Flight(
            plan=plan_of(backfill),
            session=session,
            journal=journal,
            dialect=dialect_of(Product.POSTGRESQL),
            bounds=Bounds(lock_budget_s=lock_budget_s, pace=pace),
            clock=WallClock(),
            reporter=reporter or Heard(),
            reconnect=lambda: open_session(address, Guard(lock_wait_ms=lock_wait_ms), "midair tests"),
        )
        execute(flight)
    finally:
        session.close()


def fork_backfill(address: Address, backfill: Backfill, pace: Pace = FULL_SPEED) -> int:
    """A process of its own that runs it, to be killed; its exit code is 0 when it came to the end."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        fly_backfill(address, backfill, pace=pace)
        code = 0
    finally:
        os._exit(code)


def rows(session: Session, query: str) -> list[tuple[object, ...]]:
    return session.query(query)


@contextmanager
def others(
    address: Address, count: int, work: Callable[[Session, int], None]
) -> Generator[list[BaseException]]:
    """Sessions that do `work` again and again, each in its thread, until the context ends; what they raised."""
    ended, raised = threading.Event(), list[BaseException]()

    def loop(number: int) -> None:
        session = open_session(address, Guard(), "application")
        try:
            while not ended.is_set():
                work(session, number)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)
        finally:
            session.close()

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    try:
        yield raised
    finally:
        ended.set()
        for each in threads:
            each.join()


def run_all(session: Session, *texts: str) -> None:
    for each in texts:
        session.run([Sql(each)], atomic=False)


def numbers(session: Session, rows: int, more: str = "") -> None:
    """A table `t` of so many rows, in each of which `n` is 0; `more` is said behind that column."""
    run_all(
        session,
        f"CREATE TABLE t (id bigserial PRIMARY KEY, n int NOT NULL DEFAULT 0{more})",
        f"INSERT INTO t SELECT FROM generate_series(1, {rows})",
    )


@contextmanager
def letting_go(address: Address, sql: str) -> Generator[Heard]:
    """Another session's transaction that has run `sql`, and commits once the reporter hears that somebody waits."""
    holder = open_session(address, Guard(), "holder")
    holder.run([Sql("BEGIN"), Sql(sql)], atomic=False)
    let_go = threading.Event()

    def at(event: Event) -> None:
        if isinstance(event, LockWaited) and not let_go.is_set():
            let_go.set()
            holder.run([Sql("COMMIT")], atomic=False)

    try:
        yield Heard(at=at)
    finally:
        holder.close()
