"""What was seen of a plan's steps, beside what was predicted, with what it means for the target's sizes."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from midair.database import Guard, open_session
from midair.model.backfill import Backfill
from midair.model.effects import LockLevel
from midair.model.event import Event, StepDone, StepStarted
from midair.model.plan import Plan, RunLive, RunStatement, Step
from midair.model.schema import Schema
from midair.model.trace import Size, TracedStep
from midair.pipeline.opening import Opened
from midair.rehearsal.estimate import works_s
from midair.rehearsal.predict import Forecast, disagreements
from midair.rehearsal.watch import Seen, Watched


@contextmanager
def watching(opened: Opened) -> Generator[tuple[Opened, Watched]]:
    """The same database, its session watched."""
    beside = open_session(opened.session.address, Guard(), "midair rehearsal observer")
    try:
        watched = Watched(opened.session, beside, Forecast(beside))
        yield replace(opened, session=watched), watched
    finally:
        beside.close()


class Listening:
    """A reporter that has a statement in batches watched from beside for as long as its step lasts, and tells that a
    program of the project's own changed what no session of ours sent."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._under_way: AbstractContextManager[None] | None = None

    def hear(self, event: Event) -> None:
        """Begins to watch at the step's start, and notes at its end what was seen."""
        match event:
            case StepStarted(step=Step(action=Backfill(statement=statement))):
                self._under_way = self._watched.watching_batches(statement)
                self._under_way.__enter__()
            case StepDone(step=Step(action=RunLive())):
                self._watched.lose_thread()
            case StepDone() if self._under_way is not None:
                self.close()
            case _:
                pass

    def close(self) -> None:
        """Ends what is under way, which is something only when the step failed."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.__exit__(None, None, None)


def traced_steps(seen: Sequence[Seen], plan: Plan, target: Schema | None) -> tuple[TracedStep, ...]:
    """One value a statement that ran, in order."""
    steps: dict[int, Step] = {
        id(step.action.statement): step
        for step in plan.steps
        if isinstance(step.action, RunStatement | Backfill)
    }
    made: list[TracedStep] = []
    works: list[float] = []
    held: dict[str, LockLevel] = {}
    transaction = 0
    for each in seen:
        step = steps.get(id(each.sighting.statement))
        if step is None:
            continue
        if each.transaction != transaction:
            transaction, held = each.transaction, {}
        surprises = _surprises(each, held)
        each = _with_asked(each, step)
        for relation, level in each.sighting.locks:
            held[relation] = max(level, held.get(relation, LockLevel.NONE))
        sizes = _sizes(each, target)
        works.append(works_s(each.sighting, each.expected, sizes) or 0.0)
        made.append(
            TracedStep(
                step.revision,
                step.title,
                str(each.sighting.statement.span),
                each.sighting,
                each.expected,
                each.began_s,
                each.transaction,
                sizes,
                None,
                str(step.phase),
                step.rewrite,
                surprises,
            )
        )
    return tuple(_until_commit(made, works))


def _until_commit(made: Sequence[TracedStep], works: Sequence[float]) -> Iterator[TracedStep]:
    """A lock is held for all the work that its transaction has still to do."""
    for number, each in enumerate(made):
        rest = zip(made[number:], works[number:], strict=True)
        held = sum(work for other, work in rest if other.segment == each.segment)
        yield replace(each, held_s=held or None) if each.sighting.locks else each


def _with_asked(each: Seen, step: Step) -> Seen:
    """What the executor asked for on a step's behalf is the step's: its statement found the lock taken already."""
    mine = {name for name, _ in step.locks}
    locks = dict(each.sighting.locks)
    for name, level in each.asked:
        if name in mine:
            locks[name] = max(level, locks.get(name, LockLevel.NONE))
    return replace(each, sighting=replace(each.sighting, locks=tuple(sorted(locks.items()))))


def _surprises(each: Seen, held: dict[str, LockLevel]) -> tuple[str, ...]:
    if each.expected is None:
        return ()
    whole = replace(
        each.sighting,
        locks=tuple(
            (relation, max(level, held.get(relation, LockLevel.NONE)))
            for relation, level in each.sighting.locks
        ),
    )
    return tuple(sentence for sentence, mild in disagreements(each.expected, whole) if mild)


def _sizes(each: Seen, target: Schema | None) -> tuple[Size, ...]:
    seen = each.sighting
    names = (
        {relation for relation, _ in seen.locks}
        | seen.rewrites
        | seen.rebuilds
        | (seen.scans or frozenset[str]())
    )
    if target is None:
        return ()
    return tuple(
        Size(name, table.rows, table.bytes)
        for name in sorted(names)
        if (table := target.table(name)) is not None and table.bytes is not None
    )
