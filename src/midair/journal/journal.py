"""Appends what happened durably, and tells what a run has finished."""

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from midair import __version__
from midair.database.session import Session, prepare
from midair.errors import Refused
from midair.journal.plans import read, written
from midair.journal.tables import VERSION, create, name_of, present
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.plan import Plan, Step, StepId
from midair.model.statement import Parameter, Sql

LEASE_LOST = "the lease went to run"
"""What the server's refusal says when a run that is no longer the newest tries to commit."""

_HEARTBEAT = ", ".join(
    f"set_config('tcp_keepalives_{name}', '{value}', false)"
    for name, value in (("idle", 10), ("interval", 5), ("count", 4))
)
"""In seconds; a session over a Unix socket has no use for them, and no objection. The default is two hours."""


@frozen
class RunRecord:
    """One execution as the journal remembers it. `state`: running, done, failed, stopped or interrupted."""

    id: str
    tool: str
    direction: str
    strategy: str
    plan_digest: str
    state: str
    actor: str | None
    host: str | None
    started_at: datetime | str
    finished_at: datetime | str | None
    revisions: int
    error: str | None


@frozen
class OpenStep:
    """A step of a migration that was begun and is not recorded yet. `running`: begun, its end unknown."""

    id: StepId
    revision: RevisionId
    direction: str
    title: str
    running: bool


