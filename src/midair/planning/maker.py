"""One migration's segments: each statement's safe form, in as few transactions as keep locks short."""

from collections.abc import Sequence
from dataclasses import replace

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import SetSetting, Transaction
from midair.model.contract import Contract, ContractState
from midair.model.migration import Direction
from midair.model.plan import RunStatement, Segment, Step
from midair.model.statement import Sql, Statement
from midair.planning.contracting import (
    UNCUT,
    Undoing,
    along_with,
    close_step,
    contract_of,
    gate_step,
    taken_back,
)
from midair.planning.cuts import Part, apart_where_used, cut, needs_cut, without_gaps
from midair.planning.held import refuse_later
from midair.planning.lay_out import (
    Item,
    record_step,
    statement_step,
)
from midair.planning.regions import Region
from midair.rewriting.following import Way, followed, way_of
from midair.rewriting.make_safe import Deferred, made_safe
from midair.rewriting.prepared import added, unsent
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import not_online


class Maker:
    """Gathers one migration's segments, counting its steps."""

    def __init__(
        self, item: Item, direction: Direction, dialect: Dialect, undone: Sequence[Undoing] = ()
    ) -> None:
        self._item, self._direction, self._dialect = item, direction, dialect
        self._undone = undone
        self._contracts: list[Contract] = []
        self._deferred: list[tuple[Statement, Deferred]] = []
        self._covered: set[Statement] = set()
        self._lost: set[Statement] = set()
        self._position = 0
        self._segments: list[Segment] = []
        self._parts_whole = True
        self.would_cut = False

    def add(self, region: Region, scene: Scene, notes: list[str], *, may_cut: bool) -> Scene:
        inner = region.statements[1:-1] if region.framed else region.statements
        parts: list[Part] = []
        said: list[str] = []
        begins = len(self._deferred)
        ways: list[Way] = []
        before = scene
        taken = 0
        for number, statement in enumerate(inner):
            if taken:
                taken -= 1  # done with an earlier one
                continue
            changes = changes_of(statement.sql)
            notes += (
                f"{statement.span} {note}" for note in (*added(changes, scene), *unsent(changes, scene))
            )
            undone = [each.contract for each in self._undone if each.statement == statement]
            following = inner[number + 1 :] if may_cut else ()
            follow = followed(statement, scene, following, self._recipes)
            if undone:
                made = taken_back(undone, statement, scene)
            elif follow is not None:
                made = follow[0]
                ways.append(follow[1])
            else:
                made = made_safe(statement, scene, following)
            taken = made.takes
            self._deferred += [(statement, each) for each in made.deferred]
            if made.deferred:
                beside = [way_of(part, met, self._recipes) for part, met in made.beside]
                self._lost |= {statement} if any(each.undo is None for each in beside) else set()
                ways += beside
            parts += [Part(statement, each) for each in made.pieces]
            said += made.notes
            scene = made.scene
        parts = apart_where_used(parts)
        ordered = without_gaps(parts)
        deferred = self._deferred[begins:]
        if deferred or ways or any(each.statement in inner for each in self._undone):
            self._defer(region, deferred, ways, may_cut=may_cut)
            notes += said
            self._segments += [self._segment(group) for group in cut(ordered or parts)]
            return scene
        if not needs_cut(parts) or (not region.atomic and not region.framed and len(inner) > 1):
            self._keep(region, before)
            return scene
        self.would_cut = True
        if not may_cut or ordered is None:
            if ordered is None:
                notes.append(
                    f"{self._item.migration.span} stays one transaction: cut, an index would be missing until its successor is built"
                )
            self._keep(region, before)
            return scene
        notes += said
        self._segments += [self._segment(group) for group in cut(ordered)]
        return scene

    def _defer(
        self,
        region: Region,
        deferred: Sequence[tuple[Statement, Deferred]],
        ways: Sequence[Way],
        *,
        may_cut: bool,
    ) -> None:
        """Takes note of what waits behind a gate; what uses the same objects after it in this migration cannot.

        Raises:
            NotOnline: the migration's transaction must stay as it is, or a later statement needs the naive shape.
        """
        whole = region.atomic or region.framed or len(region.statements) == 1
        if deferred and not (may_cut and whole):
            raise not_online(deferred[0][0], UNCUT)
        for statement, each in deferred:
            number = len(self._contracts)
            self._covered |= {statement, *each.taken}
            self._contracts.append(contract_of(self._item.migration.revision, number, statement, each))
        for way in ways:
            if way.undo is not None:
                self._covered.add(way.statement)
                self._contracts[way.after] = along_with(self._contracts[way.after], way)
        refuse_later(region.statements, deferred, self._contracts)

    @property
    def _recipes(self) -> list[Deferred]:
        """What recipes have left for later so far, as their contracts are numbered."""
        return [each for _, each in self._deferred]

    def _keep(self, region: Region, scene: Scene) -> None:
        """The author's own transaction, its locks looked up so that they are asked for first."""
        steps: list[Step] = []
        for statement in region.statements:
            changes = changes_of(statement.sql)
            locks = scene.locks(scene.effects(changes)) if region.atomic else ()
            step = statement_step(
                self._item.migration.revision,
                self._direction,
                self._next(),
                statement,
                self._dialect,
                atomic=region.atomic,
            )
            steps.append(replace(step, locks=locks))
            scene = scene.after(changes)
        if not region.atomic and self._segments and not self._segments[-1].atomic and steps:
            last = self._segments[-1]
            if last.why == self._single_why():
                self._segments[-1] = replace(last, steps=(*last.steps, *steps))
                return
        revision = self._item.migration.revision
        why = f"{revision} is one transaction" if region.atomic else self._single_why()
        self._segments.append(Segment(tuple(steps), region.atomic, why))

    def _single_why(self) -> str:
        return f"{self._item.migration.revision} asks for no transaction: one by one"

    def _segment(self, group: Sequence[Part]) -> Segment:
        steps = tuple(self._step(part) for part in group)
        first = group[0]
        if len(group) == 1 and first.solo:
            atomic = not first.piece.alone and first.piece.action is None
            return Segment(
                steps, atomic, self._why(first.piece.why or "by itself: it takes as long as the table is big")
            )
        tables = sorted({name for part in group for name in part.strong})
        why = f"short locks on {', '.join(tables)}" if tables else "brief, and locks nobody out"
        return Segment(steps, True, self._why(why))

    def _why(self, text: str) -> str:
        return f"{self._item.migration.revision}: {text}"

    def _step(self, part: Part) -> Step:
        piece, revision = part.piece, self._item.migration.revision
        rows = part.statement.rows if piece.rewrite is None else None
        statement = replace(part.statement, sql=piece.sql, rows=rows)
        step = statement_step(
            revision, self._direction, self._next(), statement, self._dialect, atomic=not piece.alone
        )
        action = step.action
        if piece.action is not None:
            action = piece.action
        elif isinstance(action, RunStatement) and piece.alone and piece.rewrite is not None:
            action = replace(action, repair=piece.repair, patient=piece.patient)
        return replace(
            step,
            phase=piece.phase,
            action=action,
            probe=piece.probe or step.probe,
            origin=part.statement if piece.rewrite else None,
            rewrite=piece.rewrite,
            locks=piece.locks,
            undo=piece.undo,
        )

    def _next(self) -> int:
        self._position += 1
        return self._position - 1

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What was laid out so far, the tool's own rows left out."""
        return tuple(self._segments)

    def finished(self) -> list[Segment]:
        """The segments with the tool's own rows: begun before the first where it marks that, complete with the last."""
        item = self._item
        whole = self._is_all_deferred()
        gates = tuple(self._gate(replace(each, whole=whole)) for each in self._contracts)
        gates += tuple(self._gate(each.contract, over=True) for each in self._undone)
        segments = self._segments or [Segment((), True, f"{item.migration.revision} has no statements")]
        whole = len(segments) == 1 and segments[0].atomic
        before = (
            []
            if whole or not item.before
            else [self._record(item.before, "the tool marks the migration as begun")]
        )
        marks = item.within if whole or not item.after else item.after
        last = segments[-1]
        if last.atomic:
            step = record_step(item, self._direction, self._next(), marks)
            return [*before, *segments[:-1], replace(last, steps=(*last.steps, *gates, step))]
        done = "everything is done: the tool records the migration"
        return [*before, *segments, self._record(marks, done, gates)]

    def _record(self, marks: tuple[Sql, ...], why: str, gates: tuple[Step, ...] = ()) -> Segment:
        step = record_step(self._item, self._direction, self._next(), marks)
        return Segment((*gates, step), True, self._why(why))

    def _is_all_deferred(self) -> bool:
        framing = (SetSetting, Transaction)
        return all(
            (each in self._covered and each not in self._lost)
            or all(isinstance(change, framing) for change in changes_of(each.sql))
            for each in self._item.script.statements
        )

    def _gate(self, contract: Contract, *, over: bool = False) -> Step:
        if over:
            return close_step(contract, ContractState.UNDONE, self._direction, self._next())
        return gate_step(contract, self._next())
