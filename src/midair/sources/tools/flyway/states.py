"""How each migration stands, in Flyway's own words (flyway.md §5.2)."""

from collections.abc import Iterator, Mapping, Sequence

from midair.errors import UnknownRevision
from midair.model.frozen import frozen
from midair.model.migration import Applied, Migration, RevisionId, Standing, State
from midair.sources.tools.flyway.history import version_of, versions
from midair.sources.tools.flyway.local import (
    BASELINE_TYPES,
    SYNTHETIC_TYPES,
    UNDO_TYPES,
    FlywayProject,
    LocalFile,
    cut_description,
)
from midair.sources.tools.flyway.names import Kind, Version

_SAME_TYPE = {"SQL_STATE_SCRIPT": "SQL_BASELINE", "JDBC_STATE_SCRIPT": "JDBC_BASELINE", "SPRING_JDBC": "JDBC"}
"""Words of old versions and what they are called now."""


@frozen
class View:
    """A project beside its rows, with the versions Flyway's rules speak of."""

    project: FlywayProject
    rows: tuple[Applied, ...]
    by_revision: Mapping[RevisionId, Sequence[Applied]]
    """The rows that count, newest first."""
    migrations: Mapping[RevisionId, Migration]
    late: frozenset[int]
    """Ranks of versions applied after a higher one."""
    gone: Mapping[int, str]
    """Rows that no longer count, by rank: `Deleted` or `Undone`."""
    current: Version | None
    newest: Version | None
    baseline: Version | None
    chosen: Version | None
    """The highest B file, on a database without history."""
    limit: Version | None
    """The target; `None` for no limit."""

    def counts(self, row: Applied) -> bool:
        """A row that stands for something applied."""
        return row.order not in self.gone and row.kind not in SYNTHETIC_TYPES - {"BASELINE"}

    def file_of(self, row: Applied) -> LocalFile | None:
        """The file a row is about: same version and type, or same description."""
        file = self.project.files.get(row.revision)
        if file is not None and file.kind is Kind.REPEATABLE:
            return file
        return file if file is not None and same_type(row, file) else None

    def newest_of(self, row: Applied) -> Applied:
        """The newest counting row of the same repeatable."""
        return next(iter(self.by_revision.get(row.revision, ())), row)

    def row_of(self, file: LocalFile) -> Applied | None:
        """The newest counting row about a file."""
        found = self.by_revision.get(file.revision, ())
        return next((row for row in found if file.kind is Kind.REPEATABLE or same_type(row, file)), None)


def same_type(row: Applied, file: LocalFile) -> bool:
    """Whether a row's type is the file's, old words understood."""
    # A row rebuilt from midair's own journal has no type: it is about the file it names.
    return row.kind is None or _SAME_TYPE.get(row.kind, row.kind) == file.type


def view_of(project: FlywayProject, applied: Sequence[Applied]) -> View:
    """The project beside its rows.

    Raises:
        UnknownRevision: no migration has the target's version.
    """
    gone = dict(_gone(applied))

    def counts(row: Applied) -> bool:
        return row.order not in gone and row.kind not in SYNTHETIC_TYPES - {"BASELINE"}

    current = max(versions(applied, counts), default=None)
    files = project.files.values()
    newest = max((file.version for file in files if file.version is not None), default=None)
    baselines = versions(
        applied, lambda row: counts(row) and (row.kind == "BASELINE" or row.kind in BASELINE_TYPES)
    )
    baseline = max(baselines, default=None)
    limit = _limit(project, current)
    fresh = all(row.kind == "SCHEMA" for row in applied)
    offered = (file.version for file in files if file.kind is Kind.BASELINE and file.version is not None)
    chosen = (
        max((version for version in offered if limit is None or version <= limit), default=None)
        if fresh
        else None
    )
    counted = [row for row in applied if counts(row)]
    by_revision: dict[RevisionId, list[Applied]] = {}
    for row in reversed(counted):
        by_revision.setdefault(row.revision, []).append(row)
    return View(
        project,
        tuple(applied),
        by_revision,
        {each.revision: each for each in project.migrations},
        frozenset(_late(counted)),
        gone,
        current,
        newest,
        baseline or chosen,
        chosen,
        limit,
    )


def _late(counted: Sequence[Applied]) -> Iterator[int]:
    highest: Version | None = None
    for row in counted:
        version = version_of(row)
        if version is not None and highest is not None and version < highest:
            yield row.order
        elif version is not None:
            highest = version


def _gone(applied: Sequence[Applied]) -> Iterator[tuple[int, str]]:
    """Each DELETE or UNDO row takes the newest real row of its version or description before it away."""
    for position, row in enumerate(applied):
        word = "Deleted" if row.kind == "DELETE" else "Undone" if row.kind in UNDO_TYPES else None
        if word is None:
            continue
        before = (each for each in reversed(applied[:position]) if each.kind not in SYNTHETIC_TYPES)
        same = next((each for each in before if _identity(each) == _identity(row)), None)
        if same is not None:
            yield same.order, word


def _identity(row: Applied) -> object:
    return version_of(row) or row.revision


def _limit(project: FlywayProject, current: Version | None) -> Version | None:
    text = project.flyway.target.strip()
    known = sorted(file.version for file in project.files.values() if file.version is not None)
    match text.lower():
        case "latest" | "" | "9223372036854775807":
            return None
        case "current":
            return current or Version((-1,), "-1")
        case "next":
            return next((version for version in known if current is None or version > current), None)
        case _:
            version = Version.parse(text.removesuffix("?"))
    if version is None or (version not in known and not text.endswith("?")):
        raise UnknownRevision(
            f"No migration with a target version {text.removesuffix('?')} could be found."
            " Ensure target is specified correctly and the migration exists.",
            hint="midair status lists them; flyway.target is what asks for it",
        )
    return version


