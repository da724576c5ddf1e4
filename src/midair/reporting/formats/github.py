"""GitHub's workflow commands: annotations on the changed lines, worst first, for GitHub shows ten of a kind."""

from midair.model.finding import Finding, Risk
from midair.reporting.checked import verdict
from midair.reporting.format import Format, Look
from midair.reporting.report import CheckPayload, Report

_KINDS = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "notice"}
_SHOWN = 10


def render(report: Report, look: Look) -> str:
    """A line a finding, then how many GitHub will not show."""
    if not isinstance(report.payload, CheckPayload):
        return ""
    counted = sorted(
        (each for each in report.payload.findings if each.counts), key=lambda each: -each.risk.rank
    )
    lines = [_annotation(each) for each in counted]
    for risk, kind in _KINDS.items():
        hidden = sum(each.risk is risk for each in counted) - _SHOWN
        if hidden > 0:
            lines.append(f"{hidden} more of kind {kind} may not be shown as annotations")
    lines.append(verdict(report.payload))
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding) -> str:
    place = {
        "file": finding.span.path,
        "line": str(finding.span.line),
        "endLine": str(finding.span.end_line or finding.span.line),
    }
    place["title"] = f"{finding.code} {finding.name}"
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items() if value)
    safe = "".join(f"\n    {line}" for line in finding.remedy.lines)
    return f"::{_KINDS[finding.risk]} {properties}::{_data(f'{finding.message}{chr(10)}instead: {finding.remedy.text}{safe}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format("github", render)
