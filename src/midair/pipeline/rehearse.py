"""The plan tried on a throwaway server: locks traced, the way back proven, rows kept."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from midair.errors import MigrationFailed
from midair.model.finding import Finding
from midair.model.inventory import Inventory, differences
from midair.model.migration import Applied, Direction, Migration
from midair.model.trace import Proof, Rehearsed, TracedStep
from midair.pipeline.each import each_alone
from midair.pipeline.each_online import online_as_applied, online_one_by_one
from midair.pipeline.flying import flown
from midair.pipeline.opening import Opened
from midair.pipeline.plan import laid
from midair.pipeline.queries import Breakage, broken_before, judged, not_judged
from midair.pipeline.rehearse_file import rehearse_file, sqlite_of
from midair.pipeline.request import Request
from midair.pipeline.stage import Stage, Wants, roles_in, stage
from midair.pipeline.standings import standings_of
from midair.pipeline.traced import Listening, traced_steps, watching
from midair.pipeline.trial import (
    Notebook,
    Silent,
    Trial,
    applied_now,
    failure_of,
    own_tables,
    refuse_missing_extension,
    schema_of,
    whose,
    without_extensions,
)
from midair.pipeline.ways_back import way_back, ways_up
from midair.planning.choose import pending_of
from midair.rehearsal import verdicts
from midair.rehearsal.application import failing
from midair.rehearsal.rows import fill
from midair.rehearsal.verdicts import found
from midair.sources.source import Scripts

_EACH_AT_MOST = 50
"""So many migrations are tried one at a time without being asked for it."""


def rehearse(request: Request, trial: Trial, tell: Callable[[str], None] = lambda line: None) -> Rehearsed:
    """Runs what is pending up, again, down and up on a copy of the target's schema; the target is only read.

    A SQLite target is copied whole, into a temporary file.

    `tell` hears what is being tried, a line each.

    Raises:
        ProjectError: the migrations, the history or the target do not fit together.
        ScratchError: no server to play on, or it lacks an extension.
    """
    began = time.monotonic()
    file = sqlite_of(request, from_empty=trial.from_empty)
    if file is not None:
        return rehearse_file(request, file, trial, tell)
    wants = Wants(trial.sample, trial.masks, trial.queries_from_target)
    with stage(request, from_empty=trial.from_empty, wants=wants) as here, here.opened() as opened:
        trial = replace(trial, queries=(*trial.queries, *here.queries))
        applied, standings = standings_of(opened)
        pending = pending_of(standings, trial.target)
        book = Notebook(notes=[*_about_sample(here, trial), *_about_left_out(here)])
        chosen, scripts = ways_up(opened, pending, applied, book)
        scripts = without_extensions(scripts, trial.without)
        statements = [each for script in scripts.by_revision.values() for each in script.statements]
        here.bring_roles(roles_in(statements))
        if chosen:
            if here.target is not None:
                broken = failing(opened.session, trial.queries)
                book.findings += broken_before(broken, chosen[0])
                book.notes += filter(None, [not_judged(broken)])
            _tried(here, opened, chosen, scripts, applied, book, trial, tell)
        if not book.findings:  # else each migration by itself has told the same, with its right name
            book.findings += book.suspicions
        own, theirs = here.majors
        if theirs is not None and own != theirs:
            book.notes.append(
                f"rehearsed on PostgreSQL {own}, and the target is {theirs}: locks and rewrites differ between them in places"
            )
        return Rehearsed(
            tool=opened.project.tool,
            revisions=tuple((each.revision, each.description) for each in pending),
            start=here.start,
            server=f"PostgreSQL {own}",
            target_server=f"PostgreSQL {theirs}" if theirs else None,
            strategy=here.strategy,
            plan_digest=book.digest or laid(opened, (), scripts, Direction.UP, applied).digest,
            steps=book.steps,
            proofs=tuple(book.proofs),
            findings=tuple(_distinct(book.findings)),
            filled=book.filled,
            notes=tuple(dict.fromkeys(book.notes)),
            took_s=time.monotonic() - began,
        )


def _tried(
    here: Stage,
    opened: Opened,
    chosen: Sequence[Migration],
    scripts: Scripts,
    applied: tuple[Applied, ...],
    book: Notebook,
    trial: Trial,
    tell: Callable[[str], None],
) -> None:
    """As written first, together and one by one; then, where `apply` would make something else of it, that too."""
    online = here.strategy == "online"
    each = trial.each or (trial.each is None and len(chosen) <= _EACH_AT_MOST)
    as_written = replace(trial, queries=()) if online else trial
    back = _whole(here, opened, chosen, scripts, applied, book, as_written, tell)
    if each:
        each_alone(here, chosen, scripts, back, book, as_written, tell)
    if not online:
        return
    tell(f"online: {len(chosen)} migrations")
    together = Notebook() if each else book
    whole = online_as_applied(here, chosen, scripts, back, together, trial)
    if each:
        steps = online_one_by_one(here, chosen, scripts, back, book, trial, tell)
        book.proofs += together.proofs
        book.notes += together.notes
        book.suspicions += together.findings
        together.steps = together.steps if whole else steps
    book.steps = together.steps or book.steps
    book.digest = together.digest or book.digest
    book.findings += _disagreements(book.steps, chosen)


def _whole(
    here: Stage,
    opened: Opened,
    chosen: Sequence[Migration],
    scripts: Scripts,
    applied: tuple[Applied, ...],
    book: Notebook,
    trial: Trial,
    tell: Callable[[str], None],
) -> Scripts | None:
    """All of them up, nothing, down and up, as `apply` and `rollback` would; gives the statements of the way back."""
    last = chosen[-1]
    book.filled = ()
    if trial.rows:
        filled = fill(opened.session, skip=own_tables(opened))
        book.filled = filled.rows
        book.note_refused(filled)
    before = schema_of(opened)
    broken = failing(opened.session, trial.queries)
    tell(f"up: {len(chosen)} migrations")
    began = time.monotonic()
    with watching(opened) as (watched, session):
        plan = laid(watched, chosen, scripts, Direction.UP, applied)
        book.digest = plan.digest
        try:
            flown(watched, plan, Listening(session))
        except MigrationFailed as error:
            refuse_missing_extension(error)
            book.steps = traced_steps(session.seen, plan, here.target)
            book.proofs.append(Proof("up", None, False, time.monotonic() - began, error.message))
            book.suspicions.append(found(failure_of(error), whose(error, chosen), error.message))
            if not book.filled:
                return None
            tell("up again, without rows")
            with here.opened() as bare:
                return _whole(here, bare, chosen, scripts, applied, book, replace(trial, rows=False), tell)
        book.steps = traced_steps(session.seen, plan, here.target)
    book.findings += _disagreements(book.steps, chosen)
    book.proofs.append(Proof("up", None, True, time.monotonic() - began))
    now = failing(opened.session, trial.queries)
    book.suspicions += judged(Breakage(broken, now, now), last, gated=False)
    top = schema_of(opened)
    _second_run(opened, top, last, book)
    return _down_and_up(opened, chosen, scripts, (before, top), book, tell)


def _second_run(opened: Opened, top: Inventory, last: Migration, book: Notebook) -> None:
    began = time.monotonic()
    _, standings = standings_of(opened)
    waiting = pending_of(standings, "heads")
    waiting = tuple(each for each in waiting if each.revision in {last.revision})
    differs = differences(top, schema_of(opened))
    detail = f"{', '.join(each.revision for each in waiting)} would run again" if waiting else ""
    detail = detail or (str(differs[0]) if differs else "")
    book.proofs.append(Proof("second run", None, not detail, time.monotonic() - began, detail))
    if detail:
        book.findings.append(found(verdicts.SECOND_RUN, last, detail))


def _down_and_up(
    opened: Opened,
    chosen: Sequence[Migration],
    scripts: Scripts,
    ends: tuple[Inventory, Inventory],
    book: Notebook,
    tell: Callable[[str], None],
) -> Scripts | None:
    """Back as far as there is a way, and up again; which migration is to blame is for the trial of each to say."""
    undone: list[Migration] = []
    for each in reversed(chosen):
        if each.repeatable:
            continue
        if not each.reversible:
            book.notes.append(f"{each.revision} has no way back: nothing at or before it was tried downwards")
            break
        undone.append(each)
    if not undone:
        book.proofs.append(Proof("down", None, None, 0.0, "the newest migration has no way back"))
        return None
    back = way_back(opened, undone, book)
    undone = [each for each in undone if back and each.revision in back.by_revision]
    if back is None or not undone:
        book.proofs.append(Proof("down", None, None, 0.0, "the newest migration's way back cannot be read"))
        return None
    tell(f"down: {len(undone)} migrations")
    began = time.monotonic()
    try:
        flown(opened, laid(opened, undone, back, Direction.DOWN, applied_now(opened)), Silent())
    except MigrationFailed as error:
        book.proofs.append(Proof("down", None, False, time.monotonic() - began, error.message))
        book.suspicions.append(found(verdicts.DOWN_FAILS, whose(error, undone), error.message))
        return back
    whole = len(undone) == sum(not each.repeatable for each in chosen)
    differs = differences(ends[0], schema_of(opened)) if whole and len(undone) == len(chosen) else ()
    book.proofs.append(
        Proof("down", None, not differs, time.monotonic() - began, str(differs[0]) if differs else "")
    )
    tell("up again")
    began = time.monotonic()
    again = list(reversed(undone))
    try:
        flown(opened, laid(opened, again, scripts, Direction.UP, applied_now(opened)), Silent())
    except MigrationFailed as error:
        book.proofs.append(Proof("up again", None, False, time.monotonic() - began, error.message))
        book.suspicions.append(found(verdicts.AGAIN_FAILS, whose(error, chosen), error.message))
        return back
    differs = differences(ends[1], schema_of(opened))
    book.proofs.append(
        Proof("up again", None, not differs, time.monotonic() - began, str(differs[0]) if differs else "")
    )
    return back


def _about_sample(here: Stage, trial: Trial) -> Iterator[str]:
    if here.sampled.rows:
        number = sum(rows for _, rows in here.sampled.rows)
        masked = f", {', '.join(trial.masks)} masked" if trial.masks else ""
        yield f"{number} rows of {len(here.sampled.rows)} tables are the target's own{masked}"
    for table, reason in here.sampled.refused:
        yield f"no rows of {table} were taken from the target: {reason}"


def _about_left_out(here: Stage) -> Iterator[str]:
    if here.left_out:
        number = len(here.left_out)
        yield (
            f"the scratch server's role may not set {number} owner{'s' if number > 1 else ''}, privileges or comments of the target,"
            f" such as {here.left_out[0]}"
        )


def _disagreements(steps: Sequence[TracedStep], chosen: Sequence[Migration]) -> list[Finding]:
    return [
        found(verdicts.PREDICTION, each, f"{step.place} {step.title!r} {sentence}")
        for step in steps
        for each in chosen
        if each.revision == step.revision
        for sentence in step.surprises
    ]


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Each finding once: the trial of the whole and that of each may see the same."""
    kept: dict[tuple[str, object], Finding] = {}
    for each in findings:
        # A way back that cannot be read fails in other words when others are read with it.
        same = each.code if each.code == verdicts.DOWN_FAILS.code else each.fingerprint
        kept.setdefault((same, each.revision), each)
    return list(kept.values())
