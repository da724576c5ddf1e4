"""Flyway's history table as data: rows read, written, taken back (flyway.md §3, §4.1)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from midair.database.session import Session
from midair.errors import Refused
from midair.model.address import Product
from midair.model.frozen import frozen
from midair.model.migration import Applied, Migration, RevisionId
from midair.model.statement import Sql, quoted
from midair.sources.history import History, Marks, ToolLock
from midair.sources.tools.flyway.checksum import java_hash
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.local import BASELINE_TYPES, UNDO_TYPES, LocalFile, revision_of
from midair.sources.tools.flyway.names import Kind, Version
from midair.sources.tools.flyway.table import (
    Place,
    Row,
    holds_something,
    insert,
    is_there,
    missing_schemas,
    place_of,
    table_sql,
)

SCHEMA_DESCRIPTION = "<< Flyway Schema Creation >>"
_LOCK_BASE = 77431708279161
_READ = """SELECT "version", "description", "type", "checksum", "installed_on", "installed_by", "execution_time",
"success", "installed_rank" FROM {table} ORDER BY "installed_rank" """


def history_of(
    settings: Settings, files: Mapping[RevisionId, LocalFile], undos: Mapping[Version, LocalFile]
) -> History:
    """The history of a project with these files.

    `read` gives every row as it is, oldest first, those of DELETE, UNDO_… and outdated repeatables included
    (`Applied.kind` tells), and `order` is the rank. On a schema that is not empty and has no table, it gives
    the BASELINE row that `baselineOnMigrate` would write: Flyway baselines before it looks what is pending.
    """
    table = _Table(settings, files, undos)
    schema = settings.configured_schema
    return History(
        table=f"{schema}.{settings.table}" if schema else settings.table,
        read=table.read,
        create=table.create,
        record=table.record,
        forget=table.forget,
        lock=table.lock,
        run_is_one_transaction=settings.group,
    )


def lock_key(schema: str, table: str) -> int:
    """The advisory lock Flyway takes on PostgreSQL for a history table."""
    return _LOCK_BASE + java_hash(quoted(schema, table))


@frozen
class _Table:
    settings: Settings
    files: Mapping[RevisionId, LocalFile]
    undos: Mapping[Version, LocalFile]

    def read(self, session: Session) -> tuple[Applied, ...]:
        place = place_of(self.settings, session)
        if not is_there(place, session):
            return self._to_be_baselined(place, session)
        texts = {
            file.version: file.revision
            for file in self.files.values()
            if file.kind is Kind.VERSIONED and file.version
        }
        return tuple(_applied(row, texts) for row in session.query(_READ.format(table=place.name)))

    def create(self, session: Session) -> tuple[Sql, ...]:
        """Missing schemas, the table, and the rows Flyway writes before the first migration's."""
        settings, place = self.settings, place_of(self.settings, session)
        if is_there(place, session):
            return ()
        absent = missing_schemas(settings, place, session)
        if absent and not settings.create_schemas:
            raise Refused(
                f"the schema {', '.join(map(quoted, absent))} does not exist and createSchemas is false",
                state="nothing was changed",
                hint="create it, or set createSchemas=true",
            )
        made = tuple(Sql(f"CREATE SCHEMA {quoted(name)}") for name in absent)
        marks: list[Sql] = []
        if absent:
            names = ",".join(map(quoted, absent))
            marks.append(
                insert(place, settings, Row(None, SCHEMA_DESCRIPTION, "SCHEMA", names, None), first_rank=0)
            )
        if self._to_be_baselined(place, session):
            marks.append(baseline_row(place, settings, settings.baseline_version))
        return (*made, *table_sql(settings, place), *marks)

    def record(
        self, session: Session, migrations: Sequence[Migration], applied: Sequence[Applied]
    ) -> tuple[Marks, ...]:
        """A row each, failed rows of the same migration taken away first.

        Raises:
            Refused: there is no history and the schema is not empty, as Flyway refuses.
        """
        place = place_of(self.settings, session)
        if (
            migrations
            and not self.settings.baseline_on_migrate
            and not self.settings.skip_executing_migrations
        ):
            self._refuse_foreign_objects(place, session)
        del (
            applied
        )  # failed rows are looked up: what a crash left is not in a history rebuilt from the journal
        failed = self._failed(place, session) if migrations else ()
        return tuple(self._recorded(place, migration, failed) for migration in migrations)

    def _failed(self, place: Place, session: Session) -> tuple[Applied, ...]:
        if not is_there(place, session):
            return ()
        return tuple(row for row in self.read(session) if not row.success)

    def forget(
        self, session: Session, migrations: Sequence[Migration], applied: Sequence[Applied]
    ) -> tuple[Marks, ...]:
        """The row is removed, so that every edition of Flyway can read on; where it already holds UNDO rows, one more is added."""
        place = place_of(self.settings, session)
        paid = any(row.kind in UNDO_TYPES for row in applied)
        return tuple(self._forgotten(place, migration, applied, paid=paid) for migration in migrations)

    def lock(self, session: Session) -> ToolLock | None:
        if session.product is not Product.POSTGRESQL:
            return None
        place = place_of(self.settings, session)
        return ToolLock((lock_key(place.schema, place.table),))

    def _to_be_baselined(self, place: Place, session: Session) -> tuple[Applied, ...]:
        settings = self.settings
        if not settings.baseline_on_migrate or not holds_something(settings, place, session):
            return ()
        version = settings.baseline_version.replace("_", ".")
        return (Applied(RevisionId(version), 1, settings.baseline_description, kind="BASELINE"),)

    def _refuse_foreign_objects(self, place: Place, session: Session) -> None:
        if is_there(place, session):
            return
        full = holds_something(self.settings, place, session)
        if full:
            names = ", ".join(map(quoted, full))
            raise Refused(
                f"Found non-empty schema(s) {names} but no schema history table {place.name}",
                state="nothing was changed",
                hint="`midair stamp <version>` records what is there already; or set baselineOnMigrate=true"
                " (with baselineVersion: it skips every migration up to that version, 1 by default)",
            )

    def _recorded(self, place: Place, migration: Migration, left: Sequence[Applied]) -> Marks:
        file = self.files[migration.revision]
        failed = tuple(_removed(place, row) for row in left if row.revision == migration.revision)

        def row(*, success: bool) -> Row:
            version = file.version.text if file.version else None
            return Row(
                version, file.description, file.type, file.script, file.checksum, success, timed=success
            )

        # With its default lock, Flyway loses the false row together with the lock's transaction (§4.4).
        keeps = place.product is Product.SQLITE or not self.settings.postgresql_transactional_lock
        lost = (insert(place, self.settings, row(success=False)),) if keeps else ()
        return Marks(
            within=(*failed, insert(place, self.settings, row(success=True))), on_failure=lost, timed=True
        )

    def _forgotten(
        self, place: Place, migration: Migration, applied: Sequence[Applied], *, paid: bool
    ) -> Marks:
        file = self.files[migration.revision]
        undo = self.undos.get(file.version) if file.version is not None else None
        if paid and undo is not None and undo.version is not None:
            row = Row(undo.version.text, undo.description, undo.type, undo.script, undo.checksum, timed=True)
            return Marks(within=(insert(place, self.settings, row),), timed=True)
        rows = [row for row in applied if row.revision == migration.revision and row.kind == file.type]
        return Marks(within=tuple(_removed(place, row) for row in rows[-1:]))


