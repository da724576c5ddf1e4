"""Markdown, for a pull request's comment or a step summary: a plan, a status, or the text in a fence."""

from collections.abc import Iterator

from midair.model.migration import State
from midair.reporting.checked import check_markdown
from midair.reporting.document_markdown import document_markdown
from midair.reporting.format import Format, Look
from midair.reporting.lines import lines_of
from midair.reporting.markdown_rehearsal import rehearsal_markdown
from midair.reporting.planned import statements
from midair.reporting.rehearsal import RehearsalPayload
from midair.reporting.report import CheckPayload, DocumentPayload, PlanPayload, Report, StatusPayload
from midair.reporting.style import count


def render(report: Report, look: Look) -> str:
    """The report's Markdown, without colours."""
    match report.payload:
        case PlanPayload():
            lines = _plan(report.payload)
        case StatusPayload():
            lines = _status(report.payload)
        case DocumentPayload():
            lines = document_markdown(report.payload)
        case RehearsalPayload():
            lines = rehearsal_markdown(report.payload)
        case CheckPayload():
            return check_markdown(report.payload)
        case _:
            lines = iter(("```", *lines_of(report, Look()), "```"))
    return "\n".join(lines) + "\n"


def _plan(payload: PlanPayload) -> Iterator[str]:
    plan = payload.plan
    yield f"### midair: {'apply' if plan.direction == 'up' else 'roll back'} {count(len(plan.revisions), 'migration')}"
    yield ""
    if not plan.segments:
        yield "Nothing to do."
        return
    yield "| | step | from |"
    yield "| --- | --- | --- |"
    for number, step in enumerate(plan.steps, 1):
        yield f"| {number} | {_escaped(step.title)} | {_escaped(str(step.revision or 'set-up'))} |"
    yield ""
    yield f"<details><summary>SQL, plan <code>{payload.digest}</code></summary>"
    yield ""
    for segment in plan.segments:
        yield f"{'One transaction' if segment.atomic else 'Outside a transaction'}: {_escaped(segment.why)}"
        yield ""
        yield "````sql"
        yield from (sql for step in segment.steps for sql in statements(step))
        yield "````"
        yield ""
    yield "</details>"


def _status(payload: StatusPayload) -> Iterator[str]:
    yield f"### {payload.tool}: {count(sum(s.state is State.PENDING for s in payload.standings), 'pending migration')}"
    yield ""
    if all(standing.state is State.APPLIED for standing in payload.standings):
        yield "Everything is applied."
        return
    yield "| revision | state | description |"
    yield "| --- | --- | --- |"
    for standing in payload.standings:
        if standing.state is not State.APPLIED:
            description = standing.migration.description if standing.migration else ""
            yield f"| `{_escaped(str(standing.revision))}` | {standing.state} | {_escaped(description)} |"


def _escaped(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


FORMAT = Format("markdown", render)
