"""The two history tables: their names, their DDL, their rows as SQL (liquibase.md §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from midair import __version__
from midair.database.session import Session
from midair.errors import ForeignHistory
from midair.model.address import Product
from midair.model.statement import Parameter, Sql
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.rows import contexts_text, cut, description, labels_text
from midair.sources.tools.liquibase.writing.names import Quoting

_NEEDED = {"id", "author", "filename", "orderexecuted", "exectype", "md5sum"}
_READ = (
    "SELECT ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, EXECTYPE, MD5SUM, DESCRIPTION, TAG, LABELS"
    " FROM {} ORDER BY DATEEXECUTED ASC, ORDEREXECUTED ASC"
)
_COLUMNS = (
    ("ID", 255, True), ("AUTHOR", 255, True), ("FILENAME", 255, True), ("DATEEXECUTED", 0, True),
    ("ORDEREXECUTED", -1, True), ("EXECTYPE", 10, True), ("MD5SUM", 35, False), ("DESCRIPTION", 255, False),
    ("COMMENTS", 255, False), ("TAG", 255, False), ("LIQUIBASE", 20, False), ("CONTEXTS", 255, False),
    ("LABELS", 255, False), ("DEPLOYMENT_ID", 10, False),
)  # fmt: skip
_POSTGRESQL_STARTED = (
    "(SELECT right(CAST(CAST(floor(extract(epoch FROM backend_start) * 1000) AS bigint) AS text), 10)"
    " FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid())"
)
"""One connection is one run: its start is the deployment's, the same for all rows and in every plan's text."""
_MARIADB_STARTED = (
    "coalesce(@midair_deployment, right(cast(floor(unix_timestamp(now(3)) * 1000) AS char), 10))"
)


@dataclass(frozen=True, slots=True)
class Kinds:
    """One product's words for what the two tables hold. `started` is when the run began, as DEPLOYMENT_ID has it."""

    truth: str
    true: str
    false: str
    moment: str
    now: str
    started: str


