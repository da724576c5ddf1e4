"""Migrations, statements and history marks laid out as steps, as written, with the transaction cuts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from midair.dialects.dialect import Dialect
from midair.errors import Irreversible
from midair.model.address import Product
from midair.model.concealed import title_of
from midair.model.frozen import frozen
from midair.model.migration import Block, Direction, Migration, RevisionId, Script
from midair.model.plan import (
    Action,
    Phase,
    Plan,
    RecordRevision,
    RunLive,
    RunStatement,
    Segment,
    Step,
    live_step_id,
    step_id,
)
from midair.model.statement import Sql, Statement


@frozen
class Item:
    """One migration with everything needed to lay it out: what it runs, what the tool writes about it."""

    migration: Migration
    script: Script
    within: tuple[Sql, ...]
    before: tuple[Sql, ...] = ()
    after: tuple[Sql, ...] = ()
    on_failure: tuple[Sql, ...] = ()
    timed: bool = False


def lay_out(
    tool: str,
    direction: Direction,
    items: Sequence[Item],
    dialect: Dialect,
    *,
    prologue: Script | None = None,
    epilogue: Script | None = None,
    one_transaction: bool = False,
    before: tuple[RevisionId, ...] = (),
    prepare: tuple[Sql, ...] = (),
) -> Plan:
    """The plan as its authors wrote it: every migration in its tool's own transactions.

    Raises:
        Irreversible: a migration to be undone has no way back.
    """
    refuse_irreversible(items, direction)
    if one_transaction and any(item.script.live is not None for item in items):
        segments = [live_segment(tool, items, direction)]
    else:
        segments = [
            *around(prologue, direction, dialect, "before the run"),
            *(segment for item in items for segment in segments_of(tool, item, direction, dialect)),
            *around(epilogue, direction, dialect, "after the run"),
        ]
    return Plan(
        tool=tool,
        direction=direction,
        segments=tuple(_merged(segments) if one_transaction else segments),
        revisions=tuple(item.migration.revision for item in items),
        before=before,
        prepare=prepare,
        checksums=tuple((item.migration.revision, item.migration.checksum or "") for item in items),
    )


def refuse_irreversible(items: Sequence[Item], direction: Direction) -> None:
    """Raises `Irreversible` when a migration to be undone has no way back."""
    for item in items:
        if direction is Direction.DOWN and not item.migration.reversible:
            raise Irreversible(
                f"{item.migration.span} has no way back",
                state="nothing was changed",
                hint="write one, or restore a backup",
            )


def record_only(
    tool: str,
    items: Sequence[Item],
    direction: Direction,
    before: tuple[RevisionId, ...],
    prepare: tuple[Sql, ...],
) -> Plan:
    """A plan that writes the tool's history and runs nothing (`stamp`)."""
    segments = tuple(
        Segment((record_step(item, direction, 0, item.within),), atomic=True, why="history only")
        for item in items
    )
    return Plan(
        tool,
        direction,
        segments,
        tuple(item.migration.revision for item in items),
        before=before,
        prepare=prepare,
        checksums=tuple((item.migration.revision, item.migration.checksum or "") for item in items),
        strategy="stamp",
    )


def segments_of(tool: str, item: Item, direction: Direction, dialect: Dialect) -> Iterator[Segment]:
    """One migration in its tool's own transactions, the history's rows where the tool writes them."""
    migration, blocks = item.migration, item.script.blocks
    if item.script.live is not None:
        yield live_segment(tool, [item], direction)
        return
    whole = len(blocks) <= 1 and all(block.atomic for block in blocks)
    position = 0
    if not whole and item.before:
        yield Segment(
            (record_step(item, direction, position, item.before),),
            True,
            "the tool marks the migration as begun",
        )
        position += len(item.before)
    for number, block in enumerate(blocks or (Block(()),)):
        steps = [
            statement_step(
                migration.revision, direction, position + offset, statement, dialect, atomic=block.atomic
            )
            for offset, statement in enumerate(block.statements)
        ]
        position += len(steps)
        last = number == max(len(blocks) - 1, 0)
        if last and (whole or not item.after):
            steps.append(record_step(item, direction, position, item.within))
            position += 1
        yield Segment(tuple(steps), block.atomic, _why(block, whole, migration, dialect))
    if not whole and item.after:
        yield Segment(
            (record_step(item, direction, position, item.after),),
            True,
            "the tool marks the migration as complete",
        )


