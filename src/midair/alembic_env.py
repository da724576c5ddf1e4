"""One line in `env.py`, and `alembic upgrade` itself gets bounded locks, retries, midair's lock and its journal.

    from midair import alembic_env
    ...
    context.configure(connection=connection, target_metadata=target_metadata, **alembic_env.guarded(connection))

The team keeps typing `alembic upgrade`; `midair status` and `midair history` know what it did.
SQLAlchemy's and Alembic's public hooks only: `do_execute` and `on_version_apply`.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from midair.errors import AlreadyRunning
from midair.execution.locks import own_key
from midair.execution.services import pause_s
from midair.journal.tables import create, name_of, present
from midair.model.address import Product
from midair.model.statement import Sql

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_LOCK_NOT_AVAILABLE = "55P03"
_TOOL = "alembic"


def guarded(
    connection: "Connection",
    *,
    lock_wait: timedelta = timedelta(milliseconds=50),
    lock_budget: timedelta = timedelta(seconds=30),
    version_table: str = "alembic_version",
) -> dict[str, Any]:
    """Arguments for `context.configure` that guard this connection.

    Every statement waits for a lock at most `lock_wait`, and is tried again until `lock_budget` is
    spent. Each revision is one transaction, so that no lock is held longer than its revision needs.
    On products other than PostgreSQL nothing is changed.

    Raises:
        AlreadyRunning: midair, or another guarded Alembic, is at work on this database.
    """
    if connection.dialect.name != "postgresql":
        return {}
    run_id = uuid4().hex[:12]
    wait_ms = round(lock_wait.total_seconds() * 1000)
    _prepare(connection, wait_ms, version_table)
    _retry_locks(connection, lock_budget.total_seconds())
    return {"transaction_per_migration": True, "on_version_apply": _journalling(run_id)}


def _prepare(connection: "Connection", wait_ms: int, version_table: str) -> None:
    """Bounds, name, lock and journal, on the driver's own connection: SQLAlchemy must not see a transaction begin."""
    raw = connection.connection
    cursor = raw.cursor()
    cursor.execute(f"SET lock_timeout = {wait_ms:d}")
    cursor.execute("SET application_name = 'midair alembic'")
    cursor.execute(f"SELECT pg_try_advisory_lock({own_key(version_table):d})")
    row = cursor.fetchone()
    if row is None or not row[0]:
        raw.rollback()
        raise AlreadyRunning(
            "another midair run is at work on this database",
            state="nothing was changed",
            hint="wait for it to end",
        )
    cursor.execute(present(Product.POSTGRESQL).text)
    there = cursor.fetchone()
    if there is None or not there[0]:
        for sql in create(Product.POSTGRESQL):
            cursor.execute(sql.text)
    cursor.close()
    raw.commit()


def _retry_locks(connection: "Connection", budget_s: float) -> None:
    """Within a transaction a statement that got no lock is undone to a savepoint and sent again."""
    from sqlalchemy import event

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if (
            context.root_connection is not connection
            or not _in_transaction(connection)
            or _is_control(statement)
        ):
            return False
        began, attempt = time.monotonic(), 0
        while True:
            cursor.execute("SAVEPOINT midair_try")
            try:
                cursor.execute(statement, parameters)
            except Exception as error:
                if _code(error) != _LOCK_NOT_AVAILABLE or time.monotonic() - began > budget_s:
                    raise
                cursor.execute("ROLLBACK TO SAVEPOINT midair_try")
                time.sleep(pause_s(attempt))
                attempt += 1
            else:
                return True

    event.listen(connection.dialect, "do_execute", execute)


def _in_transaction(connection: "Connection") -> bool:
    """Not within an `autocommit_block`: there is no savepoint, and half an index is not undone by one."""
    return (
        connection.in_transaction()
        and connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"
    )


def _is_control(statement: str) -> bool:
    return statement.lstrip()[:12].upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT"))


def _code(error: Exception) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def _journalling(run_id: str) -> Callable[..., None]:
    """Writes each revision into the journal, in the revision's own transaction."""
    begun: list[str] = []

    def applied(*, ctx: Any, step: Any, **_: Any) -> None:
        connection = ctx.connection
        if not begun:
            begun.append(run_id)
            _write(connection, _run_row(run_id, "up" if step.is_upgrade else "down"))
        for revision in step.up_revision_ids if step.is_upgrade else step.down_revision_ids or ():
            _write(connection, _step_row(run_id, revision, "up" if step.is_upgrade else "down"))
        connection.exec_driver_sql(
            f"UPDATE {name_of('run', Product.POSTGRESQL)} SET revisions = revisions + 1, finished_at = clock_timestamp(),"
            f" state = 'done' WHERE id = '{run_id}'"
        )

    return applied


def _run_row(run_id: str, direction: str) -> Sql:
    columns = "id, tool, direction, strategy, plan_digest, state"
    return Sql(
        f"INSERT INTO {name_of('run', Product.POSTGRESQL)} ({columns}, actor) VALUES (%s, %s, %s, %s, %s, %s, current_user)",
        (run_id, _TOOL, direction, "alembic", "", "done"),
    )


def _step_row(run_id: str, revision: str, direction: str) -> Sql:
    return Sql(
        f"INSERT INTO {name_of('step', Product.POSTGRESQL)} (run_id, id, revision, direction, title, state, open, finished_at)"
        " VALUES (%s, %s, %s, %s, %s, 'done', false, clock_timestamp()) ON CONFLICT DO NOTHING",
        (run_id, f"{revision}:{direction}:alembic", revision, direction, f"alembic ran {revision}"),
    )


def _write(connection: Any, sql: Sql) -> None:
    from sqlalchemy import text

    names = [f"p{number}" for number in range(len(sql.parameters))]
    pieces = sql.text.split("%s")
    marked = "".join(f"{piece}:{name}" for piece, name in zip(pieces, names, strict=False)) + pieces[-1]
    connection.execute(text(marked), dict(zip(names, sql.parameters, strict=True)))
