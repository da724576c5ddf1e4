"""golang-migrate's table as data: one row, the current version, and whether a run died on it."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import partial
from zlib import crc32

from midair.database.session import Session
from midair.errors import BadMigration, BadSetting, Dirty, ForeignHistory, HistoryDiverged
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Applied, Direction, Migration, RevisionId, Standing, State
from midair.model.statement import Sql, quoted
from midair.sources.history import REMEMBERED, History, Marks, ToolLock
from midair.sources.numbered import columns_of, current_schema, yes
from midair.sources.source import Project
from midair.sources.tools.golang_migrate.files import Pair, pairs_in
from midair.sources.tools.golang_migrate.halfway import Evidence, Extent, evidence
from midair.sources.tools.golang_migrate.scripts import blocks_of

_NONE = -1
_LOCK_SALT = 1486364155


@frozen
class Table:
    """The history table's name; without a schema it is in the session's current one."""

    name: str
    schema: str | None = None


def table_of(settings: Mapping[str, str]) -> Table:
    """The table that `migrations_table` and `migrations_table_quoted` name.

    Raises:
        BadSetting: the quotes do not fit together.
    """
    name = settings.get("migrations_table") or "schema_migrations"
    if not yes(settings.get("migrations_table_quoted")):
        return Table(name)
    parts = name.split('"')
    names, between = parts[1::2], parts[::2]
    if len(parts) % 2 == 0 or len(names) not in (1, 2) or any(text not in ("", ".") for text in between):
        raise BadSetting(
            f"migrations_table is {name}, and migrations_table_quoted says it is quoted",
            hint='write it as "schema"."table", quotes included',
        )
    return Table(names[-1], names[0] if len(names) == 2 else None)


def history_of(table: Table, versions: Sequence[int]) -> History:
    """The history of a project whose files have these versions, lowest first."""
    return History(
        table=f"{table.schema}.{table.name}" if table.schema else table.name,
        read=partial(_read, table),
        create=partial(_create, table),
        record=partial(_record, table),
        forget=partial(_forget, table, tuple(versions)),
        lock=partial(_lock, table),
        is_cursor=True,
    )


def lock_id(schema: str, table: str, database: str) -> int:
    """The advisory lock's key: a CLI run hashes the URL's path (`/name`), an embedding program the bare name."""
    return crc32("\0".join((schema, table, database)).encode()) * _LOCK_SALT % 2**32


def _names(table: Table, session: Session) -> tuple[str, ...]:
    if session.product is Product.SQLITE:
        return (table.name,)
    schema = table.schema or current_schema(session)
    if schema is None:
        raise BadSetting(
            "the role's search_path names no schema that exists",
            hint="create the schema, or set search_path in the URL",
        )
    return (schema, table.name)


def _read(table: Table, session: Session) -> tuple[Applied, ...]:
    name = quoted(*_names(table, session))
    columns = columns_of(session, name)
    if not columns:
        return ()
    if not {"version", "dirty"} <= set(columns):
        raise ForeignHistory(
            f"{name} has the columns {', '.join(columns)}; golang-migrate's are version and dirty",
            hint="another tool's table has the name: set migrations_table, or choose the tool in midair.toml",
        )
    rows = session.query(f"SELECT version, dirty FROM {name} LIMIT 1")
    return tuple(Applied(RevisionId(str(version)), success=not dirty) for version, dirty in rows)


def _create(table: Table, session: Session) -> tuple[Sql, ...]:
    names = _names(table, session)
    name = quoted(*names)
    if columns_of(session, name):
        return ()  # a role without CREATE may still migrate
    if session.product is Product.SQLITE:
        return (
            Sql(f"CREATE TABLE IF NOT EXISTS {name} (version uint64,dirty bool)"),
            Sql(f"CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {name} (version)"),
        )
    return (
        Sql(
            f"CREATE TABLE IF NOT EXISTS {name} (version bigint not null primary key, dirty boolean not null)"
        ),
    )


def _record(
    table: Table, session: Session, migrations: Sequence[Migration], _: Sequence[Applied]
) -> tuple[Marks, ...]:
    name = quoted(*_names(table, session))  # asked once, not for each of 5 000 migrations
    return tuple(_marks(name, session.product, int(migration.revision)) for migration in migrations)


def _forget(
    table: Table,
    versions: tuple[int, ...],
    session: Session,
    migrations: Sequence[Migration],
    _: Sequence[Applied],
) -> tuple[Marks, ...]:
    name = quoted(*_names(table, session))
    return tuple(_marks(name, session.product, _below(versions, int(each.revision))) for each in migrations)


def _below(versions: Sequence[int], version: int) -> int:
    position = bisect_left(versions, version)
    return versions[position - 1] if position else _NONE


def _marks(name: str, product: Product, version: int) -> Marks:
    # In one transaction with the change the flag is never seen dirty: better than the tool, and the same afterwards.
    clean = _cursor(name, product, version, dirty=False)
    return Marks(within=clean, before=_cursor(name, product, version, dirty=True), after=clean)


def _cursor(name: str, product: Product, version: int, *, dirty: bool) -> tuple[Sql, ...]:
    """What puts the cursor on a version; a clean −1 is an empty table, a dirty −1 a row."""
    # The tool truncates on PostgreSQL; DELETE leaves the same row, without ACCESS EXCLUSIVE and a new file each time.
    empty = Sql(f"DELETE FROM {name}")
    if version == _NONE and not dirty:
        return (empty,)
    return (empty, Sql(f"INSERT INTO {name} (version, dirty) VALUES (%s, %s)", (version, dirty)))


def _lock(table: Table, session: Session) -> ToolLock | None:
    if session.product is not Product.POSTGRESQL:
        return None  # SQLite: the tool locks within its own process only
    schema, name = _names(table, session)
    database = str(session.query("SELECT current_database()")[0][0])
    return ToolLock(
        (lock_id(schema, name, f"/{database}"), lock_id(schema, name, database)), lone_builds=True
    )


def compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Every file up to the cursor is applied, every one behind it pending, lowest first.

    The cursor alone cannot tell a late file from an applied one, and the tool never runs it. With
    rows of kind `remembered` among `applied` (what the folder held when midair last ran), a
    version below their highest that is not among them came late.

    Raises:
        Dirty: a run died; the message says on which file.
        HistoryDiverged: no file has the current version, which the tool refuses too.
    """
    rows = [row for row in applied if row.kind != REMEMBERED]
    if not rows:
        return tuple(Standing(each.revision, State.PENDING, each) for each in project.migrations)
    cursor = max(rows, key=lambda row: row.order)
    if not cursor.success:
        raise _dirty(project, int(cursor.revision))
    if all(each.revision != cursor.revision for each in project.migrations):
        raise HistoryDiverged(
            f"the database is at version {cursor.revision}, and no file of {project.folder.name}/ has that version; golang-migrate refuses too",
            hint=f"bring the file back, or `midair stamp` the version the database is really at ({project.history.table})",
        )
    known = {int(row.revision) for row in applied if row.kind == REMEMBERED}
    return tuple(_standing(each, cursor, known) for each in project.migrations)


