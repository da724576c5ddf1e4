"""Migrations laid out so that nobody waits: each statement's safe form, in as few transactions as keep locks short.

A migration whose statements are all brief stays the one transaction its author wrote. One that is not
is cut: what the server refuses in a transaction and what grows with a table stands by itself, and no
transaction holds strong locks on more tables than one statement needs. The tool's history row
commits with the last step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from midair.dialects.dialect import Dialect
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import Change, CreateTable, LockTables, SetSetting, Transaction
from midair.model.contract import Contract, ContractState
from midair.model.frozen import frozen
from midair.model.migration import Block, Direction, RevisionId, Script
from midair.model.plan import Plan, RecordRevision, RunStatement, Segment, Step
from midair.model.statement import Sql, Statement
from midair.planning.contracting import (
    UNCUT,
    Undoing,
    close_step,
    contract_of,
    contracts_of,
    gate_step,
    taken_back,
    undoing,
)
from midair.planning.cuts import Part, apart_where_used, cut, needs_cut, without_gaps
from midair.planning.held import refuse_held, refuse_later
from midair.planning.intents import told
from midair.planning.lay_out import (
    Item,
    around,
    live_segment,
    record_step,
    refuse_irreversible,
    segments_of,
    statement_step,
)
from midair.rewriting.make_safe import Deferred, made_safe
from midair.rewriting.scene import Scene
from midair.rewriting.uncovered import not_online

_HARMLESS_SETTINGS = frozenset(
    [
        "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "work_mem",
        "maintenance_work_mem", "client_min_messages", "application_name", "check_function_bodies", "xmloption",
        "standard_conforming_strings", "client_encoding", "row_security", "escape_string_warning",
    ]
)  # fmt: skip
"""Settings that change no statement's meaning: a transaction may end between them and what follows."""


@frozen
class _Region:
    """Statements that the author put into one transaction, or one statement outside any."""

    statements: tuple[Statement, ...]
    atomic: bool
    framed: bool = False
    """The author's own BEGIN and COMMIT are its first and last statement."""


def lay_out_online(
    tool: str,
    direction: Direction,
    items: Sequence[Item],
    dialect: Dialect,
    scene: Scene,
    *,
    prologue: Script | None = None,
    epilogue: Script | None = None,
    before: tuple[RevisionId, ...] = (),
    prepare: tuple[Sql, ...] = (),
    begun: Plan | None = None,
    waiting: Sequence[Contract] = (),
) -> Plan:
    """The plan that stops nobody, on the schema that `scene` shows.

    `begun` is the plan that a cut-off run followed: a migration it left half done is finished by it,
    as long as its source is the same. `waiting` are the contracts that are open now: forward, nothing
    may touch what they hold; backward, a migration's own are undone in place of its author's words.

    Raises:
        Irreversible: a migration to be undone has no way back.
        NotOnline: a change would break the running application, and no recipe covers it.
        GateInTheWay: a migration touches what an earlier one still has to contract.
    """
    back = {item.migration.revision: undoing(item, waiting) for item in items if direction is Direction.DOWN}
    refuse_irreversible(
        [item for item in items if not back.get(item.migration.revision, (item, ()))[1]], direction
    )
    segments = [*around(prologue, direction, dialect, "before the run")]
    sources: dict[RevisionId, str] = {}
    notes: list[str] = []
    held = list(waiting)
    for item in items:
        revision = item.migration.revision
        sources[revision] = _source(tool, item, direction, dialect)
        kept = _from(begun, revision, sources[revision])
        if kept:
            # Half of it is in the schema already: it is not to be looked at anew.
            segments += kept
            scene = _past(item, scene)
            held += contracts_of(kept)
            continue
        if direction is Direction.UP:
            refuse_held(item.script.statements, held)
        run, undone = back.get(revision, (item, ()))
        made, scene, said = _migration(tool, run, direction, dialect, scene, undone)
        notes += (*told(item.script), *said)
        segments += made
        held += contracts_of(made)
    segments += around(epilogue, direction, dialect, "after the run")
    return Plan(
        tool=tool,
        direction=direction,
        segments=tuple(segments),
        revisions=tuple(item.migration.revision for item in items),
        before=before,
        prepare=prepare,
        checksums=tuple((item.migration.revision, item.migration.checksum or "") for item in items),
        strategy="online",
        notes=tuple(dict.fromkeys(notes)),
        sources=tuple(sources.items()),
    )


def _source(tool: str, item: Item, direction: Direction, dialect: Dialect) -> str:
    """A digest of what the author wrote, by the steps that it would be without a rewrite."""
    steps = [
        step.id
        for segment in segments_of(tool, item, direction, dialect)
        for step in segment.steps
        if not isinstance(step.action, RecordRevision)
    ]
    return sha256("\n".join(steps).encode()).hexdigest()[:16]


def _from(begun: Plan | None, revision: RevisionId, source: str) -> tuple[Segment, ...]:
    if begun is None or dict(begun.sources).get(revision) != source:
        return ()
    return tuple(each for each in begun.segments if {step.revision for step in each.steps} == {revision})