KINDS = {
    Product.POSTGRESQL: Kinds(
        "BOOLEAN", "TRUE", "FALSE", "TIMESTAMP WITHOUT TIME ZONE", "NOW()", _POSTGRESQL_STARTED
    ),
    Product.SQLITE: Kinds(
        "BOOLEAN", "1", "0", "TEXT", "CURRENT_TIMESTAMP", "(SELECT id FROM temp.midair_deployment)"
    ),
    Product.MARIADB: Kinds("TINYINT(1)", "1", "0", "datetime", "NOW()", _MARIADB_STARTED),
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the history table and of its lock table, as SQL."""

    history: str
    lock: str

    @classmethod
    def named(cls, schema: str | None, history: str | None, lock: str | None, dbms: str) -> "Tables":
        """The tables of these settings; Liquibase's own names where they say nothing."""
        quoting = Quoting(dbms)
        prefix = f"{quoting(schema)}." if schema and dbms != "sqlite" else ""
        return cls(
            prefix + quoting(history or "DATABASECHANGELOG"),
            prefix + quoting(lock or "DATABASECHANGELOGLOCK"),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read."""

    id: str
    author: str
    filename: str
    executed_at: datetime | None
    order: int
    kind: str
    checksum: str | None
    description: str | None
    tag: str | None
    labels: str | None


def columns_of(session: Session, table: str) -> set[str]:
    """The lower-case names of a table's columns, none when there is no such table."""
    if session.product is Product.SQLITE:
        found = session.query("SELECT name FROM pragma_table_info(%s)", (table.strip('"'),))
    elif session.product is Product.MARIADB:
        schema, _, name = table.rpartition(".")
        # names of tables are told apart by case where the server's file system does
        found = session.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = coalesce(nullif(%s, ''), database())"
            " AND table_name = %s AND (@@lower_case_table_names > 0 OR BINARY table_name = %s)",
            (schema.strip("`"), name.strip("`"), name.strip("`")),
        )
    else:
        found = session.query(
            "SELECT attname FROM pg_catalog.pg_attribute"
            " WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            (table,),
        )
    return {str(name).lower() for (name,) in found}


def is_there(session: Session, tables: Tables) -> bool:
    """Whether the history table exists.

    Raises:
        ForeignHistory: a table has its name and not its columns.
    """
    columns = columns_of(session, tables.history)
    if columns and not columns >= _NEEDED:
        missing = ", ".join(sorted(each.upper() for each in _NEEDED - columns))
        raise ForeignHistory(
            f"{tables.history} lacks {missing}, which Liquibase's history has",
            hint="another tool's table has the name: set databaseChangeLogTableName",
        )
    return bool(columns)


def rows_of(session: Session, tables: Tables) -> tuple[Row, ...]:
    """Every row, oldest first."""
    if not is_there(session, tables):
        return ()
    return tuple(_row(each) for each in session.query(_READ.format(tables.history)))


def _row(values: Sequence[Any]) -> Row:
    moment = values[3]
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:  # the JDBC driver for SQLite may have stored it in another shape
            moment = None
    elif isinstance(moment, int):
        moment = datetime.fromtimestamp(moment / 1000)
    name, author, filename, _, order, kind, checksum, text, tag, labels = values
    return Row(name, author, filename, moment, int(order), kind, checksum, text, tag, labels)


def lock_table(session: Session, tables: Tables) -> tuple[Sql, ...]:
    """What makes the lock table and its one row."""
    sqlite = session.product is Product.SQLITE
    kinds = KINDS[session.product]
    name = tables.lock.rpartition(".")[2].strip('"')
    key = f"PK_{name}" if sqlite else f"{name}_pkey".lower()
    return (
        Sql(
            f"CREATE TABLE {tables.lock} (ID INTEGER NOT NULL, LOCKED {kinds.truth} NOT NULL, LOCKGRANTED {kinds.moment},"
            f" LOCKEDBY VARCHAR(255), CONSTRAINT {key} PRIMARY KEY (ID))"
        ),
        Sql(f"DELETE FROM {tables.lock}"),
        Sql(f"INSERT INTO {tables.lock} (ID, LOCKED) VALUES (1, {kinds.false})"),
    )


def creating(session: Session, tables: Tables) -> tuple[Sql, ...]:
    """What makes both tables where they are missing, and columns older tables lack."""
    kinds = KINDS[session.product]
    made = [] if columns_of(session, tables.lock) else [*lock_table(session, tables)]
    present = columns_of(session, tables.history)
    shaped = [(name, _shape(size, kinds), needed) for name, size, needed in _COLUMNS]
    if not present:
        inside = ", ".join(f"{name} {kind}{' NOT NULL' if needed else ''}" for name, kind, needed in shaped)
        made.append(Sql(f"CREATE TABLE {tables.history} ({inside})"))
    else:
        made += [
            Sql(f"ALTER TABLE {tables.history} ADD {name} {kind}")
            for name, kind, _ in shaped
            if name.lower() not in present
        ]
    return tuple(made)


def _shape(size: int, kinds: "Kinds") -> str:
    if size > 0:
        return f"VARCHAR({size})"
    if size < 0:
        return "INTEGER"
    return kinds.moment


def begin_deployment(session: Session) -> None:
    """Remembers when this run began, where a query cannot ask: in a variable of the session (MariaDB), or a temporary table."""
    if session.product is Product.MARIADB:
        session.query(f"SET @midair_deployment = {_MARIADB_STARTED}")
    if session.product is not Product.SQLITE:
        return
    session.run(
        [
            Sql("CREATE TEMP TABLE IF NOT EXISTS midair_deployment (id TEXT)"),
            Sql(
                "INSERT INTO temp.midair_deployment SELECT substr(CAST(CAST((julianday('now') - 2440587.5)"
                " * 86400000 AS INTEGER) AS TEXT), -10) WHERE NOT EXISTS (SELECT 1 FROM temp.midair_deployment)"
            ),
        ],
        atomic=False,
    )


def writing(
    session: Session,
    tables: Tables,
    changeset: Changeset,
    checksum: str | None,
    kind: str,
    existing: Row | None,
) -> Sql:
    """The row of a changeset: a new one, or the one it had brought up to date."""
    kinds = KINDS[session.product]
    now, started = kinds.now, kinds.started
    # MariaDB reads a table that it writes to only behind a name of its own
    order = (
        f"(SELECT n FROM (SELECT coalesce(max(ORDEREXECUTED), 0) + 1 AS n FROM {tables.history}) AS newest)"
    )
    values: dict[str, Parameter] = {
        "MD5SUM": checksum,
        "DESCRIPTION": description(changeset),
        "COMMENTS": cut(changeset.comments),
        "EXECTYPE": kind,
        "CONTEXTS": contexts_text(changeset),
        "LABELS": labels_text(changeset),
        "LIQUIBASE": tool_version(),
    }
    if changeset.tag and kind != "MARK_RAN":
        values["TAG"] = changeset.tag
    if existing is not None:
        sets = ", ".join(f"{name} = %s" for name in values)
        return Sql(
            f"UPDATE {tables.history} SET DATEEXECUTED = {now}, ORDEREXECUTED = {order}, DEPLOYMENT_ID = {started},"
            f" {sets} WHERE ID = %s AND AUTHOR = %s AND FILENAME = %s",
            (*values.values(), existing.id, existing.author, existing.filename),
        )
    names = ", ".join(values)
    marks = ", ".join("%s" for _ in values)
    return Sql(
        f"INSERT INTO {tables.history} (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, DEPLOYMENT_ID, {names})"
        f" VALUES (%s, %s, %s, {now}, {order}, {started}, {marks})",
        (changeset.id, changeset.author, changeset.path, *values.values()),
    )


def tool_version() -> str:
    """What the LIQUIBASE column says of us; it holds 20 characters."""
    return f"midair {__version__}"[:20]
