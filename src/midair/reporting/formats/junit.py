"""JUnit XML, for test reports: a case a migration or a proof of a rehearsal, a failure a finding at the threshold."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from midair.model.finding import Finding
from midair.reporting.format import Format, Look
from midair.reporting.rehearsal import RehearsalPayload
from midair.reporting.report import Checked, CheckPayload, Report


def render(report: Report, look: Look) -> str:
    """One suite; findings below the threshold, and allowed ones, are in the case's output."""
    payload = report.payload
    match payload:
        case CheckPayload():
            suite = ElementTree.Element("testsuite", name="midair check")
            _checked(suite, payload)
        case RehearsalPayload():
            suite = ElementTree.Element("testsuite", name="midair rehearse")
            _rehearsed(suite, payload)
        case _:
            suite = ElementTree.Element("testsuite", name=f"midair {report.command}")
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("errors", "0")
    suite.set("timestamp", f"{report.started_at:%Y-%m-%dT%H:%M:%S}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _checked(suite: ElementTree.Element, payload: CheckPayload) -> None:
    known = {each.revision for each in payload.migrations}
    stray = [each for each in payload.findings if each.revision not in known]
    elsewhere = [Checked("project", "", payload.risk, payload.risk)] if stray else []
    for each in (*payload.migrations, *elsewhere):
        mine = (
            stray if each in elsewhere else [one for one in payload.findings if one.revision == each.revision]
        )
        name, place = _clean(each.revision), _clean(each.path or "project")
        case = ElementTree.SubElement(suite, "testcase", name=name, classname=place)
        if each.not_seen:
            ElementTree.SubElement(case, "skipped", message=_clean(each.not_seen))
        _findings(case, [(one, payload.fails(one)) for one in mine])


def _rehearsed(suite: ElementTree.Element, payload: RehearsalPayload) -> None:
    """A case for what was found about each migration, and one for each thing that was tried."""
    for each in payload.migrations:
        case = ElementTree.SubElement(suite, "testcase", name=_clean(each.revision), classname="findings")
        mine = [one for one in payload.findings if one.revision == each.revision]
        _findings(case, [(one, payload.fails(one)) for one in mine])
    for proof in payload.proofs:
        where = _clean(proof.revision or "all together")
        facts = {"name": proof.name, "classname": where, "time": f"{proof.took_s:.3f}"}
        case = ElementTree.SubElement(suite, "testcase", facts)
        if proof.passed is not True:
            tag = "skipped" if proof.passed is None else "failure"
            ElementTree.SubElement(case, tag, message=_clean(proof.detail))


def _findings(case: ElementTree.Element, findings: Sequence[tuple[Finding, bool]]) -> None:
    for found, fails in findings:
        if fails:
            facts = {"message": _clean(found.message), "type": found.code}
            ElementTree.SubElement(case, "failure", facts).text = _clean(_text(found))
    quiet = [_text(found) for found, fails in findings if not fails]
    if quiet:
        ElementTree.SubElement(case, "system-out").text = _clean("\n\n".join(quiet))


def _text(finding: Finding) -> str:
    allowed = f"\nallowed: {finding.suppressed}" if finding.suppressed is not None else ""
    safe = "".join(f"\n    {line}" for line in finding.remedy.lines)
    return f"{finding.span}: {finding.risk} {finding.code} {finding.name}\n{finding.message}\ninstead: {finding.remedy.text}{safe}{allowed}"


def _clean(text: str) -> str:
    """Without the control characters XML 1.0 cannot hold."""
    return "".join(each for each in text if each in "\t\n\r" or ord(each) >= 32)


FORMAT = Format("junit", render)