def standings(project: FlywayProject, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Every row and every file, judged but not refused: what will never run, rows by rank, then what is to run, in order."""
    view = view_of(project, applied)
    never: list[Standing] = []
    waiting: list[Standing] = []
    for file in project.files.values():
        if file.kind is Kind.REPEATABLE:
            waiting.extend(_repeatable(view, file))
        elif view.row_of(file) is None:
            standing = _unapplied(view, file)
            (never if standing.word in ("Below Baseline", "Ignored (Baseline)") else waiting).append(standing)
    shown = (
        row for row in view.rows if row.kind != "DELETE" or version_of(row) is None
    )  # as `flyway info` hides them
    return (*never, *(_of_row(view, row) for row in shown), *waiting)


def _migration(view: View, file: LocalFile) -> Migration:
    return view.migrations[file.revision]


def _repeatable(view: View, file: LocalFile) -> Iterator[Standing]:
    row = view.row_of(file)
    if not file.own.should_execute:
        if row is None:
            yield Standing(file.revision, State.SKIPPED, _migration(view, file), None, "Ignored")
    elif row is None or (row.success and outdated(row, file)):
        yield Standing(file.revision, State.PENDING, _migration(view, file), None, "Pending")


def outdated(row: Applied, file: LocalFile) -> bool:
    """A repeatable whose text changed; a row may hold the hash of the text before or after placeholders."""
    return row.checksum not in {_text(file.checksum), _text(file.raw_checksum)}


def _text(checksum: int | None) -> str | None:
    return None if checksum is None else str(checksum)


def _unapplied(view: View, file: LocalFile) -> Standing:
    state, word = _unapplied_words(view, file)
    return Standing(file.revision, state, _migration(view, file), None, word)


def _unapplied_words(view: View, file: LocalFile) -> tuple[State, str]:
    version = file.version
    assert version is not None  # versioned and baseline files only
    if not file.own.should_execute:
        return State.SKIPPED, "Ignored"
    if file.kind is Kind.BASELINE and version == view.chosen:
        return State.PENDING, "Pending"
    if view.baseline is not None and version < view.baseline:
        return State.SKIPPED, "Below Baseline"
    if file.kind is Kind.BASELINE or version == view.baseline:
        return State.SKIPPED, "Ignored (Baseline)"
    if view.limit is not None and version > view.limit:
        return State.SKIPPED, "Above Target"
    if view.current is not None and version < view.current and not view.project.flyway.out_of_order:
        return State.LATE, "Ignored"
    return State.PENDING, "Pending"


def _of_row(view: View, row: Applied) -> Standing:
    file = view.file_of(row)
    state, word = _row_words(view, row, file)
    return Standing(row.revision, state, _migration(view, file) if file else None, row, word)


def _row_words(view: View, row: Applied, file: LocalFile | None) -> tuple[State, str]:
    if row.order in view.gone:
        return State.SKIPPED, view.gone[row.order]
    if row.kind in ("DELETE", "SCHEMA") or row.kind in UNDO_TYPES:
        return State.SKIPPED, "Success"
    if row.kind == "BASELINE":
        return State.APPLIED, "Baseline"
    if row.revision.startswith("R:") and view.newest_of(row).order != row.order:
        return State.APPLIED, "Superseded"
    if file is None:
        return _without_file(view, row)
    if not row.success:
        return State.FAILED, "Failed"
    if file.kind is Kind.REPEATABLE:
        return State.APPLIED, "Outdated" if outdated(row, file) else "Success"
    if differs(view, row, file):
        return State.CHANGED, "Success"
    if row.kind in BASELINE_TYPES:
        return State.APPLIED, "Baseline"
    return State.APPLIED, "Out of Order" if row.order in view.late else "Success"


def _without_file(view: View, row: Applied) -> tuple[State, str]:
    version = version_of(row)
    future = version is not None and (view.newest is None or version > view.newest)
    word = "Future" if future else "Missing"
    if not row.success:
        return State.FAILED, f"Failed ({word})"
    tolerated = not view.project.flyway.validate_on_migrate or is_ignored(view.project, row, word)
    return (State.APPLIED if tolerated else State.MISSING), word


def differs(view: View, row: Applied, file: LocalFile) -> bool:
    """An applied versioned migration whose checksum or description is no longer its file's."""
    version = file.version
    if row.kind is None:
        return False  # a row rebuilt from midair's own journal, which keeps digests of its own
    if view.baseline is not None and version is not None and version <= view.baseline:
        return False  # validation does not look below a baseline
    if row.description is not None and row.description != cut_description(file.description):
        return True
    return file.type != "JDBC" and checksum_differs(row, file)


def checksum_differs(row: Applied, file: LocalFile) -> bool:
    """Flyway 9.0.0 wrote NULL for the checksum 0."""
    return row.checksum != _text(file.checksum) and not (row.checksum is None and file.checksum == 0)


def is_ignored(project: FlywayProject, row: Applied | None, status: str) -> bool:
    """Whether `ignoreMigrationPatterns` covers a migration in a status (`Missing`, `Future`, `Ignored`, …)."""
    kind = "repeatable" if row is not None and row.revision.startswith("R:") else "versioned"
    for pattern in project.flyway.ignored:
        wanted, _, state = pattern.lower().partition(":")
        if wanted in ("*", kind) and state in ("*", status.lower()):
            return True
    return False
