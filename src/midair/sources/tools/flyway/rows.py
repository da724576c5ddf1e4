"""Rows Flyway writes outside a run: `baseline` and `repair` (flyway.md §5.5, §5.6)."""

from collections.abc import Iterator, Sequence

from midair.database.session import Session
from midair.errors import Refused, UnknownRevision
from midair.model.migration import Applied
from midair.model.statement import Sql
from midair.sources.source import Project
from midair.sources.tools.flyway.history import baseline_row, version_of
from midair.sources.tools.flyway.local import (
    JAVA_TYPES,
    FlywayProject,
    LocalFile,
    cut_description,
    flyway_project,
)
from midair.sources.tools.flyway.names import Kind
from midair.sources.tools.flyway.states import View, checksum_differs, is_ignored, view_of
from midair.sources.tools.flyway.table import Place, installed_by, is_there, place_of


def baseline(session: Session, project: Project) -> tuple[Sql, ...]:
    """The BASELINE row at the newest versioned migration of the project (`create` makes the table).

    Raises:
        Refused: there are rows already.
        UnknownRevision: the project has no versioned migration.
    """
    ours = flyway_project(project)
    newest = [each for each in ours.migrations if ours.files[each.revision].version is not None]
    if not newest:
        raise UnknownRevision(
            "there is no versioned migration to set a baseline at", hint="repeatables have no version"
        )
    version = ours.files[newest[-1].revision].version
    assert version is not None  # filtered above
    place = place_of(ours.flyway, session)
    if is_there(place, session):
        _refuse_rows(place, session, version.text, ours)
    return (baseline_row(place, ours.flyway, version.text),)


def _refuse_rows(place: Place, session: Session, version: str, ours: FlywayProject) -> None:
    rows = session.query(
        f'SELECT "version", "description" FROM {place.name} ORDER BY "installed_rank" LIMIT 1'
    )
    if rows:
        raise Refused(
            f"Unable to baseline schema history table {place.name} with ({version},{ours.flyway.baseline_description})"
            f" as it already holds ({rows[0][0]},{rows[0][1]})",
            state="nothing was changed",
            hint="a baseline is only for a history without rows",
        )


def repair(session: Session, project: Project, applied: Sequence[Applied]) -> tuple[tuple[str, Sql], ...]:
    """What Flyway's repair would write: failed rows go, missing files are marked deleted, checksums aligned."""
    ours = flyway_project(project)
    place = place_of(ours.flyway, session)
    if not is_there(place, session):
        return ()
    view = view_of(ours, applied)
    return (*_failed(place, view), *_missing(place, view), *_aligned(place, view))


def _failed(place: Place, view: View) -> Iterator[tuple[str, Sql]]:
    for row in view.rows:
        if not row.success:
            yield (
                f"removed failed migration {row.revision}",
                Sql(f'DELETE FROM {place.name} WHERE "installed_rank" = %s', (row.order,)),
            )


def _missing(place: Place, view: View) -> Iterator[tuple[str, Sql]]:
    done: set[str] = set()
    for row in view.rows:
        if (
            not row.success
            or not view.counts(row)
            or row.kind in {"BASELINE", *JAVA_TYPES}
            or view.file_of(row)
        ):
            continue
        version = version_of(row)
        future = version is not None and (view.newest is None or version > view.newest)
        if is_ignored(view.project, row, "future" if future else "missing") or row.revision in done:
            continue
        done.add(row.revision)
        yield (
            f"marked missing migration {row.revision} as deleted",
            _delete_row(place, view, view.newest_of(row)),
        )


def _delete_row(place: Place, view: View, row: Applied) -> Sql:
    by, more = installed_by(place, view.project.flyway)
    return Sql(
        f'INSERT INTO {place.name} ("installed_rank", "version", "description", "type", "script", "checksum",'
        f' "installed_by", "execution_time", "success")'
        f' SELECT (SELECT max("installed_rank") + 1 FROM {place.name}), "version", "description", \'DELETE\', "script",'
        f' "checksum", {by}, 0, "success" FROM {place.name} WHERE "installed_rank" = %s',
        (*more, row.order),
    )


def _aligned(place: Place, view: View) -> Iterator[tuple[str, Sql]]:
    for row in view.rows:
        file = view.file_of(row)
        if file is None or not view.counts(row) or not row.success or row.kind == "BASELINE":
            continue
        if _to_be_aligned(row, file):
            yield (
                f"aligned the row of {row.revision} with {file.shown}: checksum {row.checksum} → {file.checksum}",
                Sql(
                    f'UPDATE {place.name} SET "description" = %s, "type" = %s, "checksum" = %s WHERE "installed_rank" = %s',
                    (cut_description(file.description), file.type, file.checksum, row.order),
                ),
            )


def _to_be_aligned(row: Applied, file: LocalFile) -> bool:
    if (
        file.kind is Kind.REPEATABLE
    ):  # a changed one is left to run; only the hash before placeholders is replaced
        return row.checksum == str(file.raw_checksum) != str(file.checksum)
    if file.type == "JDBC":
        return row.description != cut_description(file.description)
    return (
        checksum_differs(row, file)
        or row.description != cut_description(file.description)
        or row.kind != file.type
    )