def _why(block: Block, whole: bool, migration: Migration, dialect: Dialect) -> str:
    if not block.atomic:
        if dialect.product is Product.MARIADB:
            return f"{migration.revision}: DDL commits by itself, so one by one"
        return f"{migration.revision} asks for no transaction: one by one"
    return (
        f"{migration.revision} is one transaction"
        if whole
        else f"{migration.revision}: a transaction between statements that cannot be in one"
    )


def live_segment(tool: str, items: Sequence[Item], direction: Direction) -> Segment:
    """One program for all of them: a tool that runs them in one transaction may keep state from one to the next."""
    first = next(item for item in items if item.script.live is not None)
    reason = first.script.live or ""
    revisions = tuple(item.migration.revision for item in items)
    blocks = [block for item in items for block in item.script.blocks]
    atomic = all(block.atomic for block in blocks) and (len(items) > 1 or len(blocks) <= 1)
    name = first.migration.revision
    who = name if len(revisions) == 1 else f"{len(revisions)} migrations together, for {name}"
    title = f"{who} {reason}"
    expected = tuple(statement for block in blocks for statement in block.statements)
    action = RunLive(tool, reason, revisions, atomic, expected)
    step = Step(live_step_id(revisions, direction), revisions[-1], direction, Phase.EXPAND, title, action)
    return Segment((step,), atomic=False, why=f"{first.migration.revision} is live: {reason}")


def statement_step(
    revision: RevisionId | None,
    direction: Direction,
    position: int,
    statement: Statement,
    dialect: Dialect,
    *,
    atomic: bool,
) -> Step:
    """One statement as written. `position` counts the migration's steps from 0."""
    title = title_of(statement.sql)
    if atomic:
        return _step(revision, direction, position, statement.sql, title, RunStatement(statement))
    alone = dialect.stands_alone(statement)
    action = RunStatement(
        statement,
        alone=alone,
        control=dialect.controls_transaction(statement),
        repeatable=dialect.repeatable(statement),
        session=dialect.sets_session(statement),
        repair=dialect.repair(statement),
        patient=alone and dialect.waits_harmlessly(statement),
    )
    step = _step(revision, direction, position, statement.sql, title, action)
    return replace(step, probe=dialect.probe(statement)) if alone else step


def record_step(item: Item, direction: Direction, position: int, marks: tuple[Sql, ...]) -> Step:
    """What the tool writes about a migration."""
    content = "\n".join(f"{sql.text}{sql.parameters}" for sql in marks)
    verb = "record" if direction is Direction.UP else "forget"
    action = RecordRevision(marks, item.on_failure, item.timed)
    return _step(
        item.migration.revision, direction, position, content, f"{verb} {item.migration.revision}", action
    )


def _step(
    revision: RevisionId | None, direction: Direction, position: int, content: str, title: str, action: Action
) -> Step:
    return Step(
        step_id(revision, direction, position, content), revision, direction, Phase.EXPAND, title, action
    )


def around(script: Script | None, direction: Direction, dialect: Dialect, why: str) -> Iterator[Segment]:
    """What a tool runs before or after everything; it belongs to no migration."""
    position = 0
    for block in script.blocks if script else ():
        steps = tuple(
            statement_step(None, direction, position + offset, statement, dialect, atomic=block.atomic)
            for offset, statement in enumerate(block.statements)
        )
        position += len(steps)
        yield Segment(steps, block.atomic, why)


def _merged(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Neighbouring transactions as one: the tool runs all pending migrations in one transaction."""
    held: list[Segment] = []
    for segment in segments:
        if segment.atomic:
            held.append(segment)
            continue
        yield from _joined(held)
        held = []
        yield segment
    yield from _joined(held)


def _joined(held: Sequence[Segment]) -> Iterator[Segment]:
    if held:
        why = held[0].why if len(held) == 1 else f"the tool runs its {len(held)} transactions as one"
        yield Segment(tuple(step for each in held for step in each.steps), True, why)
