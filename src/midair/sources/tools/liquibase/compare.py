"""Every changeset beside its row, judged as Liquibase's `validate` and `status` judge (liquibase.md §5.9)."""

from collections.abc import Iterator, Sequence

from midair.errors import HistoryDiverged
from midair.model.migration import Applied, Migration, Standing, State
from midair.sources.source import Project
from midair.sources.tools.liquibase.changelog import selected
from midair.sources.tools.liquibase.model import Changeset
from midair.sources.tools.liquibase.project import LiquibaseProject, liquibase_project


def compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Standings in running order, then rows without a changeset, which Liquibase passes over.

    Raises:
        HistoryDiverged: changesets were edited after they ran and nothing allows it; all of them are listed.
    """
    ours = liquibase_project(project)
    judged = judge(project, applied)
    changed = [each for each in judged if each.state is State.CHANGED]
    if changed:
        raise HistoryDiverged(
            f"Validation Failed: {len(changed)} changesets check sum\n"
            + "\n".join(_mismatch(ours, each) for each in changed),
            state="nothing was changed",
            hint="restore the changeSet; or accept it with <validCheckSum>, or `liquibase clear-checksums`",
        )
    return judged


def judge(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """The same without refusing anything."""
    ours = liquibase_project(project)
    rows = {row.revision: row for row in applied}
    known = [_standing(ours, migration, rows.get(migration.revision)) for migration in ours.migrations]
    return (*known, *_unexpected(ours, applied))


def _standing(ours: LiquibaseProject, migration: Migration, row: Applied | None) -> Standing:
    changeset = ours.changesets[migration.revision]
    state, word = _judged(ours, changeset, migration, row)
    return Standing(migration.revision, state, migration, row, word)


def _judged(
    ours: LiquibaseProject, changeset: Changeset, migration: Migration, row: Applied | None
) -> tuple[State, str | None]:
    wanted = selected(changeset, ours.runtime)
    if migration.revision in ours.skipped:
        return State.APPLIED, "passed over in this run"
    if not wanted:
        return (State.APPLIED, row.kind) if row else (State.SKIPPED, "context or labels do not match")
    if row is None:
        return State.PENDING, None
    if changeset.run_always:
        return (State.APPLIED, "ran now") if migration.revision in ours.ran else (State.PENDING, "runAlways")
    if ours.sums.accepts(changeset, row.checksum):
        return State.APPLIED, row.kind
    return (State.PENDING, "runOnChange") if changeset.run_on_change else (State.CHANGED, "check sum")


def _unexpected(ours: LiquibaseProject, applied: Sequence[Applied]) -> Iterator[Standing]:
    for row in applied:
        if row.revision not in ours.changesets:
            yield Standing(row.revision, State.APPLIED, None, row, "unexpected")


def _mismatch(ours: LiquibaseProject, standing: Standing) -> str:
    changeset = ours.changesets[standing.revision]
    stored = (standing.applied.checksum if standing.applied else None) or ""
    version = int(stored.partition(":")[0]) if stored[:1].isdecimal() and ":" in stored else 1
    now = ours.sums.current(changeset, version)
    return f"  {changeset.span} {changeset.key} was: {stored} but is now: {now}"
