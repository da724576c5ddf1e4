"""The history table on a server: its name, whether it is there, the SQL that makes it (flyway.md §3)."""

from midair.database.session import Session
from midair.errors import BadSetting, ForeignHistory
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.statement import Parameter, Sql, quoted
from midair.sources.numbered import columns_of, current_schema
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.local import cut_description, cut_script

_COLUMNS = {
    "installed_rank", "version", "description", "type", "script", "checksum", "installed_by", "installed_on",
    "execution_time", "success",
}  # fmt: skip
_POSTGRESQL = """CREATE TABLE {table} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
){tablespace}"""
_SQLITE = """CREATE TABLE {table} (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INT,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INT NOT NULL,
    "success" BOOLEAN NOT NULL
)"""
_SCHEMA_HOLDS_SOMETHING = """
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c', 'f')
                 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'))
    OR EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
               WHERE n.nspname = %s AND t.typtype IN ('e', 'd', 'r')
                 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.classid = 'pg_type'::regclass AND d.deptype = 'e'))
    OR EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE n.nspname = %s
                 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'))
"""
_FILE_HOLDS_SOMETHING = """
SELECT EXISTS (SELECT 1 FROM sqlite_master
               WHERE type = 'table' AND name NOT IN ('android_metadata', 'sqlite_sequence')
                 AND substr(name, 1, 7) <> 'midair_')
"""
_SCHEMA_EXISTS = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)"


@frozen
class Place:
    """Where one project's history is on one server."""

    schema: str
    table: str
    product: Product

    @property
    def name(self) -> str:
        """The quoted, qualified name."""
        return quoted(self.schema, self.table)

    @property
    def plain(self) -> str:
        """The quoted name by which to look its columns up."""
        return quoted(self.table) if self.product is Product.SQLITE else self.name


def place_of(settings: Settings, session: Session) -> Place:
    """The configured default schema's table, else the one of the connection's own schema.

    Raises:
        BadSetting: the connection has no current schema and none is configured.
    """
    if session.product is Product.SQLITE:
        return Place("main", settings.table, session.product)
    schema = settings.configured_schema or current_schema(session)
    if schema is None:
        raise BadSetting(
            "the role's search_path names no schema that exists", hint="set flyway.defaultSchema"
        )
    return Place(schema, settings.table, session.product)


def is_there(place: Place, session: Session) -> bool:
    """Whether the history table exists.

    Raises:
        ForeignHistory: a table has its name and not its columns.
    """
    columns = set(columns_of(session, place.plain))
    if "version_rank" in columns:
        raise ForeignHistory(
            f"{place.name} was made by Flyway 3 or before (it has version_rank)",
            hint="upgrade it once with Flyway 4 or 5, then come back",
        )
    if columns and not columns >= _COLUMNS:
        raise ForeignHistory(
            f"{place.name} has the columns {', '.join(sorted(columns))}; Flyway's history also has {', '.join(sorted(_COLUMNS - columns))}",
            hint="another tool's table has the name: set flyway.table, or choose the tool in midair.toml",
        )
    return bool(columns)


def managed_schemas(settings: Settings, place: Place) -> tuple[str, ...]:
    """All schemas the project manages, the default one first."""
    return tuple(dict.fromkeys((place.schema, *settings.schemas)))


def missing_schemas(settings: Settings, place: Place, session: Session) -> tuple[str, ...]:
    """The managed schemas that do not exist yet."""
    if session.product is Product.SQLITE:
        return ()
    return tuple(
        name for name in managed_schemas(settings, place) if not session.query(_SCHEMA_EXISTS, (name,))[0][0]
    )


def holds_something(settings: Settings, place: Place, session: Session) -> tuple[str, ...]:
    """The managed schemas that are not empty; what extensions own and midair's own tables do not count."""
    if session.product is Product.SQLITE:
        return (place.schema,) if session.query(_FILE_HOLDS_SOMETHING)[0][0] else ()
    return tuple(
        name
        for name in managed_schemas(settings, place)
        if session.query(_SCHEMA_HOLDS_SOMETHING, (name, name, name))[0][0]
    )


def table_sql(settings: Settings, place: Place) -> tuple[Sql, ...]:
    """What makes the table, as Flyway makes it."""
    index = quoted(f"{place.table}_s_idx")
    if place.product is Product.SQLITE:
        return (
            Sql(_SQLITE.format(table=place.name)),
            Sql(f'CREATE INDEX "main".{index} ON {quoted(place.table)} ("success")'),
        )
    on = f" TABLESPACE {quoted(settings.tablespace)}" if settings.tablespace else ""
    using = f" USING INDEX TABLESPACE {quoted(settings.tablespace)}" if settings.tablespace else ""
    key = quoted(f"{place.table}_pk")
    return (
        Sql(_POSTGRESQL.format(table=place.name, tablespace=on)),
        Sql(f'ALTER TABLE {place.name} ADD CONSTRAINT {key} PRIMARY KEY ("installed_rank"){using}'),
        Sql(f'CREATE INDEX {index} ON {place.name} ("success")'),
    )


@frozen
class Row:
    """What is to be written about one migration."""

    version: str | None
    description: str
    type: str
    script: str
    checksum: int | None
    success: bool = True
    timed: bool = False
    """The time since the transaction began is the migration's."""


def insert(place: Place, settings: Settings, row: Row, *, first_rank: int = 1) -> Sql:
    """The row with the next rank; `first_rank` is that of the first row of an empty table."""
    parameters: list[Parameter] = [
        row.version, cut_description(row.description), row.type, cut_script(row.script), row.checksum,
    ]  # fmt: skip
    by, more = installed_by(place, settings)
    parameters += [*more, row.success]
    took = "0"
    if row.timed and place.product is Product.POSTGRESQL:
        took = "CAST(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000 AS integer)"
    rank = f'(SELECT coalesce(max("installed_rank"), {first_rank - 1}) + 1 FROM {place.name})'
    return Sql(
        f'INSERT INTO {place.name} ("installed_rank", "version", "description", "type", "script", "checksum",'
        f' "installed_by", "execution_time", "success")'
        f" VALUES ({rank}, %s, %s, %s, %s, %s, {by}, {took}, %s)",
        tuple(parameters),
    )


def installed_by(place: Place, settings: Settings) -> tuple[str, tuple[Parameter, ...]]:
    """Who the row says it was, as SQL and its parameters: the setting, else the role, else (SQLite) nobody."""
    if settings.installed_by:
        return "%s", (settings.installed_by,)
    return ("current_user", ()) if place.product is Product.POSTGRESQL else ("%s", ("",))
