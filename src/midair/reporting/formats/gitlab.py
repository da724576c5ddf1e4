"""GitLab Code Quality: a list of issues, lines counted from 1, one fingerprint each."""

import msgspec

from midair.model.finding import Finding, Risk
from midair.reporting.format import Format, Look
from midair.reporting.report import CheckPayload, Report

_SEVERITIES = {Risk.LOW: "minor", Risk.MEDIUM: "major", Risk.HIGH: "critical"}


def render(report: Report, look: Look) -> str:
    """The findings nobody allowed."""
    found = report.payload.findings if isinstance(report.payload, CheckPayload) else ()
    issues = [_issue(each) for each in found if each.counts]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"


def _issue(finding: Finding) -> dict[str, object]:
    return {
        "description": f"{finding.message}; instead: {finding.remedy.text}",
        "check_name": finding.name,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.risk],
        "location": {"path": finding.span.path or "midair.toml", "lines": {"begin": finding.span.line}},
    }


FORMAT = Format("gitlab", render)
