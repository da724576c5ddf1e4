"""The pipeline's values as the reports that formats show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from midair.cli.call import failure_of
from midair.reporting.report import (
    ChangeLine,
    ContractPayload,
    EvidenceLine,
    GateLine,
    HistoryPayload,
    PlanPayload,
    RunLine,
    RunPayload,
    StatusPayload,
)
from midair.reporting.style import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from midair.journal import RunRecord
    from midair.model.contract import Evidence, OpenContract
    from midair.model.migration import Applied, Migration
    from midair.model.outcome import Done
    from midair.model.plan import Plan
    from midair.pipeline.contract import Seen
    from midair.pipeline.status import Status
    from midair.sources.source import Project


def status_payload(status: Status) -> StatusPayload:
    """Where a project and its database stand."""
    project = status.project
    return StatusPayload(
        tool=project.tool,
        folder=shown_path(project.folder, project.root),
        database=str(status.address) if status.address else None,
        server=_server(status),
        reached=status.server_version is not None,
        standings=status.standings,
        why_not=failure_of(status.unreachable) if status.unreachable else None,
        problem=failure_of(status.problem) if status.problem else None,
        unfinished=tuple(step.title for step in status.half_done),
        warnings=project.warnings,
        waiting=tuple(
            gate_line(each, status.glances[number] if status.glances else ())
            for number, each in enumerate(status.waiting)
        ),
        changes=tuple(
            ChangeLine(each.revision, str(each.phase), each.summary, each.since, each.percent, each.until)
            for each in status.stands
        ),
    )


def gate_line(waiting: OpenContract, evidence: Sequence[Evidence] = ()) -> GateLine:
    """One open contract with the evidence at its gate, where somebody looked."""
    contract = waiting.contract
    seen = tuple(EvidenceLine(each.probe, str(each.light), each.text) for each in evidence)
    return GateLine(
        str(contract.revision),
        contract.recipe,
        contract.summary,
        waiting.age_s,
        contract.statements,
        seen,
        contract.comes_back,
        contract.archive is not None,
    )


def contract_payload(
    seen: Sequence[Seen], done: Done | None = None, *, keeps: bool = False
) -> ContractPayload:
    """The gates that were looked at, or closed by a run; `keeps`: what can be put aside is."""
    gates = tuple(
        replace(line, statements=each.waiting.contract.archive.statements)
        if keeps and each.waiting.contract.archive is not None
        else replace(line, archives=False)
        for each in seen
        for line in [gate_line(each.waiting, each.evidence)]
    )
    return ContractPayload(gates, done is not None, done.run_id if done else None)


def history_payload(
    tool: str, table: str, rows: tuple[Applied, ...], runs: tuple[RunRecord, ...]
) -> HistoryPayload:
    """The tool's rows and our runs, newest last."""
    return HistoryPayload(tool, table, tuple(_run_line(run) for run in reversed(runs)), rows)


def plan_payload(
    plan: Plan,
    migrations: Sequence[Migration],
    target: str | None,
    *,
    keep_target: bool = False,
    lock_wait_s: float | None = None,
) -> PlanPayload:
    """A plan with the descriptions of its migrations."""
    wanted = set(plan.revisions)
    described = tuple(
        (str(each.revision), each.description) for each in migrations if each.revision in wanted
    )
    return PlanPayload(plan, plan.digest, described, target, keep_target, lock_wait_s)


def run_payload(verb: str, done: Done, took_s: float) -> RunPayload:
    """What a run did; `verb` is the past tense for people."""
    if done.elsewhere:
        return RunPayload("the run that was paused goes on, in its own process", 0, done.run_id)
    if not done.revisions:
        return RunPayload("nothing to do", 0, done.run_id)
    return RunPayload(
        f"{verb} {count(done.revisions, 'migration')}", done.revisions, done.run_id, None, took_s
    )


def heads(project: Project) -> tuple[str, ...]:
    """The revisions nothing follows; empty where the tool numbers its migrations."""
    if not any(each.parents for each in project.migrations):
        return ()
    followed = {parent for each in project.migrations for parent in (*each.parents, *each.depends_on)}
    return tuple(str(each.revision) for each in project.migrations if each.revision not in followed)


def shown_path(path: Path, start: Path) -> str:
    """A path as short as it can be said from `start`, with `/`."""
    try:
        relative = path.resolve().relative_to(start.resolve()).as_posix()
    except ValueError:
        return path.as_posix()
    return "." if relative == "." else f"./{relative}"


def _server(status: Status) -> str | None:
    version = status.server_version
    if version is None or status.address is None:
        return None
    if status.address.product == "sqlite":
        return f"SQLite {version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
    if status.address.product == "mariadb":
        return f"MariaDB {version // 10_000}.{version // 100 % 100}.{version % 100}"
    return f"PostgreSQL {version // 10_000}.{version % 10_000}"


def _run_line(run: RunRecord) -> RunLine:
    started, finished = _moment(run.started_at), _moment(run.finished_at)
    took = (finished - started).total_seconds() if started and finished else None
    return RunLine(
        run.id,
        run.state,
        run.direction,
        run.strategy,
        run.revisions,
        started,
        took,
        run.actor,
        run.host,
        run.error,
    )


def _moment(at: datetime | str | None) -> datetime | None:
    """SQLite keeps times as RFC 3339 text."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at
