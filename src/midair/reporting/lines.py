"""A report as lines for people: few when all is well, complete when not."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import assert_never

from midair.model.concealed import concealed
from midair.model.migration import Standing, State
from midair.reporting.checked import check_lines
from midair.reporting.demo import DemoPayload
from midair.reporting.demonstrated import demo_lines
from midair.reporting.document_markdown import document_markdown
from midair.reporting.drift import DriftPayload
from midair.reporting.drifted import drift_lines
from midair.reporting.format import Look
from midair.reporting.gates import change_lines, contract_lines, waiting_lines
from midair.reporting.planned import plan_lines
from midair.reporting.rehearsal import RehearsalPayload
from midair.reporting.rehearsed import rehearsal_lines
from midair.reporting.report import (
    CheckPayload,
    ContractPayload,
    DetectedProject,
    Detection,
    DoctorPayload,
    DocumentPayload,
    Failure,
    HistoryPayload,
    LinesPayload,
    Page,
    PlanPayload,
    Report,
    RunLine,
    RunPayload,
    SettingsPayload,
    StatusPayload,
)
from midair.reporting.style import Cell, count, length_of_time, painted, plain, table

_SYMBOLS = {
    State.APPLIED: ("✓", "green"),
    State.PENDING: ("○", None),
    State.LATE: ("○", "yellow"),
    State.MISSING: ("✗", "red"),
    State.FAILED: ("✗", "red"),
    State.CHANGED: ("✗", "red"),
    State.SKIPPED: ("✓", "dim"),
}
_USUAL = (State.APPLIED, State.PENDING)
# Applied migrations are history; of those only the newest few tell where the database is.
_APPLIED_SHOWN = 3


def lines_of(report: Report, look: Look) -> Iterator[str]:
    """The report's lines without line breaks; what to type next stands last."""
    lines = [*_payload(report, look)]
    lines += [f"  {painted('next', 'dim', look)}  {' · '.join(report.next)}"] if report.next else []
    yield from (plain(line, look).rstrip() for line in lines)


def failure_lines(failure: Failure, look: Look) -> Iterator[str]:
    """`ME301 …`, then the state the database is in and what to do."""
    for problem in failure.problems or (failure,):
        first, *rest = concealed(problem.message).splitlines() or [""]
        yield plain(f"{painted(problem.code, 'red', look)} {first}", look)
        yield from (plain(f"      {line}", look) for line in rest)
        for label, text in (("state", problem.state), ("try", problem.hint)):
            if text:
                first, *rest = text.splitlines()
                yield plain(f"  {painted(f'{label:<5}', 'bold', look)}  {first}", look)
                yield from (plain(f"         {line}", look) for line in rest)


def _payload(report: Report, look: Look) -> Iterator[str]:
    payload = report.payload
    match payload:
        case Detection():
            yield from _detection(payload, look)
        case StatusPayload():
            yield from _status(report, payload, look)
        case HistoryPayload():
            yield from _history(payload, look)
        case PlanPayload():
            yield from plan_lines(payload, look)
        case RunPayload():
            yield from _run(payload, look)
        case ContractPayload():
            yield from contract_lines(payload, look)
        case DoctorPayload():
            yield from _doctor(payload, look)
        case CheckPayload():
            yield from check_lines(payload, look)
        case DocumentPayload():
            yield from document_markdown(payload)
        case RehearsalPayload():
            yield from rehearsal_lines(payload, look)
        case DriftPayload():
            yield from drift_lines(payload, look)
        case DemoPayload():
            yield from demo_lines(payload, look)
        case LinesPayload():
            yield from payload.lines
        case SettingsPayload():
            rows = [
                (setting.name, "=", setting.value, Cell(setting.origin, "dim"))
                for setting in payload.settings
            ]
            yield from table(rows, look, indent="")
        case Page():
            yield from _page(payload, look)
        case Failure():
            yield from failure_lines(payload, look)
        case _:
            assert_never(payload)


def _detection(payload: Detection, look: Look) -> Iterator[str]:
    rows: list[Sequence[Cell | str]] = []
    for project in payload.projects:
        rows.append((Cell(project.tool, "bold"), project.path, _size(project)))
        if project.database:
            origin = f"from {project.database_origin}" if project.database_origin else ""
            rows.append(("", "database", f"{project.database}   {origin}".rstrip()))
        if project.problem:
            rows.append(("", Cell("problem", "red"), project.problem))
    if payload.settings_file:
        rows.append((Cell("settings", "bold"), payload.settings_file))
    yield from table(rows, look)


def _size(project: DetectedProject) -> str:
    parts = [count(project.migrations, "migration")] if project.migrations is not None else []
    if len(project.heads) == 1:
        parts.append(f"one head {project.heads[0]}")
    elif project.heads:
        parts.append(f"{len(project.heads)} heads: {', '.join(project.heads)}")
    return ", ".join([*parts, *project.marks[:2]])


