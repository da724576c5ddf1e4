"""SARIF 2.1.0, for code scanning: the place is the line the author wrote."""

from typing import Any

import msgspec

import midair
from midair.model.finding import AllowedBy, Finding, Risk
from midair.reporting.format import Format, Look
from midair.reporting.report import CheckPayload, Report

_LEVELS = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "note"}


def render(report: Report, look: Look) -> str:
    """One run with a result for each finding; other reports give a run without results."""
    found = report.payload if isinstance(report.payload, CheckPayload) else None
    findings = found.findings if found else ()
    names = {each.code: each.name for each in findings}
    titles = {each.code: each.text for each in found.rules} if found else {}
    codes = sorted(names)
    run: dict[str, Any] = {
        "tool": {"driver": _driver(codes, names, titles)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the project's root"}}},
        "results": [_result(each, codes.index(each.code)) for each in findings],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _driver(codes: list[str], names: dict[str, str], titles: dict[str, str]) -> dict[str, Any]:
    return {
        "name": "midair",
        "version": midair.__version__,
        "rules": [
            {
                "id": code,
                "name": names[code],
                "shortDescription": {"text": titles.get(code, names[code])},
                "help": {
                    "text": f"midair explain {code}",
                    "markdown": f"{titles.get(code, names[code])}\n\n`midair explain {code}` shows what to avoid and what to write.",
                },
            }
            for code in codes
        ],
    }


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": finding.span.line, "startColumn": finding.span.column}
    if finding.span.end_line:
        region["endLine"] = finding.span.end_line
    if finding.sql:
        region["snippet"] = {"text": finding.sql[:4000]}
    place = {
        "artifactLocation": {"uri": finding.span.path or "midair.toml", "uriBaseId": "SRCROOT"},
        "region": region,
    }
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.risk],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"midair/v1": finding.fingerprint},
    }
    if finding.suppressed is not None:
        kind = "inSource" if finding.allowed_by is AllowedBy.FILE else "external"
        result["suppressions"] = [{"kind": kind, "justification": finding.suppressed}]
    return result


def _message(finding: Finding) -> str:
    safe = "".join(f"\n{line}" for line in finding.remedy.lines)
    return f"{finding.message}\n{finding.remedy.text}{safe}"


FORMAT = Format("sarif", render)
