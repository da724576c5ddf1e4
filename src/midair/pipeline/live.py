"""Migrations that are programs and must run as such."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from midair.dialects.dialect import dialect_of
from midair.errors import (
    GateInTheWay,
    HistoryDiverged,
    MigrationFailed,
    NotOnline,
    ProgramFailed,
    Unsupported,
)
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
from midair.model.statement import Sql, Statement
from midair.pipeline.opening import Opened
from midair.sources.source import LiveRun, Sent, Turn

if TYPE_CHECKING:
    from midair.pipeline.guarding import Guarding


def run_live(opened: Opened, journal: Journal, step: Step, action: RunLive, run_id: str, fly: Fly) -> None:
    """Lets the migration's own program run against the target, bounded like everything else; `fly` runs what is taken out of it.

    Raises:
        MigrationFailed: it failed, or is not recorded after it ended.
        HistoryDiverged: it was begun before, and now sends something else.
        NotOnline, GateInTheWay: its rows made it send what would break the running application.
    """
    if opened.source.live is None or step.revision is None:
        raise Unsupported(
            f"{opened.project.tool} has no way to run {step.revision} by itself ({action.reason})"
        )
    by_revision = {each.revision: each for each in opened.project.migrations}
    migrations = tuple(by_revision[revision] for revision in action.revisions)
    bounds = {"lock_timeout": f"{round(opened.request.lock_wait_s * 1000)}ms"}
    asks = action.watched or action.guarded
    watched = Watched(opened, journal, step, run_id, fly, action) if asks else None
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
                only_judged=not action.watched,
            )
        )
    except (NotOnline, GateInTheWay):
        if watched is not None and watched.left_nothing:
            over = journal.close_steps(step.revision)
            opened.session.run([over, *forgotten(opened.session, step.revision, step.id)], atomic=True)
        raise
    except ProgramFailed as error:
        raise MigrationFailed(
            error.message,
            state=error.state or _state(step, watched),
            hint="mend the migration and run `midair resume`"
            if action.atomic or action.watched
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

    def __init__(
        self, opened: Opened, journal: Journal, step: Step, run_id: str, fly: Fly, action: RunLive
    ) -> None:
        from midair.pipeline.guarding import Guarding
        from midair.pipeline.plan import scene_now

        assert step.revision is not None
        self._opened, self._journal, self._step, self._run_id, self._fly = (
            opened,
            journal,
            step,
            run_id,
            fly,
        )
        self._revision: RevisionId = step.revision
        self._guarding = Guarding(opened, action) if action.guarded else None
        scene = scene_now(opened, may_defer=action.guarded)
        self._scene = self._guarding.unused(scene) if self._guarding else scene
        self._begins_at, self._was = _place(journal, step)
        self._committed = _is_begun(journal, step)
        if not self._committed:
            opened.session.run(forgotten(opened.session, step.revision, step.id), atomic=True)
        self._number, self._digest, self._said, self._text = 0, "", "", ""
        self._texts: set[str] = set()
        """What has run apart: a program that sends the same again is asking how much was left, and must hear it."""
        self._before = (0, "", "")
        self.done_to = self._begins_at
        self._stays: str | None = None if action.watched else "runs in its own transactions"
        self._apart: tuple[Segment, ...] = ()
        self._halfway = False
        """What is to run apart was begun by an earlier run."""

    @property
    def left_nothing(self) -> bool:
        """Once its own transaction is rolled back, nothing is left of what it sent in this run or one before."""
        return not self._committed and self.done_to == 0

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
        self._committed = self._committed or number > 0
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
        from midair.dialects.postgresql.snapshot import snapshot

        step, segments = self._step, self._apart
        self._texts.add(self._text)
        plan = Plan(self._opened.project.tool, step.direction, segments, (self._revision,), strategy="online")
        self._opened.session.run([self._journal.keep_as(self._name(), plan)], atomic=True)
        self._fly(segments)
        if self._halfway:
            self._scene = replace(self._scene, schema=snapshot(self._opened.session))
        place = self._journal_of(self._number, self._digest, self._said)
        self._opened.session.run(place, atomic=True)
        self.done_to, self._apart, self._halfway = self._number, (), False

    def _name(self) -> str:
        """Under which the plan for what the program sends now is kept."""
        return f"{self._step.id}:{self._number}:{self._digest}"

    def stays(self, reason: str) -> None:
        """From here on the program's transaction ends only by itself."""
        self._stays = self._stays or reason

    def _past(self, sent: Sent) -> Turn:
        if self._number == self._begins_at and self._digest != self._was:
            raise self._diverged(f"{self._said!r} is not what it sent then, or something before it")
        if sent.query:
            return Turn.READ if _gives_table(sent) and not sent.outside else Turn.SEND
        self._know(sent)
        return Turn.SKIP

    def _know(self, sent: Sent) -> None:
        """What it made before is in the schema by now, and still nobody else's."""
        from midair.dialects.postgresql.changes import changes_of

        for each in sent.statements:
            self._scene = self._scene.past(changes_of(each.sql))

    def _refuse_breaking(self, statements: Sequence[Statement], guarding: "Guarding") -> None:
        state, way = self._left()
        try:
            broken = guarding.broken(statements, self._scene)
        except GateInTheWay as error:
            raise GateInTheWay(
                error.message, state=state, hint=error.hint or way, contract=error.contract
            ) from error
        if broken:
            raise NotOnline(
                f"{self._revision} is at a statement that its rows made it send, and that would break the application that is running: {'; '.join(broken)}",
                state=state,
                hint=way,
            )

    def _left(self) -> tuple[str, str]:
        """What is there once the program's own transaction is rolled back, and how to go on when it is refused there."""
        from midair.planning.live import WAYS_ON

        if self.left_nothing:
            return "nothing was changed: its own transaction was rolled back", WAYS_ON
        if self._stays is None or self.done_to:
            return (
                f"what {self._revision} sent up to its statement {self.done_to} is done and kept, the rest was rolled back;"
                " the running application can go on",
                "when the application is down, `midair resume --strategy direct` goes on from there, this statement included",
            )
        return (
            f"what {self._revision} committed by itself before is done, the rest was rolled back",
            f"finish it, or take back what is in, by hand; then `midair repair {self._revision} --done` or `--not-done`",
        )

    def _change(self, sent: Sent) -> Turn:
        from midair.dialects.postgresql.changes import changes_of
        from midair.dialects.postgresql.reads import gives_rows
        from midair.planning.lay_out import Item
        from midair.planning.live import taken

        statements = sent.statements
        kept = self._journal.kept(self._name()) if self._committed else None
        if kept is not None:  # some of it is in the schema, which is not to be looked at for it again
            self._know(sent)
            self._apart, self._halfway = kept.segments, True
            return Turn.APART
        if self._guarding is not None:
            statements = self._guarding.declared(statements)
            self._refuse_breaking(statements, self._guarding)
        if self._stays is not None:
            for each in statements:
                self._scene = self._scene.after(changes_of(each.sql))
            self._committed = self._committed or sent.outside
            return Turn.SEND
        if any(gives_rows(each.sql) for each in statements):
            self.stays("goes on with what a change gave back")
        migration = next(each for each in self._opened.project.migrations if each.revision == self._revision)
        item = Item(migration, Script(), ())
        dialect = dialect_of(self._opened.session.product)
        found = taken(item, self._step.direction, dialect, self._scene, statements, outside=sent.outside)
        self._scene = found.scene
        if found.stays is not None:
            self.stays(found.stays)
        if self._stays is not None or not found.segments or sent.text in self._texts:
            self._committed = self._committed or sent.outside
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
