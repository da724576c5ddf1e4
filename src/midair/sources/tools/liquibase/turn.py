"""Runs one changeset in its turn: its preconditions are asked of the database as it is then (liquibase.md §1.6)."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from midair.database import Guard, Session, open_session
from midair.dialects.dialect import dialect_of
from midair.dialects.sqlite.rebuild import copy_schema
from midair.errors import LockTimeout, ProgramFailed, StatementFailed
from midair.model.address import Address, Product
from midair.model.migration import Block, Direction, Migration
from midair.model.statement import Sql, Statement
from midair.sources.source import LiveRun
from midair.sources.tools.liquibase.preconditions import Verdict, judged
from midair.sources.tools.liquibase.project import LiquibaseProject, liquibase_project
from midair.sources.tools.liquibase.scripts import Writing
from midair.sources.tools.liquibase.table import begin_deployment, rows_of


def live(run: LiveRun) -> None:
    """Asks, runs and records changesets, one by one, over a connection of its own. They are upward: rollbacks are plain scripts.

    Raises:
        ProgramFailed: a precondition halts the run, or a statement failed; nothing of it is left.
    """
    ours = liquibase_project(run.project)
    wait_ms = int(run.bounds.get("lock_timeout", "0ms").removesuffix("ms") or 0)
    session = open_session(run.address, Guard(lock_wait_ms=wait_ms), "midair")
    try:
        begin_deployment(session)
        for migration in run.migrations:
            _run(ours, migration, session)
    finally:
        session.close()


def _run(ours: LiquibaseProject, migration: Migration, session: Session) -> None:
    changeset = ours.changesets[migration.revision]
    node = changeset.preconditions
    verdict = judged(node, ours.decisions.asking(session, changeset)) if node else Verdict("PASSED")
    match verdict.outcome:
        case "HALT":
            raise ProgramFailed(f"{changeset.span} {changeset.key} Preconditions Failed: {verdict.reason}")
        case "CONTINUE":
            ours.skipped.add(migration.revision)
        case "MARK_RAN":
            session.run([_row(ours, migration, session, "MARK_RAN")], atomic=True)
        case _:
            _changes(ours, migration, session)


def _changes(ours: LiquibaseProject, migration: Migration, session: Session) -> None:
    changeset = ours.changesets[migration.revision]
    with _shadow(session) as shadow:
        script = Writing(ours, dialect_of(session.product), shadow).script(migration, Direction.UP)
    row = _row(ours, migration, session, "EXECUTED")
    last = script.blocks[-1] if script.blocks else Block(())
    try:
        for block in script.blocks[:-1]:
            session.run(block.statements, atomic=block.atomic)
        if last.atomic:
            session.run([*last.statements, row], atomic=True)
        else:
            session.run(last.statements, atomic=False)
            session.run([row], atomic=True)
    except StatementFailed as error:
        if isinstance(error, LockTimeout) and last.atomic:
            raise  # nothing of the last transaction is left; the executor tries again
        if changeset.fail_on_error:
            raise ProgramFailed(
                f"{_where(script.statements, error, changeset.span)}: {error.message}",
                state=None if last.atomic else _left(last, error),
            ) from error
        ours.skipped.add(migration.revision)
    else:
        ours.ran.add(migration.revision)


@contextmanager
def _shadow(session: Session) -> Generator[Session | None]:
    """The schema of a SQLite database as it is now, in memory."""
    if session.product is not Product.SQLITE:
        yield None
        return
    shadow = open_session(Address(Product.SQLITE, ":memory:"), Guard(), "midair scratch")
    try:
        copy_schema(session, shadow)
        yield shadow
    finally:
        shadow.close()


def _left(block: Block, error: StatementFailed) -> str:
    """What a changeset that is no transaction leaves when one of its statements fails."""
    ran = f"{error.index} of its {len(block.statements)} statements are in"
    return f"{ran}, this one and those after it are not; the changeset is not recorded"


def _where(statements: Sequence[Statement], error: StatementFailed, otherwise: object) -> str:
    return str(statements[error.index].span if error.index < len(statements) else otherwise)


def _row(ours: LiquibaseProject, migration: Migration, session: Session, kind: str) -> Sql:
    rows = rows_of(session, ours.decisions.tables)
    return ours.keeping.row(session, migration.revision, kind, rows)