def _status(report: Report, payload: StatusPayload, look: Look) -> Iterator[str]:
    counts = {state: sum(standing.state is state for standing in payload.standings) for state in State}
    where = painted(report.environment, "bold", look) + "  " if report.environment else ""
    database = "  ".join(part for part in (payload.database or "no database", payload.server) if part)
    at = next(
        (standing.revision for standing in reversed(payload.standings) if standing.state is State.APPLIED),
        None,
    )
    position = f"{payload.tool} at {at or 'base'}" if payload.reached else payload.tool
    told = [
        f"{counts[state]} {state}"
        for state in (State.LATE, State.MISSING, State.CHANGED, State.FAILED)
        if counts[state]
    ]
    yield f"{where}{database}   {', '.join([position, f'{counts[State.PENDING]} pending', *told])}"
    yield from _standings(payload.standings, look)
    if payload.unfinished:
        steps = count(len(payload.unfinished), "step")
        yield f"  {painted('✗ unfinished', 'red', look)}  a run was cut off; {steps} of a migration are in: {', '.join(payload.unfinished[:3])}"
    yield from waiting_lines(payload.waiting, look)
    yield from change_lines(payload.changes, look)
    for failure in (payload.problem, payload.why_not):
        if failure:
            yield from (f"  {line}" for line in failure_lines(failure, look))
    yield from (f"  {painted('warning', 'yellow', look)}  {warning}" for warning in payload.warnings)


def _standings(standings: Sequence[Standing], look: Look) -> Iterator[str]:
    applied = [standing for standing in standings if standing.state in (State.APPLIED, State.SKIPPED)]
    hidden = set(map(id, applied[:-_APPLIED_SHOWN])) if not look.details else set[int]()
    rows: list[Sequence[Cell | str]] = []
    for standing in standings:
        if id(standing) in hidden:
            continue
        symbol, colour = _SYMBOLS[standing.state]
        known = standing.migration or standing.applied
        # The tool's own word says more only where things are not in order.
        state = (
            f"{standing.state} ({standing.word})"
            if standing.word and standing.state not in _USUAL
            else str(standing.state)
        )
        rows.append(
            (
                Cell(symbol, colour),
                str(standing.revision),
                Cell(state, colour),
                (known.description if known else "") or "",
            )
        )
    if hidden:
        yield f"  {painted(f'… {len(hidden)} applied before (-v shows them)', 'dim', look)}"
    yield from table(rows, look)


def _history(payload: HistoryPayload, look: Look) -> Iterator[str]:
    yield f"{painted('runs', 'bold', look)}  {count(len(payload.runs), 'run')} of midair"
    yield from table([_run_row(run) for run in payload.runs], look)
    yield f"{painted('history', 'bold', look)}  {payload.table}, {count(len(payload.rows), 'row')}"
    rows: list[Sequence[Cell | str]] = []
    for row in payload.rows:
        took = length_of_time(row.duration_ms / 1000) if row.duration_ms is not None else ""
        symbol = Cell("✓", "green") if row.success else Cell("✗", "red")
        rows.append(
            (
                symbol,
                str(row.revision),
                _at(row.applied_at),
                took,
                row.applied_by or "",
                row.description or "",
            )
        )
    yield from table(rows, look)


def _run_row(run: RunLine) -> Sequence[Cell | str]:
    colour = {"done": "green", "failed": "red"}.get(run.state, "yellow")
    took = length_of_time(run.took_s) if run.took_s is not None else ""
    who = "@".join(part for part in (run.who, run.host) if part)
    return (
        run.run, _at(run.started_at), run.direction, Cell(run.state, colour), count(run.revisions, "migration"), took, who, run.error or "",
    )  # fmt: skip


def _at(moment: datetime | None) -> str:
    if moment is None:
        return ""
    # A tool that keeps local times without a zone means its own; ours have one.
    local = moment.astimezone() if moment.tzinfo else moment
    return local.isoformat(sep=" ", timespec="seconds")


def _doctor(payload: DoctorPayload, look: Look) -> Iterator[str]:
    if not payload.ailments:
        yield "nothing is wrong"
    for each in payload.ailments:
        yield f"{painted('✗', 'red', look)} {painted(each.kind, 'bold', look)}  {each.what}"
        yield from (f"  {line}" for line in each.detail)
        yield from (f"    mend  {command}" for command in each.mend)


def _run(payload: RunPayload, look: Look) -> Iterator[str]:
    yield from payload.lines
    took = f" in {length_of_time(payload.took_s)}" if payload.took_s is not None else ""
    run = f" (run {payload.run})" if payload.run else ""
    if payload.reason:
        yield f"{payload.result}: {payload.reason}{run}"
    else:
        yield f"{painted('✓', 'green', look)} {payload.result}{took}{run}"


def _page(payload: Page, look: Look) -> Iterator[str]:
    exit_code = f"   exit code {payload.exit_code}" if payload.exit_code is not None else ""
    risk = f"   risk {payload.risk}" if payload.risk is not None else ""
    yield f"{painted(payload.code, 'bold', look)} {payload.name}{exit_code}{risk}"
    yield ""
    yield from payload.text.splitlines()
