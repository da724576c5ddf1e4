"""Migrations as `check` looks at them: statements up and down, in the order they run."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from midair.analysis.context import Candidate, Refusal
from midair.errors import MidairError, ProjectError, Unsupported
from midair.model.address import Product
from midair.model.migration import Applied, Direction, Migration, RevisionId, Script
from midair.pipeline.checked_against import Ground
from midair.sources.source import Scratch, Work


@dataclass(slots=True)
class Reading:
    """The scripts of a project's migrations, one direction. `unseen` and `refused` say why some are missing."""

    scripts: dict[RevisionId, Script] = field(default_factory=dict[RevisionId, Script])
    unseen: dict[RevisionId, str] = field(default_factory=dict[RevisionId, str])
    refused: dict[RevisionId, Refusal] = field(default_factory=dict[RevisionId, Refusal])


def candidates_of(
    found: Ground, chosen: Collection[RevisionId], *, whole: bool, no_exec: bool
) -> tuple[Candidate, ...]:
    """The project's migrations in order, those not chosen only to teach the schema.

    `whole`: the schema is made from all the files, the applied ones included; else the target's
    schema is known and what is applied teaches nothing.

    Raises:
        ProgramFailed: the project's own program failed.
    """
    done = {each.revision for each in found.applied} if not whole else set[RevisionId]()
    ordered = [each.migration for each in found.standings if each.migration]
    last = max((place for place, each in enumerate(ordered) if each.revision in chosen), default=-1)
    needed = [each for each in ordered[: last + 1] if each.revision not in done or each.revision in chosen]
    up = _up(found, needed, whole=whole, no_exec=no_exec)
    down = _down(
        found, ordered, [each for each in needed if each.revision in chosen], whole=whole, no_exec=no_exec
    )
    expected = 2 * sum(each.reversible for each in ordered) > len(ordered)
    return tuple(
        Candidate(
            each,
            up.scripts.get(each.revision, Script()),
            down.scripts.get(each.revision),
            each.revision in chosen,
            expected and each.revision not in down.unseen and each.revision not in up.unseen,
            up.unseen.get(each.revision) or up.scripts.get(each.revision, Script()).live,
            up.refused.get(each.revision),
        )
        for each in ordered
    )


def files_of(found: Ground) -> Mapping[str, RevisionId]:
    """Every file of the project that holds statements, with its migration: the way back may be in a file of its own."""
    ordered = [each.migration for each in found.standings if each.migration]
    owners = {each.span.path: each.revision for each in ordered}
    if found.source.unrun is None:
        back = _read(found, [each for each in ordered if each.reversible], Direction.DOWN, found.empty, ())
        owners |= {
            statement.span.path: revision
            for revision, script in back.scripts.items()
            for statement in script.statements
            if statement.span.path not in owners
        }
    return owners


def _up(found: Ground, needed: Sequence[Migration], *, whole: bool, no_exec: bool) -> Reading:
    if no_exec and found.source.unrun is not None:
        return _unrun(found, needed, Direction.UP)
    return _read(
        found, needed, Direction.UP, found.empty if whole else found.scratch, () if whole else found.applied
    )


def _down(
    found: Ground, ordered: Sequence[Migration], chosen: Sequence[Migration], *, whole: bool, no_exec: bool
) -> Reading:
    """The ways back, read where each migration before them is in place; one that cannot be read is not held against it."""
    back = [each for each in reversed(chosen) if each.reversible and not each.repeatable]
    if no_exec and found.source.unrun is not None:
        return _unrun(found, back, Direction.DOWN)
    places = {each.revision: place for place, each in enumerate(ordered)}
    newest = max((places[each.revision] for each in back), default=-1)
    applied = tuple(Applied(each.revision, order) for order, each in enumerate(ordered[: newest + 1], 1))
    reading = _read(found, back, Direction.DOWN, found.empty if whole else found.scratch, applied)
    reading.unseen |= {revision: each.message for revision, each in reading.refused.items()}
    return reading


def _unrun(found: Ground, migrations: Sequence[Migration], direction: Direction) -> Reading:
    """What the programs' files show; where the tool's files show nothing, that they were not looked at."""
    if found.source.unrun is None:
        return Reading(unseen={each.revision: "it is a program, and was not run" for each in migrations})
    work = Work(tuple(migrations), direction, found.applied, Product.POSTGRESQL)
    return Reading(dict(found.source.unrun(found.project, work).by_revision))


def _read(
    found: Ground,
    migrations: Sequence[Migration],
    direction: Direction,
    scratch: Scratch,
    applied: tuple[Applied, ...],
) -> Reading:
    """All in one go; where that fails for files, one by one, so that each says for itself what is wrong with it."""
    try:
        return Reading(_scripts(found, migrations, direction, scratch, applied))
    except ProjectError as error:
        if found.source.unrun is not None:
            if direction is Direction.UP:
                raise
            return Reading(unseen={each.revision: error.message for each in migrations})
    reading = Reading()
    for each in migrations:
        try:
            reading.scripts |= _scripts(found, [each], direction, scratch, applied)
        except Unsupported as error:
            reading.unseen[each.revision] = error.message
        except ProjectError as error:
            reading.refused[each.revision] = _refusal(each, error)
    return reading


def _scripts(
    found: Ground,
    migrations: Sequence[Migration],
    direction: Direction,
    scratch: Scratch,
    applied: tuple[Applied, ...],
) -> dict[RevisionId, Script]:
    work = Work(tuple(migrations), direction, applied, Product.POSTGRESQL, condensed=True)
    return dict(found.source.scripts(found.project, work, scratch, found.options).by_revision)


def _refusal(migration: Migration, error: MidairError) -> Refusal:
    return Refusal(error.message, migration.span, error.hint)


def paths_of(candidates: Sequence[Candidate]) -> Iterator[str]:
    """The files of the migrations to be judged, each once."""
    seen: set[str] = set()
    for each in candidates:
        if not each.pending:
            continue
        scripts = (each.script, each.down or Script())
        for path in (
            each.migration.span.path,
            *(statement.span.path for script in scripts for statement in script.statements),
        ):
            if path not in seen:
                seen.add(path)
                yield path
