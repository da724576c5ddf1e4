"""One migration's segments: each statement's safe form, in as few transactions as keep locks short."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.model.contract import Contract, ContractState
from midair.model.migration import Direction
from midair.model.plan import RunStatement, Segment, Step
from midair.model.statement import Sql, Statement
from midair.planning.contracting import (
    UNCUT,
    Undoing,
    close_step,
    gate_step,
    taken_back,
)
from midair.planning.cuts import Part, apart_where_used, cut, needs_cut, without_gaps
from midair.planning.guarded import Guards, Met
from midair.planning.lay_out import (
    Item,
    record_step,
    statement_step,
)
from midair.planning.regions import Region
from midair.planning.waiting import Waiting
from midair.rewriting.make_safe import Made, made_safe
from midair.rewriting.prepared import added, unsent
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import not_online


class Maker:
    """Gathers one migration's segments, counting its steps. Without `guards` each DO block stays whole."""

    def __init__(
        self,
        item: Item,
        direction: Direction,
        dialect: Dialect,
        undone: Sequence[Undoing] = (),
        guards: Guards | None = None,
        held: Sequence[Contract] = (),
    ) -> None:
        self._item, self._direction, self._dialect = item, direction, dialect
        self._undone, self._guards, self._held = undone, guards, held
        self._statements: list[Statement] = []
        self._waiting = Waiting(item.migration.revision)
        self._position = 0
        self._segments: list[Segment] = []
        self._parts_whole = True
        self.would_cut = False

    def add(self, region: Region, scene: Scene, notes: list[str], *, may_cut: bool) -> Scene:
        met = self._met(region, scene, may_cut=may_cut)
        inner = tuple(chain.from_iterable(each.parts for each in met))
        parts: list[Part] = []
        said = [note for each in met for note in each.notes if not each.nothing]
        notes += (note for each in met for note in each.notes if each.nothing)
        before = scene
        taken, waits = 0, False
        for number, statement in enumerate(inner):
            if taken:
                taken -= 1  # done with an earlier one
                continue
            changes = changes_of(statement.sql)
            told = (*added(changes, scene), *unsent(changes, scene))
            notes += (f"{statement.span} {note}" for note in told)
            made, leaves = self._made(statement, scene, inner[number + 1 :] if may_cut else ())
            taken = made.takes
            waits = waits or leaves
            parts += [Part(statement, each) for each in made.pieces]
            said += made.notes
            scene = made.scene
        parts = apart_where_used(parts)
        ordered = without_gaps(parts)
        self._waiting.refuse_later(inner)
        if waits:
            self._refuse_uncut(region, may_cut=may_cut)
            notes += said
            if ordered is None:
                notes.append(
                    f"{self._item.migration.span} drops an index and makes one of its name again: queries miss it in between"
                )
            self._segments += [self._segment(group) for group in cut(ordered or parts)]
            return scene
        if not needs_cut(parts) or (not region.atomic and not region.framed and len(met) > 1):
            self._keep(region, before, met)
            return scene
        self.would_cut = True
        if not may_cut or ordered is None:
            if ordered is None:
                notes.append(
                    f"{self._item.migration.span} stays one transaction: cut, an index would be missing until its successor is built"
                )
            self._keep(region, before, met)
            return scene
        notes += said
        self._segments += [self._segment(group) for group in cut(ordered)]
        return scene

    def _met(self, region: Region, scene: Scene, *, may_cut: bool) -> tuple[Met, ...]:
        """What the author's statements come to, those that frame the transaction left out."""
        written = region.statements[1:-1] if region.framed else region.statements
        if self._guards is not None and may_cut:
            met = self._guards.met(written, scene, self._held)
        else:
            met = tuple(Met((each,)) for each in written)
            if self._guards is not None:
                self._guards.hears(written)
        self._statements += [part for each in met for part in each.parts]
        return met

    def _made(
        self, statement: Statement, scene: Scene, following: tuple[Statement, ...]
    ) -> tuple[Made, bool]:
        """The statement's safe form, and whether it has to do with what waits for contract."""
        turned = [each.contract for each in self._undone if each.statement == statement]
        if turned:
            return taken_back(turned, statement, scene), True
        follows = self._waiting.followed(statement, scene, following)
        if follows is not None:
            return follows, True
        made = made_safe(statement, scene, following)
        self._waiting.leaves(statement, made, scene)
        return made, bool(made.deferred)

    def _refuse_uncut(self, region: Region, *, may_cut: bool) -> None:
        """Raises `NotOnline` where something is to wait in a transaction that must stay as it is."""
        first = self._waiting.first
        whole = region.atomic or region.framed or len(region.statements) == 1
        if first is not None and not (may_cut and whole):
            raise not_online(first, UNCUT)

    def _keep(self, region: Region, scene: Scene, met: Sequence[Met]) -> None:
        """The author's own transaction, its locks looked up so that they are asked for first."""
        steps: list[Step] = []
        comes_to = {number: each.changes for number, each in enumerate(met, start=int(region.framed))}
        for number, statement in enumerate(region.statements):
            changes = comes_to.get(number, changes_of(statement.sql))
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
        gates = tuple(self._gate(each) for each in self._waiting.contracts(self._statements))
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

    def _gate(self, contract: Contract, *, over: bool = False) -> Step:
        if over:
            return close_step(contract, ContractState.UNDONE, self._direction, self._next())
        return gate_step(contract, self._next())
