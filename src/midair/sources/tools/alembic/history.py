"""Alembic's table as data: one row a head, moved along the graph as Alembic moves it."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import partial

from midair.database.session import Session
from midair.errors import ForeignHistory
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Applied, Migration, RevisionId, Standing, State
from midair.model.statement import Sql, quoted
from midair.sources.history import REMEMBERED, History, Marks
from midair.sources.source import Project
from midair.sources.tools.alembic.graph import Graph, Move, moved


@frozen
class Table:
    """Where the heads are kept. Without a schema it is found by the session's search path, as Alembic finds it."""

    name: str = "alembic_version"
    schema: str | None = None
    primary_key: bool = True

    @property
    def sql(self) -> str:
        """The name as it is pasted into SQL."""
        return quoted(self.schema, self.name) if self.schema else quoted(self.name)


def history_of(table: Table, migrations: Sequence[Migration], *, run_is_one_transaction: bool) -> History:
    """The history of a project with these migrations."""
    graph = graph_of(migrations)
    return History(
        table=f"{table.schema}.{table.name}" if table.schema else table.name,
        read=partial(_read, table),
        create=partial(_create, table),
        record=partial(_marks, table, graph.up),
        forget=partial(_marks, table, graph.down),
        lock=lambda _: None,  # the tool takes none
        run_is_one_transaction=run_is_one_transaction,
    )


def graph_of(migrations: Sequence[Migration]) -> Graph:
    """The graph of migrations that are ordered already."""
    return Graph({each.revision: each for each in migrations})


def heads_of(applied: Sequence[Applied]) -> tuple[RevisionId, ...]:
    """The rows of the table itself, without what midair's journal added."""
    return tuple(row.revision for row in applied if row.kind != REMEMBERED)


def _columns(table: Table, session: Session) -> tuple[str, ...]:
    if session.product is Product.SQLITE:
        rows = session.query("SELECT name FROM pragma_table_info(%s)", (table.name,))
        return tuple(str(row[0]) for row in rows)
    # to_regclass follows the search path, as an unqualified name in Alembic's own SQL does.
    rows = session.query(
        "SELECT attname::text FROM pg_catalog.pg_attribute"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table.sql,),
    )
    return tuple(str(row[0]) for row in rows)


def _read(table: Table, session: Session) -> tuple[Applied, ...]:
    columns = _columns(table, session)
    if not columns:
        return ()
    if "version_num" not in columns:
        raise ForeignHistory(
            f"{table.name} with the columns {', '.join(columns)} is not Alembic's",
            hint="name the project's own table: version_table under [tools.alembic] in midair.toml",
        )
    rows = session.query(f"SELECT version_num FROM {table.sql} ORDER BY version_num")
    return tuple(Applied(RevisionId(str(row[0])), order=number) for number, row in enumerate(rows, 1))


def _create(table: Table, session: Session) -> tuple[Sql, ...]:
    if _columns(table, session):
        return ()
    # Letter for letter what Alembic writes: SQLite keeps the text.
    key = (
        f", \n\tCONSTRAINT {_plain(f'{table.name}_pkc')} PRIMARY KEY (version_num)"
        if table.primary_key
        else ""
    )
    name = f"{_plain(table.schema)}.{_plain(table.name)}" if table.schema else _plain(table.name)
    return (Sql(f"CREATE TABLE {name} (\n\tversion_num VARCHAR(32) NOT NULL{key}\n)"),)


def _plain(name: str) -> str:
    """An identifier without quotes where it needs none, as SQLAlchemy renders it."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else quoted(name)


def _marks(
    table: Table,
    step: Callable[[Collection[str], str], tuple[Move, ...]],
    session: Session,
    migrations: Sequence[Migration],
    applied: Sequence[Applied],
) -> tuple[Marks, ...]:
    heads: tuple[str, ...] = heads_of(applied)
    marks: list[Marks] = []
    for migration in migrations:
        moves = step(heads, migration.revision)
        marks.append(
            Marks(within=tuple(sql for move in moves for sql in _writes(table, session.product, move)))
        )
        heads = moved(heads, moves)
    return tuple(marks)


def _writes(table: Table, product: Product, move: Move) -> tuple[Sql, ...]:
    if move.old is None:
        return (Sql(f"INSERT INTO {table.sql} (version_num) VALUES (%s)", (move.new,)),)
    guard = (_guard(table, move.old),) if product is Product.POSTGRESQL else ()
    if move.new is None:
        return (*guard, Sql(f"DELETE FROM {table.sql} WHERE version_num = %s", (move.old,)))
    update = f"UPDATE {table.sql} SET version_num = %s WHERE version_num = %s"
    return (*guard, Sql(update, (move.new, move.old)))


def _guard(table: Table, revision: str) -> Sql:
    """Fails unless exactly this row is there, and keeps others off it until the commit.

    That its UPDATE must hit one row is Alembic's only protection against a second run: it takes no
    lock that midair could take. The text becomes the server's message: it is no integer.
    """
    held = f"SELECT 1 FROM {table.sql} WHERE version_num = %s FOR UPDATE"
    said = "'revision ' || %s::text || ' should be in the version table once; rows found: ' || rows"
    return Sql(
        f"SELECT CASE WHEN rows = 1 THEN 1 ELSE ({said})::int END"
        f" FROM (SELECT count(*) AS rows FROM ({held}) AS held) AS counted",
        (revision, revision),
    )


def compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Every revision in the order they run: applied are the heads and all below them.

    A head whose file is gone comes last as MISSING: Alembic refuses to go on from it ("Can't locate revision").
    """
    graph = graph_of(project.migrations)
    rows = {row.revision: row for row in applied if row.kind != REMEMBERED}
    there, heads = graph.ancestors(rows), set(graph.heads())
    standings = tuple(
        Standing(
            each.revision,
            State.APPLIED if each.revision in there else State.PENDING,
            each,
            rows.get(each.revision),
            "head" if each.revision in heads else None,
        )
        for each in project.migrations
    )
    gone = tuple(row for row in rows.values() if row.revision not in graph.by_revision)
    return (*standings, *(Standing(row.revision, State.MISSING, None, row) for row in gone))
