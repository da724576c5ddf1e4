"""The tool's own table as data: how to list what is applied, how to record one more."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from midair.database.session import Session
from midair.model.frozen import frozen
from midair.model.migration import Applied, Migration, RevisionId
from midair.model.statement import Sql

REMEMBERED = "remembered"
"""The `kind` of rows that midair's journal adds to a history that is only a cursor."""


@frozen
class Marks:
    """What the tool writes about one migration, by the place it writes it in.

    `within` commits with the migration's last transaction; `before` and `after` in transactions
    of their own around a migration that cannot be one transaction (golang-migrate's dirty flag);
    an atomic migration needs only `within`. `on_failure`: what the tool leaves behind when a
    migration outside a transaction fails.
    """

    within: tuple[Sql, ...] = ()
    before: tuple[Sql, ...] = ()
    after: tuple[Sql, ...] = ()
    on_failure: tuple[Sql, ...] = ()
    timed: bool = False
    """The rows tell how long the migration's transaction took."""


@frozen
class ToolLock:
    """The lock the tool itself takes, as PostgreSQL advisory keys: midair polls for all of them.

    `lone_builds`: it must be let go while an index is built concurrently, because the tool waits
    for it in a blocking statement whose snapshot the build would wait for (other-tools.md §1).
    """

    keys: tuple[int, ...]
    lone_builds: bool = False


@frozen
class History:
    """One tool's history table in one project. `table` is its name for people.

    `read` gives what is applied, oldest first, and nothing when the table is absent; it raises
    ForeignHistory when another tool's table has the name. `create` brings the table about where
    it is absent (run before the first migration, and harmless when it is there). `record` and
    `forget` give each migration's marks, for a sequence that will be run in that order starting
    from `applied`. `lock` computes what the tool would take on this session.
    """

    table: str
    read: Callable[[Session], tuple[Applied, ...]]
    create: Callable[[Session], tuple[Sql, ...]]
    record: Callable[[Session, Sequence[Migration], Sequence[Applied]], tuple[Marks, ...]]
    forget: Callable[[Session, Sequence[Migration], Sequence[Applied]], tuple[Marks, ...]]
    lock: Callable[[Session], ToolLock | None]
    hold: Callable[[Session], AbstractContextManager[None]] | None = None
    """Holds the tool's lock where it is a row of a table (Liquibase, Knex), for as long as the context lasts."""
    tables: tuple[str, ...] = ()
    """Every table the tool keeps for itself, `table` among them; empty when that is the only one."""
    release: Callable[[Session], tuple[tuple[str, Sql], ...]] | None = None
    """What lets go of a lock row whose owner is gone: a sentence for people and the SQL. It raises
    AlreadyRunning while the owner can be seen at work."""
    stamp: Callable[[Session, Sequence[Migration], Sequence[Applied]], tuple[Marks, ...]] | None = None
    """As `record`, for migrations that are recorded and not run, where the tool writes them differently."""
    decide: Callable[[Session, Sequence[Migration], Collection[RevisionId]], None] | None = None
    """Settles, before statements are asked for, which of these run: Liquibase asks preconditions of the database. Those
    of the collection are half done: they were settled when they were begun. It raises Refused when one stops the run."""
    run_is_one_transaction: bool = False
    """The tool wraps all pending migrations in one transaction (Alembic's default, Flyway's `group`)."""
    is_cursor: bool = False
    """The table holds only where the project stands. `compare` then also gets, as rows of kind
    REMEMBERED, what was at or below the cursor when midair last ran, so that a late file shows."""
