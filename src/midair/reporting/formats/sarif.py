"""SARIF 2.1.0, for code scanning: the place is the line the author wrote."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

import midair
from midair.model.finding import AllowedBy, Finding, Risk
from midair.reporting.format import Format, Look
from midair.reporting.report import CheckPayload, Page, Report

_LEVELS = {Risk.HIGH: "error", Risk.MEDIUM: "warning", Risk.LOW: "note"}


def render(report: Report, look: Look) -> str:
    """One run with a result for each finding; other reports give a run without results."""
    found = report.payload if isinstance(report.payload, CheckPayload) else None
    findings = found.findings if found else ()
    names = {each.code: each.name for each in findings}
    pages = {each.code: each for each in found.rules} if found else {}
    codes = sorted(names)
    claimed = Counter(
        (each.span.path, each.span.line, each.span.column) for each in findings if _is_certain(each)
    )
    run: dict[str, Any] = {
        "tool": {"driver": _driver(codes, names, pages)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the project's root"}}},
        "results": [_result(each, codes.index(each.code), claimed) for each in findings],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _driver(codes: list[str], names: dict[str, str], pages: dict[str, Page]) -> dict[str, Any]:
    rules = [_rule(code, names[code], pages.get(code)) for code in codes]
    return {"name": "midair", "version": midair.__version__, "rules": rules}


def _rule(code: str, name: str, page: Page | None) -> dict[str, Any]:
    title = page.text if page else name
    rule: dict[str, Any] = {
        "id": code,
        "name": name,
        "shortDescription": {"text": title},
        "help": {
            "text": f"midair explain {code}",
            "markdown": f"{title}\n\n`midair explain {code}` shows what to avoid and what to write.",
        },
    }
    if page and page.risk:
        rule["defaultConfiguration"] = {"level": _LEVELS[page.risk]}
    if page and page.url:
        rule["helpUri"] = page.url
    return rule


def _result(finding: Finding, rule_index: int, claimed: Mapping[tuple[str, int, int], int]) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": finding.span.line, "startColumn": finding.span.column}
    if finding.span.end_line:
        region["endLine"] = finding.span.end_line
    if finding.sql:
        region["snippet"] = {"text": finding.sql[:4000]}
    file = {"uri": quote(finding.span.path or "midair.toml"), "uriBaseId": "SRCROOT"}
    place = {"artifactLocation": file, "region": region}
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.risk],
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"midair/v1": finding.fingerprint},
    }
    if _is_certain(finding) and claimed[finding.span.path, finding.span.line, finding.span.column] == 1:
        result["fixes"] = [_fix(finding, file)]
    if finding.suppressed is not None:
        kind = "inSource" if finding.allowed_by is AllowedBy.FILE else "external"
        result["suppressions"] = [{"kind": kind, "justification": finding.suppressed}]
    return result


def _is_certain(finding: Finding) -> bool:
    """`check --fix` would rewrite the statement, if the migration is not applied."""
    remedy = finding.remedy
    return bool(
        finding.counts
        and remedy.certain
        and remedy.sql
        and finding.sql
        and finding.span.path.endswith(".sql")
    )


def _fix(finding: Finding, file: dict[str, str]) -> dict[str, Any]:
    *before, last = (finding.sql or "").split("\n")
    start = 1 if before else finding.span.column
    region = {
        "startLine": finding.span.line,
        "startColumn": finding.span.column,
        "endLine": finding.span.line + len(before),
        "endColumn": start + len(last),
    }
    edit = {"deletedRegion": region, "insertedContent": {"text": ";\n".join(finding.remedy.sql)}}
    return {
        "description": {"text": finding.remedy.text},
        "artifactChanges": [{"artifactLocation": file, "replacements": [edit]}],
    }


def _message(finding: Finding) -> str:
    safe = "".join(f"\n{line}" for line in finding.remedy.lines)
    return f"{finding.message}\n{finding.remedy.text}{safe}"


FORMAT = Format("sarif", render)
