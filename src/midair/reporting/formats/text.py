"""Text for people."""

from midair.reporting.format import Format, Look
from midair.reporting.lines import lines_of
from midair.reporting.planned import plan_script
from midair.reporting.report import PlanPayload, Report


def render(report: Report, look: Look) -> str:
    """The report's lines; `--sql` turns a plan into a script and nothing else."""
    if isinstance(report.payload, PlanPayload) and look.sql:
        return plan_script(report.payload)
    return "".join(line + "\n" for line in lines_of(report, look))


FORMAT = Format("text", render)
