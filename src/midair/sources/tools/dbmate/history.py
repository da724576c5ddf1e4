"""dbmate's table as data: one row a version, the version as text."""

from collections.abc import Sequence
from functools import partial

from midair.database.session import Session
from midair.errors import ForeignHistory, HistoryDiverged
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Applied, Migration, RevisionId, Standing, State
from midair.model.statement import Sql, quoted
from midair.sources.history import History, Marks, ToolLock
from midair.sources.numbered import columns_of, current_schema, yes
from midair.sources.source import Project


@frozen
class Table:
    """The history table's name; without a schema it is in the session's current one, else in public."""

    name: str
    schema: str | None = None


def history_of(table: Table, versions: Sequence[RevisionId]) -> History:
    """The history of a project whose files have these versions, in the order of their names."""
    return History(
        table=f"{table.schema}.{table.name}" if table.schema else table.name,
        read=partial(_read, table, tuple(versions)),
        create=partial(_create, table),
        record=partial(_record, table),
        forget=partial(_forget, table),
        lock=_lock,
    )


def names_of(table: Table, session: Session) -> tuple[str, ...]:
    """The parts of the table's qualified name on this session."""
    if session.product is Product.SQLITE:
        return (f"{table.schema}.{table.name}" if table.schema else table.name,)
    return (table.schema or current_schema(session) or "public", table.name)


def _read(table: Table, versions: tuple[RevisionId, ...], session: Session) -> tuple[Applied, ...]:
    name = quoted(*names_of(table, session))
    columns = columns_of(session, name)
    if not columns:
        return ()
    if "version" not in columns or "dirty" in columns or _of_rails(session, name):
        raise ForeignHistory(
            f"{name} with the columns {', '.join(columns)} is another tool's (golang-migrate and Rails use the name too)",
            hint="set migrations_table, or choose the tool in midair.toml",
        )
    place = {version: number for number, version in enumerate(versions, 1)}
    rows = sorted(str(row[0]) for row in session.query(f"SELECT version FROM {name}"))
    # The tool keeps no order and rolls back by file name; what has no file any more comes first.
    found = (Applied(RevisionId(version), order=place.get(RevisionId(version), 0)) for version in rows)
    return tuple(sorted(found, key=lambda row: row.order))


def _of_rails(session: Session, name: str) -> bool:
    return bool(columns_of(session, quoted(*[*_parts(name)[:-1], "ar_internal_metadata"])))


def _parts(name: str) -> list[str]:
    return [part.replace('""', '"') for part in name.strip('"').split('"."')]


def _create(table: Table, session: Session) -> tuple[Sql, ...]:
    names = names_of(table, session)
    name = quoted(*names)
    if columns_of(session, name):
        return ()
    if session.product is Product.SQLITE:
        return (Sql(f"create table if not exists {name} (version varchar(128) primary key)"),)
    create = Sql(f"create table if not exists {name} (version varchar primary key)")
    there = session.query("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = %s", (names[0],))[0][
        0
    ]
    return (create,) if there else (Sql(f"create schema if not exists {quoted(names[0])}"), create)


def _record(
    table: Table, session: Session, migrations: Sequence[Migration], _: Sequence[Applied]
) -> tuple[Marks, ...]:
    insert = f"insert into {quoted(*names_of(table, session))} (version) values (%s)"
    return tuple(Marks(within=(Sql(insert, (migration.revision,)),)) for migration in migrations)


def _forget(
    table: Table, session: Session, migrations: Sequence[Migration], _: Sequence[Applied]
) -> tuple[Marks, ...]:
    delete = f"delete from {quoted(*names_of(table, session))} where version = %s"
    return tuple(Marks(within=(Sql(delete, (migration.revision,)),)) for migration in migrations)


def _lock(_: Session) -> ToolLock | None:
    return None  # the tool takes none


def compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Every file in the text order of the names, then rows whose file is gone, which dbmate ignores.

    Raises:
        HistoryDiverged: `strict`, and the first pending version is not above the applied ones.
    """
    rows = {row.revision: row for row in applied}
    files = {each.revision for each in project.migrations}
    standings = tuple(
        Standing(
            each.revision,
            State.APPLIED if each.revision in rows else State.PENDING,
            each,
            rows.get(each.revision),
        )
        for each in project.migrations
    )
    if yes(project.settings.get("strict")):
        _refuse_late(standings)
    # Not MISSING, which stops a run: dbmate goes on without the file.
    gone = (
        Standing(row.revision, State.APPLIED, None, row, "no file")
        for row in applied
        if row.revision not in files
    )
    return (*standings, *gone)


def _refuse_late(standings: Sequence[Standing]) -> None:
    highest = max((each.revision for each in standings if each.state is State.APPLIED), default="")
    first = next((each for each in standings if each.state is State.PENDING), None)
    if first and first.migration and first.revision <= highest:
        raise HistoryDiverged(
            f"{first.migration.span.path} is pending although {highest} is applied, and strict mode refuses that",
            hint="give it a number above the applied ones, or leave strict mode to run it now",
        )
