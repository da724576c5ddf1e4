"""A copy of a database's schema, without its rows: what a migration's program sees must be what the target has."""

from collections.abc import Callable, Iterator, Sequence

from midair.database.session import Session
from midair.dialects.dialect import dialect_of
from midair.dialects.postgresql.parse import statement_of
from midair.errors import MissingExtension, StatementFailed
from midair.journal.tables import TABLES
from midair.model.address import Product
from midair.model.statement import Span, Sql, Statement, quoted

_DUMP = ("--schema-only", "--lock-wait-timeout=5s")
_BARE = ("--no-owner", "--no-privileges", "--no-comments")
"""Enough for a program that only asks what tables and columns there are."""
_AROUND = frozenset(
    ("grant_stmt", "alter_owner_stmt", "alter_default_privileges_stmt", "comment_stmt", "alter_table_stmt")
)
"""What says whose an object is, who may use it and what people call it; a role that made a table itself is refused no
other ALTER TABLE."""
_NOT_PERMITTED = "42501"
_NO_SUCH_OBJECT = "42704"
_UNDEFINED_FILE = "58P01"
_NOT_SUPPORTED = "0A000"
_EMPTY = """
SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'midair') AND n.nspname NOT LIKE 'pg_toast%%')
   AND NOT EXISTS (SELECT FROM pg_namespace
                   WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'midair', 'public') AND nspname NOT LIKE 'pg\\_%%')
   AND NOT EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'midair') AND t.typtype IN ('e', 'd'))
   AND NOT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'midair'))
   AND (SELECT count(*) = 1 FROM pg_extension)
"""


def clone_schema(
    source: Session,
    copy: Session,
    dump: Callable[[Sequence[str]], str],
    keep_rows_of: str,
    *,
    whole: bool = False,
) -> tuple[str, ...]:
    """Brings the source's schema about in an empty database, and the rows of one table (the tool's history).

    `whole`: with owners, privileges and comments, as far as the copy's role may set them; gives those it may not.

    Raises:
        MissingExtension: the throwaway server lacks an extension the schema uses.
    """
    if source.product is Product.SQLITE:
        _clone_sqlite(source, copy)
        left: list[str] = []
    elif source.query(_EMPTY)[0][0]:
        return ()
    else:
        arguments = _arguments(source)
        text = dump(arguments if whole else (*arguments, *_BARE))
        left = list(_restore(copy, dialect_of(copy.product).split(text, "schema dump", 1)))
    _copy_rows(source, copy, keep_rows_of)
    return tuple(left)


def _arguments(source: Session) -> tuple[str, ...]:
    """What is dumped: of schema midair not the journal, but what triggers, views and defaults of the user's own tables name."""
    if not source.query("SELECT to_regnamespace('midair') IS NOT NULL")[0][0]:
        return ("--exclude-schema=midair", *_DUMP)
    return (*(f"--exclude-table=midair.{each}" for each in TABLES), *_DUMP)


def _restore(copy: Session, statements: Sequence[Statement]) -> Iterator[str]:
    """Runs a dump's statements; gives the ones about owners, privileges and comments that the copy's role may not run."""
    for statement in statements:
        try:
            copy.run([statement], atomic=False)
        except StatementFailed as error:
            if _is_for_others(error) and statement_of(statement.sql)[0] in _AROUND:
                yield statement.sql
                continue
            if error.sqlstate in (_UNDEFINED_FILE, _NOT_SUPPORTED) and "EXTENSION" in statement.sql.upper():
                raise MissingExtension(
                    f"the throwaway server cannot do {statement.sql}: {error.message}",
                    hint="set MIDAIR_PG_BIN to a server that has it, or name a `scratch` URL in midair.toml",
                ) from error
            if "already exists" not in error.message:  # schema public is there from the start
                raise
    copy.run([Sql("RESET ALL")], atomic=False)  # a dump empties search_path for its own statements


def _is_for_others(error: StatementFailed) -> bool:
    """It is about a role that is not there, or that ours may not speak for."""
    return error.sqlstate == _NOT_PERMITTED or (
        error.sqlstate == _NO_SUCH_OBJECT and error.message.startswith("role ")
    )


def _clone_sqlite(source: Session, copy: Session) -> None:
    rows = source.query(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'midair_%' ORDER BY rowid"
    )
    if rows:
        copy.run([Statement(row[0], Span("schema", 1)) for row in rows], atomic=True)


def _copy_rows(source: Session, copy: Session, table: str) -> None:
    name = quoted(*table.split(".", 1))
    try:
        rows = source.query(f"SELECT * FROM {name}")
    except StatementFailed:
        return  # the tool's table is not there yet
    if rows:
        marks = ", ".join(["%s"] * len(rows[0]))
        copy.run([Sql(f"INSERT INTO {name} VALUES ({marks})", tuple(row)) for row in rows], atomic=True)
