"""Migrations that are programs and must run as such."""

from dataclasses import replace
from hashlib import sha256

from midair.dialects.dialect import dialect_of
from midair.errors import HistoryDiverged, MigrationFailed, ProgramFailed, Unsupported
from midair.execution.services import Fly
from midair.journal import Journal
from midair.journal.programs import forgotten, in_full, table_of_reads
from midair.model.migration import Direction, RevisionId, Script, State
from midair.model.plan import (
    LIVE,
    Phase,
    Plan,
    RunLive,
    Segment,
    Step,
    live_part_id,
    live_place_id,
    live_place_of,
)
from midair.model.statement import Sql
from midair.pipeline.opening import Opened
from midair.sources.source import LiveRun, Sent, Turn


def run_live(opened: Opened, journal: Journal, step: Step, action: RunLive, run_id: str, fly: Fly) -> None:
    """Lets the migration's own program run against the target, bounded like everything else; `fly` runs what is taken out of it.

    Raises:
        MigrationFailed: it failed, or is not recorded after it ended.
        HistoryDiverged: it was begun before, and now sends something else.
    """
    if opened.source.live is None or step.revision is None:
        raise Unsupported(
            f"{opened.project.tool} has no way to run {step.revision} by itself ({action.reason})"
        )
    by_revision = {each.revision: each for each in opened.project.migrations}
    migrations = tuple(by_revision[revision] for revision in action.revisions)
    bounds = {"lock_timeout": f"{round(opened.request.lock_wait_s * 1000)}ms"}
    watched = Watched(opened, journal, step, run_id, fly) if action.watched else None
    try:
        opened.source.live(
            LiveRun(
                opened.project,
                migrations,
                step.direction,
                opened.session.address,
                opened.options,
                bounds,
                watched,
            )
        )
    except ProgramFailed as error:
        raise MigrationFailed(
            error.message,
            state=error.state or _state(step, watched),
            hint="mend the migration and run `midair resume`"
            if action.atomic or watched is not None
            else f"finish it, or take back what is in, by hand; then `midair repair {step.revision} --done` or `--not-done`",
        ) from error
    _check_recorded(opened, step, action)
    opened.session.run(forgotten(opened.session, step.revision, step.id), atomic=True)


def _state(step: Step, watched: "Watched | None") -> str:
    if watched is None or not watched.done_to:
        return f"{step.revision} was rolled back by its own program as far as it is one transaction; migrations before it are recorded"
    return (
        f"what {step.revision} sent up to its statement {watched.done_to} is done and kept, what it sent after that was rolled"
        " back; its program begins again and is taken past what is done"
    )


def _check_recorded(opened: Opened, step: Step, action: RunLive) -> None:
    """A program can end well and have rolled everything back (other-tools.md §9): its own history has the last word."""
    applied = opened.project.history.read(opened.session)
    there = {
        each.revision
        for each in opened.source.compare(opened.project, applied)
        if each.state is State.APPLIED
    }
    wrong = [each for each in action.revisions if (each in there) != (step.direction is Direction.UP)]
    if wrong:
        raise MigrationFailed(
            f"{', '.join(wrong)} ran and {action.tool} has no record of it: its program rolled back, or wrote elsewhere",
            state="the tool's history is as before",
            hint="look at how env.py opens its connection and begins its transaction",
        )


