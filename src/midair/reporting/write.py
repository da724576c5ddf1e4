"""A report as text, in the format of a name."""

from importlib import import_module

from midair.model.concealed import concealed
from midair.reporting.format import Format, Look
from midair.reporting.report import Report


def written(report: Report, format_name: str, look: Look) -> str:
    """The report's text; only the chosen format is imported."""
    chosen = import_module(f"midair.reporting.formats.{format_name}").FORMAT
    if not isinstance(chosen, Format):
        raise TypeError(f"midair.reporting.formats.{format_name} has no FORMAT")
    return concealed(chosen.render(report, look))
