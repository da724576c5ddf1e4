"""Liquibase's history as data: rows read, written, taken back; the lock row honoured (liquibase.md §6)."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from midair.database.session import Session
from midair.errors import BadSetting
from midair.model.migration import Applied, Migration, RevisionId
from midair.model.statement import Sql
from midair.sources.history import History, Marks, ToolLock
from midair.sources.tools.liquibase.changelog import selected
from midair.sources.tools.liquibase.checksum import NEWEST
from midair.sources.tools.liquibase.decide import Decisions
from midair.sources.tools.liquibase.files import normal
from midair.sources.tools.liquibase.lock import held, releasing
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.settings import Settings
from midair.sources.tools.liquibase.table import (
    Row,
    Tables,
    begin_deployment,
    creating,
    is_there,
    rows_of,
    writing,
)
from midair.sources.tools.liquibase.verify import Sums, version_of


def tables_of(settings: Settings) -> Tables:
    """The history tables of these settings."""
    values = settings.values
    schema = values.get("liquibaseSchemaName") or settings.runtime.default_schema
    return Tables.named(
        schema,
        values.get("databaseChangeLogTableName"),
        values.get("databaseChangeLogLockTableName"),
        settings.runtime.dbms,
    )


def keeping_of(
    settings: Settings, changesets: Mapping[RevisionId, Changeset], sums: Sums, decisions: Decisions
) -> "Keeping":
    """How the history of a project with these changesets is kept.

    Raises:
        BadSetting: `checksumVersion` is neither 8 nor 9.
    """
    asked = settings.values.get("checksumVersion")
    if asked not in (None, "8", "9"):
        raise BadSetting(f"checksumVersion is {asked!r}", hint="it is 8 or 9")
    return Keeping(decisions.tables, changesets, sums, int(asked) if asked else None, decisions)


@dataclass(frozen=True, slots=True)
class Keeping:
    """The history table's rows, read and written."""

    tables: Tables
    changesets: Mapping[RevisionId, Changeset]
    sums: Sums
    asked_version: int | None
    decisions: Decisions

    def history(self) -> History:
        """The seam's value; `Applied.kind` is the EXECTYPE."""
        return History(
            table=_bare(self.tables.history),
            read=self.read,
            create=self.create,
            record=self.record,
            forget=self.forget,
            lock=self.lock,
            tables=(_bare(self.tables.history), _bare(self.tables.lock)),
            hold=self.hold,
            release=self.release,
            stamp=self.stamp,
            decide=self.decide,
        )

    def decide(
        self, session: Session, migrations: Sequence[Migration], begun: Collection[RevisionId]
    ) -> None:
        """Asks the preconditions whose answer nothing that runs before can change; one that is half done has changed it."""
        if migrations:
            self.decisions.decide(session, [each.revision for each in migrations], begun)

    def hold(self, session: Session) -> AbstractContextManager[None]:
        """Holds Liquibase's own lock row."""
        return held(session, self.tables)

    def release(self, session: Session) -> tuple[tuple[str, Sql], ...]:
        """Lets go of the lock row."""
        return releasing(session, self.tables)

    def read(self, session: Session) -> tuple[Applied, ...]:
        """Rows by the changeset they are of, one each; `order` is the place in time."""
        found: dict[RevisionId, Applied] = {}
        for place, row in enumerate(rows_of(session, self.tables)):
            revision = revision_of_row(row)
            found[revision] = Applied(
                revision,
                order=place,
                description=row.description,
                checksum=row.checksum,
                applied_at=row.executed_at,
                kind=row.kind,
                labels=(row.tag,) if row.tag else (),
            )
        return tuple(found.values())

    def create(self, session: Session) -> tuple[Sql, ...]:
        """Missing tables and columns, and the sums of rows that have none (§5.9)."""
        return (*creating(session, self.tables), *self._filled(session))

    def _filled(self, session: Session) -> tuple[Sql, ...]:
        """Sums for rows without one, and newer ones in the place of older when `checksumVersion` asks for it."""
        rows = rows_of(session, self.tables)
        version = self._version(rows)
        wanting = (
            (row, changeset)
            for row in rows
            if (changeset := self.changesets.get(revision_of_row(row))) is not None
            and selected(changeset, self.decisions.runtime)
            and self._wants_sum(row, changeset, version)
        )
        return tuple(self.resummed(row, changeset, version) for row, changeset in wanting)

    def _wants_sum(self, row: Row, changeset: Changeset, version: int) -> bool:
        if row.checksum is None:
            return True
        return version_of(row.checksum) < version and self.sums.accepts(changeset, row.checksum)

    def resummed(self, row: Row, changeset: Changeset, version: int | None = None) -> Sql:
        """What writes a row's sum anew, in its own version unless another is given."""
        version = version or (version_of(row.checksum) if row.checksum else NEWEST)
        return Sql(
            f"UPDATE {self.tables.history} SET MD5SUM = %s WHERE ID = %s AND AUTHOR = %s AND FILENAME = %s",
            (self.sums.current(changeset, version), row.id, row.author, row.filename),
        )

    def _version(self, rows: Sequence[Row]) -> int:
        """The version the table uses already: a tool that only knows 8 would clear every sum at the sight of a 9."""
        if self.asked_version is not None:
            return self.asked_version
        versions = [version_of(row.checksum) for row in rows if row.checksum]
        return NEWEST if not versions or NEWEST in versions else 8

    def record(
        self, session: Session, migrations: Sequence[Migration], applied: Sequence[Applied]
    ) -> tuple[Marks, ...]:
        """A row each; one that is there is brought up to date.

        Raises:
            Refused: a precondition of the changelog itself, or of the first changeset, halts the run.
        """
        if not migrations:
            return ()
        begin_deployment(session)
        del applied  # a crash may have left rows the caller has not seen
        revisions = [each.revision for each in migrations]
        if not self.decisions.made.keys() >= set(
            revisions
        ):  # else the statements are those of what was decided
            self.decisions.decide(session, revisions)
        kinds = {each: self.decisions.made[each].kind for each in revisions}
        rows = rows_of(session, self.tables)
        return tuple(
            Marks() if (kind := kinds.get(each.revision)) is None
            else Marks(within=(self.row(session, each.revision, kind, rows),))
            for each in migrations
        )  # fmt: skip

    def stamp(
        self, session: Session, migrations: Sequence[Migration], applied: Sequence[Applied]
    ) -> tuple[Marks, ...]:
        """A row each as if it had run, whatever its preconditions say: what changelog-sync writes."""
        del applied
        begin_deployment(session)
        rows = rows_of(session, self.tables)
        return tuple(
            Marks(within=(self.row(session, each.revision, "EXECUTED", rows),)) for each in migrations
        )

    def row(self, session: Session, revision: RevisionId, kind: str, rows: Sequence[Row]) -> Sql:
        """What writes a changeset's row; `rows` are those the table holds."""
        existing = next((row for row in rows if revision_of_row(row) == revision), None)
        changeset = self.changesets[revision]
        word = "RERAN" if existing is not None and kind == "EXECUTED" else kind
        checksum = self.sums.current(changeset, self._version(rows))
        return writing(session, self.tables, changeset, checksum, word, existing)

    def forget(
        self, session: Session, migrations: Sequence[Migration], applied: Sequence[Applied]
    ) -> tuple[Marks, ...]:
        """The row is deleted, by the spelling of its path that the table has."""
        del applied
        rows = {revision_of_row(row): row for row in rows_of(session, self.tables)}
        return tuple(self._forgotten(rows.get(each.revision)) for each in migrations)

    def _forgotten(self, row: Row | None) -> Marks:
        if row is None:
            return Marks()
        text = f"DELETE FROM {self.tables.history} WHERE ID = %s AND AUTHOR = %s AND FILENAME = %s"
        return Marks(within=(Sql(text, (row.id, row.author, row.filename)),))

    def lock(self, session: Session) -> ToolLock | None:
        """None that a server knows: Liquibase's lock is a row, which `hold` takes."""
        is_there(session, self.tables)  # refuses another tool's table before anything is written
        return None


def _bare(table: str) -> str:
    return table.replace('"', "").replace("`", "").lower()


def revision_of_row(row: Row) -> RevisionId:
    """The changeset a row is of; paths compare normalised."""
    return RevisionId(f"{normal(row.filename)}::{row.id}::{row.author}")