def _standing(migration: Migration, cursor: Applied, known: set[int]) -> Standing:
    version = int(migration.revision)
    if version > int(cursor.revision):
        return Standing(migration.revision, State.PENDING, migration)
    if version == int(cursor.revision):
        return Standing(migration.revision, State.APPLIED, migration, cursor)
    late = bool(known) and version < max(known) and version not in known
    return Standing(migration.revision, State.LATE if late else State.APPLIED, migration)


def _suspects(project: Project, version: int) -> tuple[tuple[Pair, Direction], ...]:
    """The files whose run can have left this dirty version: its own up, or the down of the next higher.

    A missing or unknown file cannot have failed. −1 is what the lowest version's down leaves.
    """
    pairs, above = pairs_in(project.folder, project.root), _above(project, version)
    own = next((pair for pair in pairs if pair.version == version), None)
    found: list[tuple[Pair, Direction]] = []
    if own and own.up:
        found.append((own, Direction.UP))
    if above and above.down and (own or version == _NONE):
        found.append((above, Direction.DOWN))
    return tuple(found)


def _above(project: Project, version: int) -> Pair | None:
    later = (pair for pair in pairs_in(project.folder, project.root) if pair.version > version)
    return min(later, key=lambda pair: pair.version, default=None)


def _suspicion(versions: Sequence[int], version: int, side: Direction) -> tuple[str, str, tuple[str, ...]]:
    """A run that can have left the mark, and where the cursor stood before it."""
    before = _below(versions, version) if side is Direction.UP else version
    return str(version), str(side), () if before == _NONE else (str(before),)


