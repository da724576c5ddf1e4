"""What Flyway's `validate` says, and the refusal `migrate` makes of it (flyway.md §5.4)."""

from collections.abc import Iterator, Sequence

from midair.errors import Dirty, HistoryDiverged
from midair.model.migration import Applied, Direction, Standing, State
from midair.sources.source import Project
from midair.sources.tools.flyway.history import version_of
from midair.sources.tools.flyway.local import JAVA_TYPES, LocalFile, cut_description, flyway_project
from midair.sources.tools.flyway.names import Kind
from midair.sources.tools.flyway.states import (
    View,
    checksum_differs,
    differs,
    is_ignored,
    same_type,
    standings,
    view_of,
)


def judge(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """As `compare`, refusing nothing: for showing a history that Flyway would not go on with."""
    return standings(flyway_project(project), applied)


def compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Every row and file with its state, in the order they ran and will run.

    Raises:
        Dirty: the history holds a failed migration.
        HistoryDiverged: `validateOnMigrate` finds what `migrate` would refuse.
        UnknownRevision: the configured target does not exist.
    """
    ours = flyway_project(project)
    judged = standings(ours, applied)
    view = view_of(ours, applied)
    _refuse_failed(view, judged, applied)
    problems = tuple(_problems(view, judged))
    if problems and ours.flyway.validate_on_migrate:
        raise HistoryDiverged(
            "Validate failed: Migrations have failed validation\n"
            + "\n".join(message for message, _ in problems),
            state="nothing was changed",
            hint="; or ".join(dict.fromkeys(hint for _, hint in problems)),
        )
    return judged


def _refuse_failed(view: View, judged: Sequence[Standing], applied: Sequence[Applied]) -> None:
    failed = next((each for each in judged if each.state is State.FAILED and each.applied), None)
    if failed is None or failed.applied is None:
        return
    row = failed.applied
    where = f" ({failed.migration.span.path})" if failed.migration else ""
    version = version_of(row)
    what = (
        f"migration to version {version.text} ({row.description})"
        if version
        else f"repeatable migration: {row.description}"
    )
    before = tuple(each.revision for each in applied if view.counts(each) and each.order != row.order)
    raise Dirty(
        f"Detected failed {what}.{where}",
        suspects=((row.revision, Direction.UP, before),),
        state="Flyway recorded a failure on it and refuses to go on; what it did before it failed is still there",
        hint="undo by hand what is half done, then `midair repair` removes the failed row and the migration runs again",
    )


def _problems(view: View, judged: Sequence[Standing]) -> Iterator[tuple[str, str]]:
    for standing in judged:
        if standing.applied is None:
            if standing.state is State.LATE and not is_ignored(view.project, None, "ignored"):
                path = standing.migration.span.path if standing.migration else ""
                yield (
                    f"Detected resolved migration not applied to database: {standing.revision}. ({path})",
                    "give it a version above the newest applied one, or set outOfOrder=true to run it late",
                )
            continue
        row, file = standing.applied, view.file_of(standing.applied)
        if not view.counts(row) or row.kind == "BASELINE":
            continue
        if file is None:
            yield from _unresolved(view, row, standing)
        elif file.kind is not Kind.REPEATABLE and differs(view, row, file):
            yield from _mismatches(row, file)


def _unresolved(view: View, row: Applied, standing: Standing) -> Iterator[tuple[str, str]]:
    if standing.word == "Superseded":
        return
    other = view.project.files.get(row.revision)
    if other is not None and other.kind is Kind.VERSIONED and not same_type(row, other):
        yield (
            f"Migration type mismatch for migration version {row.revision} ({other.shown})\n"
            f"-> Applied to database : {row.kind}\n-> Resolved locally    : {other.type}",
            f"{other.shown} would run again what the {row.kind} migration of this version did: give it another version",
        )
    elif standing.state is State.MISSING and row.kind not in JAVA_TYPES:
        version = version_of(row)
        what = "migration" if version else "repeatable migration"
        yield (
            f"Detected applied {what} not resolved locally: {version.text if version else row.description}."
            f" (applied {_when(row)})",
            "check out the branch that has the file, let `midair repair` mark it deleted, or ignore it with ignoreMigrationPatterns=*:missing",
        )


def _mismatches(row: Applied, file: LocalFile) -> Iterator[tuple[str, str]]:
    hint = "restore the file as it was applied, or accept it as it is now with `midair repair`"
    if file.type != "JDBC" and checksum_differs(row, file):
        yield (
            f"Migration checksum mismatch for migration version {row.revision} ({file.shown}, applied {_when(row)})\n"
            f"-> Applied to database : {row.checksum}\n-> Resolved locally    : {file.checksum}",
            hint,
        )
    elif row.description != cut_description(file.description):
        yield (
            f"Migration description mismatch for migration version {row.revision} ({file.shown}, applied {_when(row)})\n"
            f"-> Applied to database : {row.description}\n-> Resolved locally    : {file.description}",
            hint,
        )


def _when(row: Applied) -> str:
    return f"on {row.applied_at:%Y-%m-%d %H:%M}" if row.applied_at else "earlier"
