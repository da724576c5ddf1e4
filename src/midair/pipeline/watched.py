"""What becomes of each thing a live program sends, and how far it came, so that it can be run again from its beginning."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from midair.dialects.dialect import dialect_of
from midair.errors import (
    GateInTheWay,
    HistoryDiverged,
    NotOnline,
)
from midair.execution.services import Fly, Reporter
from midair.journal import Journal
from midair.journal.programs import forgotten, in_full, table_of_reads
from midair.model.concealed import title_of
from midair.model.event import ProgramCame
from midair.model.frozen import frozen
from midair.model.migration import RevisionId, Script
from midair.model.plan import (
    LIVE,
    Phase,
    Plan,
    RunLive,
    Segment,
    Step,
    StepId,
    live_lost_id,
    live_part_id,
    live_place_id,
    live_place_of,
)
from midair.model.statement import Sql, Statement
from midair.pipeline.opening import Opened
from midair.sources.source import Sent, Turn

if TYPE_CHECKING:
    from midair.pipeline.guarding import Guarding


@frozen
class Run:
    """The run that a program is part of; `fly` does what is taken out of the program, `reporter` hears how far it is."""

    id: str
    fly: Fly
    reporter: Reporter


def by_hand(revision: RevisionId) -> str:
    """What to do about a program that nothing can go on with."""
    return (
        f"finish it, or take back what is in, by hand; then `midair repair {revision} --done` or `--not-done`"
    )


class Watched:
    """Decides for one program what becomes of each thing it sends; see `sources.source.Watch`.

    What the program sent is counted and digested. Whenever its transaction commits, the count and the digest commit with
    it; a program that is run again is taken past that place: what it asks is answered with the rows it was given the
    first time, what it changes is skipped, and at the place itself it must have sent the very same.
    """

    def __init__(self, opened: Opened, journal: Journal, step: Step, action: RunLive, run: Run) -> None:
        from midair.pipeline.guarding import Guarding
        from midair.pipeline.plan import scene_now

        assert step.revision is not None
        self._opened, self._journal, self._step, self._run = opened, journal, step, run
        self._revision: RevisionId = step.revision
        self._guarding = Guarding(opened, action) if action.guarded else None
        scene = scene_now(opened, may_defer=action.guarded)
        self._scene = self._guarding.unused(scene) if self._guarding else scene
        self._begins_at, self._was = _place(journal, step)
        self._committed = _is_begun(journal, step)
        self._is_lost = False
        """It committed something of which nothing tells how far that was: it is not to be stopped any more."""
        if not self._committed:
            opened.session.run(forgotten(opened.session, step.revision, step.id), atomic=True)
        self._begun_apart = journal.names_kept(f"{step.id}:") if self._committed else frozenset[str]()
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
        self._said = title_of(sent.text)[:80]
        self._text = sent.text
        if not self._is_lost:
            self._run.reporter.hear(ProgramCame(self._step, self._number))
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
        rows: tuple[Sql, ...] = ()
        if number > 0 and self._stays is not None:
            rows = self._lost()
        elif number > self.done_to:
            self.done_to = number
            rows = self._journal_of(number, digest, said)
        # What there is no row about must not be committed behind the back of a newer run either.
        return tuple(in_full(self._opened.session, sql) for sql in rows or self._journal.fence())

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
        self._run.fly(segments)
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
        from midair.planning.live import listed

        state, way = self._left()
        try:
            broken = guarding.broken(statements, self._scene)
        except GateInTheWay as error:
            raise GateInTheWay(
                error.message, state=state, hint=error.hint or way, contract=error.contract
            ) from error
        if broken:
            raise NotOnline(
                f"{self._revision} is at a statement that its rows made it send, and that would break the application that is running:{listed(broken)}",
                state=state,
                hint=way,
            )

    def _left(self) -> tuple[str, str]:
        """What is there once the program's own transaction is rolled back, and how to go on when it is refused there."""
        from midair.planning.live import WAYS_ON

        if self.left_nothing:
            return "nothing was changed: its own transaction was rolled back", WAYS_ON
        if not self._is_lost:
            return (
                f"what {self._revision} sent up to its statement {self.done_to} is done and kept, the rest was rolled back;"
                " the running application can go on",
                "when the application is down, `midair resume --strategy direct` goes on from there, this statement included",
            )
        return (
            f"what {self._revision} committed by itself before is done, the rest was rolled back",
            by_hand(self._revision),
        )

    def _change(self, sent: Sent) -> Turn:
        from midair.dialects.postgresql.changes import changes_of
        from midair.dialects.postgresql.reads import gives_rows
        from midair.pipeline.guarding import only_rows
        from midair.planning.lay_out import Item
        from midair.planning.live import taken

        statements = sent.statements
        kept = self._journal.kept(self._name()) if self._name() in self._begun_apart else None
        if kept is not None:  # some of it is in the schema, which is not to be looked at for it again
            self._know(sent)
            self._apart, self._halfway = kept.segments, True
            return Turn.APART
        if self._guarding is not None:
            statements = self._guarding.declared(statements)
            self._refuse_breaking(statements, self._guarding)
        if self._stays is not None:
            for each in statements:
                if not only_rows(each):
                    self._scene = self._scene.after(changes_of(each.sql))
            self._sends(sent)
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
        again = sent.text in self._texts and not sent.outside
        if self._stays is not None or not found.segments or again:
            self._sends(sent)
            return Turn.SEND
        self._apart = tuple(
            replace(
                each,
                steps=tuple(replace(step, id=live_part_id(step.id, self._number)) for step in each.steps),
            )
            for each in found.segments
        )
        return Turn.APART

    def _sends(self, sent: Sent) -> None:
        """Outside a transaction it is committed as soon as it is sent, and no record can be with it."""
        if sent.outside:
            self._opened.session.run(self._lost() or self._journal.fence(), atomic=True)

    def _lost(self) -> tuple[Sql, ...]:
        """The journal's word, once, that the program cannot be run again from here on."""
        self._committed = True
        if self._is_lost:
            return ()
        self._is_lost = True
        name = live_lost_id(self._revision, self._step.direction, self._number)
        title = f"its program committed by itself at statement {self._number}: {self._said}"
        return self._committed_step(name, title)

    def _journal_of(self, number: int, digest: str, said: str) -> tuple[Sql, ...]:
        title = f"its program came to statement {number}: {said}"
        name = live_place_id(self._revision, self._step.direction, number, digest)
        return self._committed_step(name, title)

    def _committed_step(self, name: StepId, title: str) -> tuple[Sql, ...]:
        place = Step(name, self._revision, self._step.direction, Phase.EXPAND, title, self._step.action)
        return self._journal.committed(self._run.id, [place], stay_open=True)

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