def _dirty(project: Project, version: int) -> Dirty:
    suspects = _suspects(project, version)
    files = " or ".join(
        str((pair.up if side is Direction.UP else pair.down) or "") for pair, side in suspects
    )
    message = f"golang-migrate marked version {version} dirty: {files or 'a file that is gone'} failed"
    if version == _NONE:
        message += "; −1 stands for no version, below the first one"
    elif any(side is Direction.DOWN for _, side in suspects):
        message += "; after a failed down the row names the version below it"
    versions = [int(each.revision) for each in project.migrations]
    above = _above(project, version)
    if above is not None and (above, Direction.DOWN) not in suspects:
        suspects = (
            *suspects,
            (above, Direction.DOWN),
        )  # midair takes back what waits for contract without a file
    return Dirty(
        message,
        suspects=tuple(_suspicion(versions, pair.version, side) for pair, side in suspects),
        state="the table is locked against every further run of golang-migrate; what the file left depends on its statements",
        hint="`midair repair` asks the schema which statements are in and settles it where that is clear; else mend by hand and "
        "say `midair repair VERSION --done` or `--not-done` (as `migrate force` does)",
    )


def repair(session: Session, project: Project, applied: Sequence[Applied]) -> tuple[tuple[str, Sql], ...]:
    """What `migrate force` would write, where the schema or the file shows which version it is at.

    Raises:
        Dirty: part of a file is in, or nothing can tell; the message says which statements are in.
    """
    cursor = next((row for row in applied if row.kind != REMEMBERED and not row.success), None)
    if cursor is None:
        return ()
    suspects = _suspects(project, int(cursor.revision))
    versions = [int(each.revision) for each in project.migrations]
    seen = [_evidence(session, project, pair, side) for pair, side in suspects]
    version = _version_by(seen, suspects, versions)
    if version is None and len(suspects) == 1 and _was_one_transaction(session, project, *suspects[0]):
        pair, side = suspects[0]
        version = _below(versions, pair.version) if side is Direction.UP else pair.version
    if version is None:
        error = _dirty(project, int(cursor.revision))
        error.message += "".join(f"; {each}" for each in seen)
        error.args = (error.message,)
        raise error
    shown_version = version if version >= 0 else "no version"
    sentence = f"{'; '.join(str(each) for each in seen)}: the cursor goes to {shown_version}"
    table = quoted(*_names(table_of(project.settings), session))
    return tuple((sentence, sql) for sql in _cursor(table, session.product, version, dirty=False))


def _evidence(session: Session, project: Project, pair: Pair, side: Direction) -> Evidence:
    name = (pair.up if side is Direction.UP else pair.down) or ""
    try:
        blocks = blocks_of(project, pair, side, session.product)
    except BadMigration:
        blocks = ()  # the server refused the message as a whole
    return evidence(session, name, [statement for block in blocks for statement in block.statements])


def _version_by(
    seen: Sequence[Evidence], suspects: Sequence[tuple[Pair, Direction]], versions: Sequence[int]
) -> int | None:
    """The version the schema is at, when what it holds allows one answer only."""
    if any(each.extent is Extent.PART for each in seen):
        return None
    answers: list[int] = []
    for each, (pair, side) in zip(seen, suspects, strict=True):
        went = each.extent is Extent.ALL
        if each.extent is not Extent.UNCLEAR:
            answers.append(pair.version if went == (side is Direction.UP) else _below(versions, pair.version))
    if len(answers) != len(suspects):
        return None
    # An up that is not in leaves the schema below both files; one that is in leaves the down to decide.
    return (
        min(answers)
        if answers and answers[0] < int(suspects[0][0].version)
        else (answers[-1] if answers else None)
    )


def _was_one_transaction(session: Session, project: Project, pair: Pair, side: Direction) -> bool:
    try:
        blocks = blocks_of(project, pair, side, session.product)
    except BadMigration:
        # PostgreSQL refuses such a message as a whole; cut at every semicolon, its first pieces went in.
        return not yes(project.settings.get("multi_statement"))
    return all(block.atomic for block in blocks)