class Watched:
    """Decides for one program what becomes of each thing it sends; see `sources.source.Watch`.

    What the program sent is counted and digested. Whenever its transaction commits, the count and the digest commit with
    it; a program that is run again is taken past that place: what it asks is answered with the rows it was given the
    first time, what it changes is skipped, and at the place itself it must have sent the very same.
    """

    def __init__(self, opened: Opened, journal: Journal, step: Step, run_id: str, fly: Fly) -> None:
        from midair.dialects.postgresql.snapshot import snapshot
        from midair.rewriting.scene import scene_of

        assert step.revision is not None
        self._opened, self._journal, self._step, self._run_id, self._fly = (
            opened,
            journal,
            step,
            run_id,
            fly,
        )
        self._revision: RevisionId = step.revision
        session = opened.session
        self._scene = scene_of(
            snapshot(session), session.server_version // 10_000, opened.request.small_table_bytes
        )
        self._begins_at, self._was = _place(journal, step)
        if not _is_begun(journal, step):
            opened.session.run(forgotten(session, step.revision, step.id), atomic=True)
        self._number, self._digest, self._said, self._text = 0, "", "", ""
        self._texts: set[str] = set()
        """What has run apart: a program that sends the same again is asking how much was left, and must hear it."""
        self._before = (0, "", "")
        self.done_to = self._begins_at
        self._stays: str | None = None
        self._apart: tuple[Segment, ...] = ()

    def turn(self, sent: Sent) -> Turn:
        """What becomes of the next thing the program sends."""
        self._before = (self._number, self._digest, self._said)
        self._number += 1
        self._apart = ()
        self._digest = sha256(f"{self._digest}\0{sent.text}".encode()).hexdigest()[:16]
        self._said = " ".join(sent.text[:200].split())[:80]
        self._text = sent.text
        if self._number <= self._begins_at:
            return self._past(sent)
        if sent.query:
            if self._stays is not None or sent.outside or not _gives_table(sent):
                return Turn.SEND
            return Turn.KEEP
        return self._change(sent)

    def rows(self) -> str:
        """The table for the rows of the query that was last asked about."""
        return table_of_reads(self._revision, self._number)

    def records(self) -> tuple[str, ...]:
        """The journal's rows for what the program has sent, to commit with it."""
        # What is about to run apart from the program is not done yet.
        number, digest, said = self._before if self._apart else (self._number, self._digest, self._said)
        if number <= self.done_to or self._stays is not None:
            return ()
        self.done_to = number
        return tuple(in_full(self._opened.session, sql) for sql in self._journal_of(number, digest, said))

    def over(self) -> None:
        """The program is through: it must have come as far as it did the first time."""
        if self._number < self._begins_at:
            raise self._diverged(f"it ends after {self._number} statements")

    def run_apart(self) -> None:
        """Does what was last asked about, by the plan that was made for it when it was first sent."""
        name = f"{self._step.id}:{self._number}:{self._digest}"
        self._texts.add(self._text)
        kept = self._journal.kept(name)
        segments = kept.segments if kept is not None else self._apart
        if kept is None:
            step = self._step
            plan = Plan(
                self._opened.project.tool, step.direction, segments, (self._revision,), strategy="online"
            )
            self._opened.session.run([self._journal.keep_as(name, plan)], atomic=True)
        self._fly(segments)
        place = self._journal_of(self._number, self._digest, self._said)
        self._opened.session.run(place, atomic=True)
        self.done_to, self._apart = self._number, ()

    def stays(self, reason: str) -> None:
        """From here on the program's transaction ends only by itself."""
        self._stays = self._stays or reason

    def _past(self, sent: Sent) -> Turn:
        if self._number == self._begins_at and self._digest != self._was:
            raise self._diverged(f"{self._said!r} is not what it sent then, or something before it")
        if sent.query:
            return Turn.READ if _gives_table(sent) and not sent.outside else Turn.SEND
        return Turn.SKIP

    def _change(self, sent: Sent) -> Turn:
        from midair.dialects.postgresql.reads import gives_rows
        from midair.planning.lay_out import Item
        from midair.planning.live import taken

        if any(gives_rows(each.sql) for each in sent.statements):
            self.stays("goes on with what a change gave back")
        migration = next(each for each in self._opened.project.migrations if each.revision == self._revision)
        item = Item(migration, Script(), ())
        dialect = dialect_of(self._opened.session.product)
        found = taken(item, self._step.direction, dialect, self._scene, sent.statements, outside=sent.outside)
        self._scene = found.scene
        if found.stays is not None:
            self.stays(found.stays)
        if self._stays is not None or not found.segments or sent.text in self._texts:
            return Turn.SEND
        self._apart = tuple(
            replace(
                each,
                steps=tuple(replace(step, id=live_part_id(step.id, self._number)) for step in each.steps),
            )
            for each in found.segments
        )
        return Turn.APART

    def _journal_of(self, number: int, digest: str, said: str) -> tuple[Sql, ...]:
        title = f"its program came to statement {number}: {said}"
        name = live_place_id(self._revision, self._step.direction, number, digest)
        place = Step(name, self._revision, self._step.direction, Phase.EXPAND, title, self._step.action)
        return self._journal.committed(self._run_id, [place], stay_open=True)

    def _diverged(self, how: str) -> HistoryDiverged:
        return HistoryDiverged(
            f"{self._revision} was begun before, and its program does not repeat what it did: {how}",
            state=f"nothing was changed now; what it sent up to its statement {self._begins_at} is done, and the tool has not recorded it",
            hint=f"finish it by hand and say `midair repair {self._revision} --done`, or restore what was there before",
        )


def _place(journal: Journal, step: Step) -> tuple[int, str]:
    """The last place that an earlier run of the program came to, and the digest of what it had sent by then."""
    places = [
        found
        for each in journal.open_steps()
        if each.revision == step.revision
        and each.direction == step.direction
        and (found := live_place_of(each.id)) is not None
    ]
    return max(places, default=(0, ""))


def _is_begun(journal: Journal, step: Step) -> bool:
    """An earlier run of the program left something that this one goes on with."""
    parts = (each for each in journal.open_steps() if each.revision == step.revision and each.id != step.id)
    return any(f":{LIVE}:" in each.id for each in parts)


def _gives_table(sent: Sent) -> bool:
    """Its rows can stand in a table: SHOW and EXPLAIN are asked again."""
    return sent.text.split(None, 1)[0].upper() not in ("SHOW", "EXPLAIN")
