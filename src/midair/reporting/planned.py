"""A plan for people: revision by revision, the transactions it is cut into, and why."""

from collections.abc import Iterator

from midair.model.backfill import Backfill
from midair.model.plan import Action, CloseGate, Gate, RecordRevision, RunLive, RunStatement, Segment, Step
from midair.model.statement import Sql
from midair.reporting.format import Look
from midair.reporting.report import PlanPayload
from midair.reporting.style import count, painted


def plan_lines(payload: PlanPayload, look: Look) -> Iterator[str]:
    """The plan: its size, every transaction with its steps, and the digest to approve."""
    plan = payload.plan
    if not plan.segments:
        yield "nothing to do: the database is where the plan would bring it"
        return
    descriptions = dict(payload.descriptions)
    verb = "apply" if plan.direction == "up" else "roll back"
    size = f"{verb} {count(len(plan.revisions), f'{plan.tool} migration')}"
    yield (
        f"{painted(size, 'bold', look)}, strategy {plan.strategy}: "
        f"{count(len(plan.steps), 'step')} in {count(len(plan.segments), 'transaction or lone step', 'transactions or lone steps')}"
    )
    number = 0
    for segment in plan.segments:
        yield f"  {painted(segment.why, 'cyan', look)}"
        revision = None
        for step in segment.steps:
            number += 1
            if step.revision != revision and step.revision is not None:
                revision = step.revision
                yield f"    {painted(str(revision), 'bold', look)}  {descriptions.get(str(revision), '')}".rstrip()
            yield f"    {number:>4}  {_origin(step.action)}{step.title}"
            if isinstance(step.action, Gate) and not look.details:
                yield from (f"          {line}" for line in statements(step))
            if look.details:
                yield from (f"            {line}" for sql in statements(step) for line in sql.splitlines())
    yield from (f"  {painted('note', 'yellow', look)}  {note}" for note in plan.notes)
    yield f"  plan {payload.digest}"


def plan_script(payload: PlanPayload) -> str:
    """Every statement in order, as SQL with comments; nothing else may be on stdout."""
    lines = [f"-- plan {payload.digest}"]
    if payload.plan.prepare:
        lines += [
            "",
            "-- the tool's history table",
            *(f"{_with_parameters(sql)};" for sql in payload.plan.prepare),
        ]
    for segment in payload.plan.segments:
        lines += _segment_script(segment)
    return "\n".join(lines) + "\n"


def _segment_script(segment: Segment) -> Iterator[str]:
    yield ""
    yield f"-- {segment.why}"
    if segment.atomic:
        yield "BEGIN;"
    for step in segment.steps:
        place = _origin(step.action)
        yield f"-- {step.revision or 'set-up'}: {place}{step.title}".replace("\n", " ")
        for text in statements(step):
            yield text if text.rstrip().endswith(";") else f"{text.rstrip()};"
    if segment.atomic:
        yield "COMMIT;"


def statements(step: Step) -> tuple[str, ...]:
    """The SQL a step sends, parameters shown as comments beside their marks."""
    match step.action:
        case RunStatement(statement=statement):
            return (statement.sql if statement.rows is None else f"{statement.sql};\n{statement.rows}\\.",)
        case RecordRevision(marks=marks):
            return tuple(_with_parameters(mark) for mark in marks)
        case Backfill(statement=statement):
            return (f"-- in batches by {step.action.walks_by}\n{statement.sql}",)
        case RunLive(reason=reason, expected=expected):
            # Shown as comments: whether and what it sends is decided when its turn comes.
            lines = (line for each in expected for line in f"{each.sql.rstrip()};".splitlines())
            return ("\n".join((f"-- decided in its turn: {reason}", *(f"--   {line}" for line in lines))),)
        case Gate(contract=contract):
            after = [f"-- after the gate: {sql}".replace("\n", " ") for sql in contract.statements]
            back = f"-- a rollback after that brings back {contract.comes_back}"
            return (*after, back) if contract.comes_back else tuple(after)
        case CloseGate():
            return ()


def _with_parameters(sql: Sql) -> str:
    if not sql.parameters:
        return sql.text
    # Shown, never run: what is sent keeps text and parameters apart.
    parts = sql.text.split("%s")
    values = [_literal(value) for value in sql.parameters]
    return "".join(part + value for part, value in zip(parts, [*values, ""], strict=False))


def _literal(value: str | int | float | bool | bytes | None) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bytes():
            return f"'\\x{value.hex()}'"
        case _:
            return str(value)


def _origin(action: Action) -> str:
    return f"{action.statement.span}  " if isinstance(action, RunStatement | Backfill) else ""