def _past(item: Item, scene: Scene) -> Scene:
    for statement in item.script.statements:
        scene = scene.after(changes_of(statement.sql))
    return scene


def _migration(
    tool: str, item: Item, direction: Direction, dialect: Dialect, scene: Scene, undone: Sequence[Undoing]
) -> tuple[list[Segment], Scene, list[str]]:
    if item.script.live is not None and not undone:
        return [live_segment(tool, [item], direction)], _past(item, scene), []
    maker = _Maker(item, direction, dialect, undone)
    notes: list[str] = []
    settled = _settled(item.script.statements, dialect)
    for region in _regions(item.script.blocks, dialect):
        scene = maker.add(region, scene, notes, may_cut=not settled)
    if settled and maker.would_cut:
        notes.append(f"{item.migration.span} stays as its author cut it: {settled}")
    return maker.finished(), scene, notes


def _regions(blocks: Sequence[Block], dialect: Dialect) -> Iterator[_Region]:
    for block in blocks or (Block(()),):
        if block.atomic:
            yield _Region(block.statements, atomic=True)
            continue
        held: list[Statement] = []
        for statement in block.statements:
            if held or dialect.controls_transaction(statement):
                held.append(statement)
                verbs = [_verb(each) for each in held]
                if verbs[-1] in ("commit", "rollback"):
                    plain = verbs[0] == "begin" and verbs[-1] == "commit" and not any(verbs[1:-1])
                    yield _Region(tuple(held), atomic=False, framed=plain)
                    held = []
            else:
                yield _Region((statement,), atomic=False)
        if held:
            yield _Region(tuple(held), atomic=False)


def _verb(statement: Statement) -> str | None:
    change = changes_of(statement.sql)[0]
    return change.verb if isinstance(change, Transaction) else None


def _settled(statements: Sequence[Statement], dialect: Dialect) -> str | None:
    """Why a migration's transaction must stay whole: something in it lasts only as long as that."""
    for statement in statements:
        for change in changes_of(statement.sql):
            reason = _holds_together(change)
            if reason is not None:
                return f"line {statement.span.line} {reason}"
        if dialect.sets_session(statement) and not _is_harmless(changes_of(statement.sql)):
            return f"line {statement.span.line} changes what later statements mean"
    return None


def _holds_together(change: Change) -> str | None:
    match change:
        case CreateTable(persistence="temporary"):
            return "makes a temporary table"
        case SetSetting(name=name) if name not in _HARMLESS_SETTINGS:
            return f"sets {name}"
        case LockTables():
            return "locks tables for what follows"
        case Transaction(verb="savepoint" | "rollback to" | "prepare"):
            return "uses savepoints"
        case _:
            return None


def _is_harmless(changes: Sequence[Change]) -> bool:
    return all(isinstance(each, SetSetting) and each.name in _HARMLESS_SETTINGS for each in changes)


class _Maker:
    """Gathers one migration's segments, counting its steps."""

    def __init__(
        self, item: Item, direction: Direction, dialect: Dialect, undone: Sequence[Undoing] = ()
    ) -> None:
        self._item, self._direction, self._dialect = item, direction, dialect
        self._undone = undone
        self._contracts: list[Contract] = []
        self._covered: set[Statement] = set()
        self._position = 0
        self._segments: list[Segment] = []
        self._parts_whole = True
        self.would_cut = False

    def add(self, region: _Region, scene: Scene, notes: list[str], *, may_cut: bool) -> Scene:
        inner = region.statements[1:-1] if region.framed else region.statements
        parts: list[Part] = []
        said: list[str] = []
        deferred: list[tuple[Statement, Deferred]] = []
        before = scene
        taken = 0
        for number, statement in enumerate(inner):
            if taken:
                taken -= 1  # done with an earlier one
                continue
            undone = [each.contract for each in self._undone if each.statement == statement]
            following = inner[number + 1 :] if may_cut else ()
            made = (
                made_safe(statement, scene, following) if not undone else taken_back(undone, statement, scene)
            )
            taken = made.takes
            deferred += [(statement, each) for each in made.deferred]
            parts += [Part(statement, each) for each in made.pieces]
            said += made.notes
            scene = made.scene
        parts = apart_where_used(parts)
        ordered = without_gaps(parts)
        if deferred or any(each.statement in inner for each in self._undone):
            self._defer(region, deferred, may_cut=may_cut)
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
        self, region: _Region, deferred: Sequence[tuple[Statement, Deferred]], *, may_cut: bool
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
        refuse_later(region.statements, deferred, self._contracts)

    def _keep(self, region: _Region, scene: Scene) -> None:
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
            each in self._covered or all(isinstance(change, framing) for change in changes_of(each.sql))
            for each in self._item.script.statements
        )

    def _gate(self, contract: Contract, *, over: bool = False) -> Step:
        if over:
            return close_step(contract, ContractState.UNDONE, self._direction, self._next())
        return gate_step(contract, self._next())
