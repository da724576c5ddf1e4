"""Reads a Liquibase project: settings, changelog, checksums; nothing is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from midair.model.migration import Migration, RevisionId
from midair.model.statement import Span
from midair.sources.source import Found, Options, Project
from midair.sources.tools.liquibase.changelog import read_changelog
from midair.sources.tools.liquibase.decide import Decisions
from midair.sources.tools.liquibase.fields import INVERTIBLE, SILENT
from midair.sources.tools.liquibase.files import ChangeFiles, normal
from midair.sources.tools.liquibase.history import Keeping, keeping_of, tables_of
from midair.sources.tools.liquibase.model import Changelog, Changeset, Runtime
from midair.sources.tools.liquibase.rows import description
from midair.sources.tools.liquibase.settings import Settings, settings_of
from midair.sources.tools.liquibase.verify import Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquibaseProject(Project):
    """A project with what only Liquibase's rules need. `ran` and `skipped` hold what this
    process has run in its turn, with a row and without one."""

    changelog: Changelog
    changesets: Mapping[RevisionId, Changeset]
    runtime: Runtime
    files: ChangeFiles
    sums: Sums
    decisions: Decisions
    keeping: Keeping
    root_changelog: Path
    ran: set[RevisionId] = field(default_factory=set[RevisionId])
    skipped: set[RevisionId] = field(default_factory=set[RevisionId])


def project_of(found: Found, options: Options) -> LiquibaseProject:
    """The project as Liquibase would see it for this database.

    Raises:
        ConfigurationError, ProjectError: what Liquibase itself would refuse, with file and line.
    """
    settings = settings_of(found, options)
    changelog = read_changelog(settings.changelog, settings.runtime, settings.search)
    files = ChangeFiles(settings.search, settings.runtime.encoding)
    sums = Sums(files, settings.runtime)
    changesets = {revision_of(each): each for each in changelog.changesets}
    decisions = Decisions(changelog, changesets, settings.runtime, tables_of(settings))
    keeping = keeping_of(settings, changesets, sums, decisions)
    return LiquibaseProject(
        tool="liquibase",
        root=found.root,
        folder=found.folder,
        migrations=tuple(_migration(revision, each, sums) for revision, each in changesets.items()),
        history=keeping.history(),
        address=settings.address,
        origin=settings.origin,
        warnings=(*changelog.warnings, *_notes(settings, changelog)),
        product=settings.product,
        settings=dict(options.tool),
        changelog=changelog,
        changesets=changesets,
        runtime=settings.runtime,
        files=files,
        sums=sums,
        decisions=decisions,
        keeping=keeping,
        root_changelog=settings.search.locate(settings.changelog, Span(settings.changelog, 1)) or found.root,
    )


def revision_of(changeset: Changeset) -> RevisionId:
    """`path::id::author`, as Liquibase names a changeset; the path as it is compared."""
    return RevisionId(f"{normal(changeset.path)}::{changeset.id}::{changeset.author}")


def liquibase_project(project: Project) -> LiquibaseProject:
    """The project as this source read it.

    Raises:
        TypeError: another source read it, which is a mistake of ours.
    """
    if not isinstance(project, LiquibaseProject):
        raise TypeError("a project of another tool reached the Liquibase source")
    return project


def _migration(revision: RevisionId, changeset: Changeset, sums: Sums) -> Migration:
    # Where Liquibase itself lets a changed changeset pass, midair's journal must not stop it.
    lenient = (
        changeset.run_always or changeset.run_on_change or changeset.valid_sums or not changeset.fail_on_error
    )
    own = None if lenient or changeset.preconditions is not None else sums.current(changeset)
    return Migration(
        revision=revision,
        description=changeset.comments or description(changeset),
        span=changeset.span,
        checksum=own,
        reversible=bool(changeset.rollbacks)
        or (not changeset.formatted and all(each.name in INVERTIBLE | SILENT for each in changeset.changes)),
        kind="changeSet",
        labels=(changeset.tag,) if changeset.tag else (),
    )


def _notes(settings: Settings, changelog: Changelog) -> tuple[str, ...]:
    notes: list[str] = []
    for each in changelog.changesets:
        for change in each.changes:
            if change.name == "customChange":
                notes.append(
                    f"{change.span} customChange {change.get('class')} is Java; midair does not run it"
                )
            if change.name == "executeCommand":
                notes.append(
                    f"{change.span} executeCommand {change.get('executable')} is a program; midair does not run it"
                )
        if each.run_with and each.run_with != "jdbc":
            notes.append(f"{each.span} asks to be run with {each.run_with}; midair does not run it")
    if changelog.preconditions and not settings.runtime.options.get("ignorePreconditions"):
        notes.append(
            f"{changelog.preconditions[0].span} preconditions of the changelog itself are checked at apply"
        )
    return tuple(notes)