class Journal:
    """The journal of one database, spoken to through the session that does the work.

    Its statements are handed out as `Sql`, so that the executor can put them into the very
    transaction whose completion they record. Steps that are open are those of `tool`'s migrations, for two
    tools on one database number theirs alike; `None`: of any tool.
    """

    def __init__(self, session: Session, tool: str | None = None) -> None:
        self._session = session
        self._tool = tool
        self._product = session.product
        self._lease: tuple[str, int] | None = None
        self.ready = bool(session.query(present(self._product).text)[0][0])

    def prepare(self) -> None:
        """Creates the tables where they are absent.

        Raises:
            ReadOnly: the role may not create the schema `midair`.
            Refused: a newer midair wrote this journal.
        """
        if self.ready and self._is_current():
            return
        prepare(self._session, create(self._product), "the journal (schema midair)")
        self.ready = True

    def _is_current(self) -> bool:
        rows = self._session.query(f"SELECT schema_version FROM {self._name('meta')}")
        if rows and rows[0][0] > VERSION:
            raise Refused(
                f"this journal has version {rows[0][0]}, and this midair understands {VERSION}",
                state="nothing was changed",
                hint="upgrade midair",
            )
        return bool(rows) and rows[0][0] == VERSION

    def keeps_pace(self) -> bool:
        """It is one in which a run under way can be asked to slow down."""
        return self.ready and self._is_current()

    def _name(self, table: str) -> str:
        return name_of(table, self._product)

    def start(self, run_id: str, plan: Plan, backend_pid: int | None) -> Sql:
        """The run's own row, state running."""
        columns = "id, tool, direction, strategy, plan_digest, plan_steps, state, actor, host, pid, backend_pid, midair_version"
        steps = "\n".join(step.id for step in plan.steps)
        row = (run_id, plan.tool, str(plan.direction), plan.strategy, plan.digest, steps, "running")
        who = (actor(), socket.gethostname(), os.getpid(), backend_pid, __version__)
        return self._insert("run", columns, [(*row, *who)])

    def keep(self, plan: Plan) -> Sql:
        """The whole plan, for a run that may have to go on with it after a crash."""
        table = self._name("plan")
        text = f"INSERT INTO {table} (digest, body) VALUES (%s, %s) {self._or('digest')}"
        return Sql(text, (plan.digest, written(plan)))

    def keep_as(self, name: str, plan: Plan) -> Sql:
        """A plan within a plan: what one statement of a live program was turned into when it came."""
        text = (
            f"INSERT INTO {self._name('plan')} (digest, body) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING"
        )
        return Sql(text, (name, written(plan)))

    def names_kept(self, beginning: str) -> frozenset[str]:
        """The names of plans within plans that begin so."""
        text = f"SELECT digest FROM {self._name('plan')} WHERE starts_with(digest, %s)"
        return frozenset(str(name) for (name,) in self._session.query(text, (beginning,)))

    def kept(self, name: str) -> Plan | None:
        """The plan that was kept under this name."""
        rows = self._session.query(f"SELECT body FROM {self._name('plan')} WHERE digest = %s", (name,))
        return read(rows[0][0]) if rows else None

    def begun_plan(self) -> Plan | None:
        """The plan that the oldest step still open belongs to; `None` where nothing is open, or it was kept by no one."""
        if not self.ready:
            return None
        step, run, plan = self._name("step"), self._name("run"), self._name("plan")
        own, parameters = self._own("r.tool")
        if not self.open_steps():
            return None
        if not self._is_current():
            return None  # an older version's journal has no plans
        rows = self._session.query(
            f"SELECT p.body FROM {step} s JOIN {run} r ON r.id = s.run_id JOIN {plan} p ON p.digest = r.plan_digest"
            f" WHERE s.open{own} ORDER BY s.started_at LIMIT 1",
            parameters,
        )
        return read(rows[0][0]) if rows else None

    def take_lease(self, name: str, run_id: str, backend_pid: int | None) -> None:
        """Raises the epoch: whatever an older run still tries to commit under this name is refused from here on.

        The connection is the owner's heartbeat: the session lock beside the lease ends with it, and the server
        is told to notice within half a minute that the machine at its other end is gone.
        """
        if self._product is not Product.POSTGRESQL:
            return
        text = (
            f"INSERT INTO {self._name('lease')} AS held (name, epoch, owner, host, pid, backend_pid) VALUES (%s, 1, %s, %s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + 1, owner = excluded.owner, host = excluded.host,"
            " pid = excluded.pid, backend_pid = excluded.backend_pid, taken_at = clock_timestamp() RETURNING epoch,"
            f" {_HEARTBEAT}"
        )
        who = (name, run_id, socket.gethostname(), os.getpid(), backend_pid)
        self._lease = (name, self._session.query(text, who)[0][0])

    def _fence(self) -> tuple[Sql, ...]:
        """Fails where the lease is another run's by now, and holds it until the transaction ends."""
        if self._lease is None:
            return ()
        lease = self._name("lease")
        mine = f"EXISTS (SELECT FROM {lease} WHERE name = %s AND epoch = %s FOR SHARE)"
        # The cast fails with the text in its message: plain SQL has no other way to refuse by itself.
        fail = f"(SELECT '{LEASE_LOST} ' || coalesce(owner, '?') FROM {lease} WHERE name = %s)::integer"
        name, epoch = self._lease
        return (Sql(f"SELECT CASE WHEN {mine} THEN 1 ELSE {fail} END", (name, epoch, name)),)

    def finish(self, run_id: str, state: str, revisions: int, error: str | None = None) -> Sql:
        """The run's end."""
        text = f"UPDATE {self._name('run')} SET state = %s, revisions = %s, error = %s, finished_at = {self._now()} WHERE id = %s"
        return Sql(text, (state, revisions, error, run_id))

    def forget_plans(self) -> Sql:
        """Plans that nothing is left to do of would only grow the journal, and keep what their statements say."""
        step, run, plan = self._name("step"), self._name("run"), self._name("plan")
        still_open = f"SELECT r.plan_digest FROM {step} s JOIN {run} r ON r.id = s.run_id WHERE s.open"
        text = f"DELETE FROM {plan} WHERE digest NOT IN ({still_open})"
        if self._product is not Product.POSTGRESQL:
            return Sql(text)
        # What one statement of a live program was turned into is kept under its step's name (`keep_as`).
        return Sql(
            f"{text} AND NOT EXISTS (SELECT 1 FROM {step} s WHERE s.open AND starts_with(digest, s.id || ':'))"
        )

    def close_abandoned(self) -> tuple[Sql, ...]:
        """Runs that never said how they ended: nobody else holds the lock, so their process is gone.

        What they were asked to do is void.
        """
        void = (Sql("DELETE FROM midair.pace"),) if self._product is Product.POSTGRESQL else ()
        return (
            Sql(
                f"UPDATE {self._name('run')} SET state = 'interrupted', finished_at = {self._now()} WHERE state = 'running'"
            ),
            *void,
        )

    def begun(self, run_id: str, step: Step) -> tuple[Sql, ...]:
        """A step outside a transaction is about to be sent."""
        table = self._name("step")
        row = (run_id, step.id, step.revision, str(step.direction), step.title, "running", True)
        columns = "run_id, id, revision, direction, title, state, open"
        text = f"INSERT INTO {table} ({columns}) VALUES ({_marks(row)}) {self._or('run_id, id', 'state')}"
        return (*self._fence(), Sql(text, row), self.event(run_id, "step_started", step.revision, step.id))

    def refused(self, run_id: str, step: Step) -> tuple[Sql, ...]:
        """A step outside a transaction, whose beginning was journalled, was not done: the server said no, and left nothing."""
        text = f"DELETE FROM {self._name('step')} WHERE run_id = %s AND id = %s"
        return (Sql(text, (run_id, step.id)), self.event(run_id, "step_refused", step.revision, step.id))

    def completed(self, run_id: str, step: Step) -> tuple[Sql, ...]:
        """A step outside a transaction, whose beginning was journalled, is complete."""
        text = f"UPDATE {self._name('step')} SET state = 'done', finished_at = {self._now()} WHERE run_id = %s AND id = %s"
        return (Sql(text, (run_id, step.id)), self.event(run_id, "step_done", step.revision, step.id))

    def committed(self, run_id: str, steps: Sequence[Step], *, stay_open: bool) -> tuple[Sql, ...]:
        """Steps that commit together with these very rows: the last one's row stands for all of them."""
        if not steps:
            return ()
        last = steps[-1]
        row = (run_id, last.id, last.revision, str(last.direction), last.title, "done", stay_open)
        # Within a transaction PostgreSQL's CURRENT_TIMESTAMP is when it began.
        began = "CURRENT_TIMESTAMP" if self._product is Product.POSTGRESQL else self._now()
        columns = "run_id, id, revision, direction, title, state, open, started_at, finished_at"
        text = f"INSERT INTO {self._name('step')} ({columns}) VALUES ({_marks(row)}, {began}, {self._now()})"
        return (*self._fence(), Sql(text, row))

    def close_steps(self, revision: RevisionId) -> Sql:
        """The migration is recorded: its steps no longer need resuming."""
        own, parameters = self._own("tool")
        of_tool = f" AND run_id IN (SELECT id FROM {self._name('run')} WHERE true{own})" if own else ""
        return Sql(
            f"UPDATE {self._name('step')} SET open = %s WHERE open AND revision = %s{of_tool}",
            (False, revision, *parameters),
        )

    def _own(self, column: str) -> tuple[str, tuple[str, ...]]:
        """A condition that this column is the tool, to be added to others; and its parameter."""
        return (f" AND {column} = %s", (self._tool,)) if self._tool is not None else ("", ())

    def remember(self, run_id: str, tool: str, revision: RevisionId, checksum: str | None) -> Sql:
        """The file's digest as it was applied; `None` forgets it (rolled back)."""
        table = self._name("migration")
        if checksum is None:
            return Sql(f"DELETE FROM {table} WHERE tool = %s AND revision = %s", (tool, revision))
        text = (
            f"INSERT INTO {table} (tool, revision, checksum, run_id) VALUES (%s, %s, %s, %s)"
            f" {self._or('tool, revision', 'checksum', 'run_id')}"
        )
        return Sql(text, (tool, revision, checksum, run_id))

    def event(
        self, run_id: str, kind: str, revision: RevisionId | None = None, data: str | None = None
    ) -> Sql:
        """One line of the audit log."""
        return self._insert("event", "run_id, kind, revision, data", [(run_id, kind, revision, data)])

    def checksums(self, tool: str) -> Mapping[RevisionId, str]:
        """The digests of applied files, by revision."""
        if not self.ready:
            return {}
        rows = self._session.query(
            f"SELECT revision, checksum FROM {self._name('migration')} WHERE tool = %s", (tool,)
        )
        return {RevisionId(revision): checksum for revision, checksum in rows}

    def open_steps(self) -> tuple[OpenStep, ...]:
        """Steps of migrations that were begun and not recorded, in the order they began."""
        if not self.ready:
            return ()
        own, parameters = self._own("r.tool")
        text = (
            f"SELECT s.id, s.revision, s.direction, s.title, s.state FROM {self._name('step')} s"
            f" JOIN {self._name('run')} r ON r.id = s.run_id WHERE s.open{own} ORDER BY s.started_at"
        )
        return tuple(
            OpenStep(StepId(row[0]), RevisionId(row[1] or ""), row[2], row[3], row[4] == "running")
            for row in self._session.query(text, parameters)
        )

    def has_step(self, run_id: str, step: StepId) -> bool:
        """Whether the step's row is there: asked after a COMMIT that nobody answered."""
        return bool(
            self._session.query(
                f"SELECT 1 FROM {self._name('step')} WHERE run_id = %s AND id = %s AND state = 'done'",
                (run_id, step),
            )
        )

    def steps_of(self, digest: str) -> frozenset[StepId]:
        """The steps of the plan with this digest, as far as a run of it was begun here."""
        if not self.ready:
            return frozenset()
        rows = self._session.query(
            f"SELECT plan_steps FROM {self._name('run')} WHERE plan_digest = %s ORDER BY started_at LIMIT 1",
            (digest,),
        )
        return frozenset(StepId(line) for (steps,) in rows for line in steps.splitlines())

    def runs(self, limit: int = 50) -> tuple[RunRecord, ...]:
        """Past runs, newest first."""
        if not self.ready:
            return ()
        columns = "id, tool, direction, strategy, plan_digest, state, actor, host, started_at, finished_at, revisions, error"
        rows = self._session.query(
            f"SELECT {columns} FROM {self._name('run')} ORDER BY started_at DESC LIMIT {limit:d}"
        )
        return tuple(_run_record(tuple(map(_in_utc, row))) for row in rows)

    def _insert(self, table: str, columns: str, rows: Sequence[tuple[Parameter, ...]]) -> Sql:
        values = ", ".join(f"({_marks(row)})" for row in rows)
        return Sql(
            f"INSERT INTO {self._name(table)} ({columns}) VALUES {values}",
            tuple(value for row in rows for value in row),
        )

    def _or(self, key: str, *renewed: str) -> str:
        """What an INSERT does where the key is there already: these columns are written anew, or nothing is done."""
        if self._product is Product.MARIADB:
            # to write one of the key's columns as it is does nothing
            sets = ", ".join(f"{each} = VALUES({each})" for each in renewed or key.split(", ")[:1])
            return f"ON DUPLICATE KEY UPDATE {sets}"
        sets = ", ".join(f"{each} = excluded.{each}" for each in renewed)
        return f"ON CONFLICT ({key}) DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}"

    def _now(self) -> str:
        if self._product is Product.MARIADB:
            return "utc_timestamp(6)"
        return (
            "clock_timestamp()"
            if self._product is Product.POSTGRESQL
            else "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
        )


def _marks(row: Sequence[Parameter]) -> str:
    return ", ".join(["%s"] * len(row))


def _run_record(row: tuple[Any, ...]) -> RunRecord:
    return RunRecord(*row)


def _in_utc(value: Any) -> Any:
    """A moment that the server keeps without its zone (MariaDB); everything else as it is."""
    bare = isinstance(value, datetime) and value.tzinfo is None
    return value.replace(tzinfo=UTC) if bare else value


def actor() -> str:
    """Who runs this; a container may have no name for its user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