def baseline_row(place: Place, settings: Settings, version: str) -> Sql:
    """The BASELINE row at a version."""
    text = settings.baseline_description
    return insert(place, settings, Row(version.replace("_", "."), text, "BASELINE", text, None))


def _removed(place: Place, row: Applied) -> Sql:
    return Sql(f'DELETE FROM {place.name} WHERE "installed_rank" = %s', (row.order,))


def _applied(row: Sequence[Any], texts: Mapping[Version, RevisionId]) -> Applied:
    version, description, kind, checksum, at, by, took, success, rank = row
    return Applied(
        revision=_revision(version, description, kind, texts),
        order=rank,
        description=description,
        checksum=None if checksum is None else str(checksum),
        applied_at=datetime.fromisoformat(at) if isinstance(at, str) else at,
        applied_by=by,
        duration_ms=took,
        success=bool(success),
        kind=kind,
    )


def _revision(
    version: str | None, description: str, kind: str, texts: Mapping[Version, RevisionId]
) -> RevisionId:
    """A stored `1` is the file `V1.0__…`: the file's own spelling is the identity, where there is a file."""
    parsed = Version.parse(version) if version is not None else None
    if parsed is not None and kind not in BASELINE_TYPES and parsed in texts:
        return texts[parsed]
    return RevisionId(description) if kind == "SCHEMA" else revision_of(kind, version, description)


def versions(rows: Sequence[Applied], wanted: Callable[[Applied], bool]) -> Iterator[Version]:
    """The versions of the rows that are wanted and have one."""
    for row in rows:
        version = version_of(row)
        if version is not None and wanted(row):
            yield version


def version_of(row: Applied) -> Version | None:
    """A row's version; `None` for repeatables and schema creation."""
    if row.kind == "SCHEMA" or row.revision.startswith("R:"):
        return None
    return Version.parse(row.revision.removeprefix("B:"))
