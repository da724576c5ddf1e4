"""Settles what a crash or a hand left."""

from typing import TYPE_CHECKING

from midair.errors import Unsupported
from midair.execution.services import Reporter
from midair.journal import Journal
from midair.journal.programs import all_forgotten
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened, alone, opening
from midair.pipeline.request import Request
from midair.pipeline.takeback import abort_of, begun_migration, clean_marks

if TYPE_CHECKING:
    from midair.model.statement import Sql
    from midair.sources.history import Marks


def repair(
    request: Request,
    report: Reporter,
    revision: str | None = None,
    *,
    done: bool | None = None,
    undo: bool = False,
    apply_it: bool = True,
    release_lock: bool = False,
) -> tuple[str, ...]:
    """Settles what a crash or a hand left: gives one sentence for each thing it did (or would do).

    Without a revision: the tool's own repair (Flyway), and edited files are accepted as they are now.
    `release_lock` first lets go of a lock row whose owner is gone.
    With one: `done` says what a person found out about a migration nothing else can tell about; `undo` takes
    back what is there of one that is half applied.

    Raises:
        Irreversible: a step that ran cannot be taken back; nothing was changed.
    """
    released: tuple[str, ...] = ()
    if release_lock:
        with opening(request) as opened:
            released = _released(opened, apply_it=apply_it)
            if released and not apply_it:
                return released  # nothing more can be told while the lock is held
    with opening(request) as opened, alone(opened, report):
        if revision is not None and undo:
            return _undone(opened, revision, report, apply_it=apply_it)
        if revision is not None and done is not None:
            return _settled(opened, revision, done=done, apply_it=apply_it)
        return (*released, *_repaired(opened, apply_it=apply_it))


def _released(opened: Opened, *, apply_it: bool) -> tuple[str, ...]:
    release = opened.project.history.release
    if release is None:
        raise Unsupported(
            f"{opened.project.tool}'s lock ends with its session: there is nothing to release",
            hint="find the session that holds it and end it",
        )
    found = release(opened.session)
    if found and apply_it:
        opened.session.run([sql for _, sql in found], atomic=True)
    return tuple(sentence for sentence, _ in found)


def _undone(opened: Opened, revision: str, report: Reporter, *, apply_it: bool) -> tuple[str, ...]:
    made = abort_of(opened, revision)
    if apply_it:
        flown(opened, made, report)
    return tuple(f"{step.revision}: {step.title}" for step in made.steps)


def _settled(opened: Opened, revision: str, *, done: bool, apply_it: bool) -> tuple[str, ...]:
    project, session = opened.project, opened.session
    journal = Journal(session, project.tool)
    begun = begun_migration(opened, revision)
    migration = begun.migration
    marks: tuple[Marks, ...] = project.history.record(session, [migration], begun.applied) if done else ()
    clean = clean_marks(opened, begun) if not done else ()
    sql = [*(statement for mark in marks for statement in mark.within), *clean]
    if journal.ready:
        steps = [each for each in journal.open_steps() if each.revision == migration.revision]
        sql += [journal.close_steps(migration.revision), *all_forgotten(session, steps)]
    if apply_it and sql:
        session.run(sql, atomic=True)
    verb = "recorded as applied" if done else "recorded as not applied"
    return (f"{migration.revision} {verb}; its open steps are closed",)


def _repaired(opened: Opened, *, apply_it: bool) -> tuple[str, ...]:
    project, session = opened.project, opened.session
    said: list[str] = []
    sql: list[Sql] = []
    if opened.source.repair is not None:
        for sentence, statement in opened.source.repair(session, project, project.history.read(session)):
            said.append(sentence)
            sql.append(statement)
    journal = Journal(session)
    known = journal.checksums(project.tool)
    for migration in project.migrations:
        if migration.checksum and known.get(migration.revision, migration.checksum) != migration.checksum:
            said.append(f"accepted {migration.span.path} as it is now")
            sql.append(journal.remember("repair", project.tool, migration.revision, migration.checksum))
    if apply_it and sql:
        session.run(sql, atomic=True)
    return tuple(dict.fromkeys(said))
