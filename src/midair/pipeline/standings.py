"""What is applied and where every migration stands: the tool's history, completed and checked by the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from midair.database import Session
from midair.errors import Dirty, HistoryDiverged
from midair.journal import Journal, OpenStep
from midair.model.migration import Applied, RevisionId, Standing, State
from midair.pipeline.opening import Opened
from midair.sources.history import REMEMBERED
from midair.sources.source import Project


def standings_of(opened: Opened) -> tuple[tuple[Applied, ...], tuple[Standing, ...]]:
    """What is applied, and every migration's standing; a dirty mark that is midair's own is looked through.

    Raises:
        HistoryDiverged: an applied file was edited since midair applied it.
    """
    project, journal = opened.project, Journal(opened.session, opened.project.tool)
    applied = applied_in(project, opened.session, journal)
    try:
        standings = opened.source.compare(project, applied)
    except Dirty as error:
        restored = history_before(error, journal.open_steps())
        if restored is None:
            raise
        applied = restored
        standings = opened.source.compare(project, applied)
    standings = with_journal(standings, journal.checksums(project.tool))
    edited = [each for each in standings if each.state is State.CHANGED and each.migration]
    if edited:
        spans = ", ".join(str(each.migration.span.path) for each in edited[:3] if each.migration)
        raise HistoryDiverged(
            f"{spans} was edited after it was applied",
            state="nothing was changed",
            hint="restore the file, or run `midair repair` to accept it as it is now",
        )
    return applied, standings


def applied_in(project: Project, session: Session, journal: Journal) -> tuple[Applied, ...]:
    """The tool's history; one that is only a cursor is completed by what the journal remembers."""
    applied = project.history.read(session)
    if not project.history.is_cursor:
        return applied
    remembered = (
        Applied(revision, order=-1, kind=REMEMBERED) for revision in journal.checksums(project.tool)
    )
    return (*applied, *remembered)


def history_before(error: Dirty, begun: Sequence[OpenStep]) -> tuple[Applied, ...] | None:
    """The history as it was before the migration that left the mark, when the journal knows that midair ran it."""
    ours = {(each.revision, each.direction) for each in begun}
    for revision, direction, before in error.suspects:
        if (revision, direction) in ours:
            return tuple(Applied(RevisionId(each)) for each in before)
    return None


def with_journal(standings: Sequence[Standing], known: Mapping[RevisionId, str]) -> tuple[Standing, ...]:
    """Marks applied files whose digest differs from the journal's: most tools keep none and would not notice."""
    if not known:
        return tuple(standings)
    return tuple(
        replace(each, state=State.CHANGED)
        if each.state is State.APPLIED
        and each.migration
        and each.migration.checksum
        and not each.migration.repeatable
        and known.get(each.revision, each.migration.checksum) != each.migration.checksum
        else each
        for each in standings
    )


def plainly(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    """Standings without the tool's judgement, for showing a history the tool refuses."""
    there = {each.revision: each for each in applied}
    return tuple(
        Standing(
            each.revision,
            State.APPLIED if each.revision in there else State.PENDING,
            each,
            there.get(each.revision),
        )
        for each in project.migrations
    )


def names_of(applied: Sequence[Applied]) -> tuple[RevisionId, ...]:
    """What the history itself holds: the revisions a plan starts from."""
    return tuple(each.revision for each in applied if each.kind != REMEMBERED)
