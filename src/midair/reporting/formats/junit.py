"""JUnit XML, for test reports: a case a migration, a failure a finding at the threshold."""

import xml.etree.ElementTree as ElementTree

from midair.model.finding import Finding
from midair.reporting.format import Format, Look
from midair.reporting.report import Checked, CheckPayload, Report


def render(report: Report, look: Look) -> str:
    """One suite; findings below the threshold, and allowed ones, are in the case's output."""
    payload = report.payload
    migrations = payload.migrations if isinstance(payload, CheckPayload) else ()
    findings = payload.findings if isinstance(payload, CheckPayload) else ()
    suite = ElementTree.Element("testsuite", name="midair check")
    failures = 0
    known = {each.revision for each in migrations}
    elsewhere = (
        Checked("project", "", payload.risk, payload.risk) if isinstance(payload, CheckPayload) else None
    )
    stray = [each for each in findings if each.revision not in known]
    for each in (*migrations, *([elsewhere] if elsewhere and stray else [])):
        mine = (
            stray if each is elsewhere else [found for found in findings if found.revision == each.revision]
        )
        case = ElementTree.SubElement(
            suite, "testcase", name=each.revision, classname=_clean(each.path or "project")
        )
        if each.not_seen:
            ElementTree.SubElement(case, "skipped", message=_clean(each.not_seen))
        for found in mine:
            if isinstance(payload, CheckPayload) and payload.fails(found):
                failures += 1
                failure = ElementTree.SubElement(
                    case, "failure", message=_clean(found.message), type=found.code
                )
                failure.text = _clean(_text(found))
        quiet = [
            _text(found) for found in mine if not (isinstance(payload, CheckPayload) and payload.fails(found))
        ]
        if quiet:
            ElementTree.SubElement(case, "system-out").text = _clean("\n\n".join(quiet))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(each.not_seen is not None for each in migrations)))
    suite.set("timestamp", f"{report.started_at:%Y-%m-%dT%H:%M:%S}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _text(finding: Finding) -> str:
    allowed = f"\nallowed: {finding.suppressed}" if finding.suppressed is not None else ""
    safe = "".join(f"\n    {line}" for line in finding.remedy.lines)
    return f"{finding.span}: {finding.risk} {finding.code} {finding.name}\n{finding.message}\ninstead: {finding.remedy.text}{safe}{allowed}"


def _clean(text: str) -> str:
    """Without the control characters XML 1.0 cannot hold."""
    return "".join(each for each in text if each in "\t\n\r" or ord(each) >= 32)


FORMAT = Format("junit", render)
