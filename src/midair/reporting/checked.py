"""What `check` found, for people: lines for a terminal, and the pull-request comment."""

from collections.abc import Iterator, Sequence
from html import escape

from midair.model.finding import Finding, Risk
from midair.reporting.format import Look
from midair.reporting.report import Checked, CheckPayload
from midair.reporting.style import painted, plain

_COLOURS = {Risk.HIGH: "red", Risk.MEDIUM: "yellow", Risk.LOW: "cyan"}
_LONGEST_COMMENT = 65_000
"""Characters; GitHub refuses a comment of 65 536."""


def check_lines(payload: CheckPayload, look: Look) -> Iterator[str]:
    """The findings with their excerpts, worst of each migration first seen, then a verdict."""
    excerpts = {(path, line): text for path, line, text in payload.excerpts}
    for each in payload.findings:
        if each.suppressed is None or look.details:
            yield from _finding_lines(each, excerpts, look)
            yield ""
    for each in payload.migrations:
        if each.not_seen:
            yield f"{each.path}: not looked at: {each.not_seen}"
    yield plain(verdict(payload), look)


def _finding_lines(finding: Finding, excerpts: dict[tuple[str, int], str], look: Look) -> Iterator[str]:
    risk = painted(finding.risk, _COLOURS[finding.risk], look)
    yield f"{finding.span}: {risk} {finding.code} {finding.name}"
    yield plain(f"  {finding.message}{_size(finding)}", look)
    last = finding.span.end_line or finding.span.line
    width = len(str(last))
    for number in range(finding.span.line, min(last, finding.span.line + 7) + 1):
        text = excerpts.get((finding.span.path, number))
        if text is None:
            continue
        begin = finding.span.column - 1 if number == finding.span.line else len(text) - len(text.lstrip())
        under = " " * begin + "^" * max(len(text.rstrip()) - begin, 1)
        yield f"  {number:>{width}} | {text}"
        yield f"  {'':>{width}} | {painted(under, _COLOURS[finding.risk], look)}"
    if finding.suppressed is not None:
        yield f"  allowed: {finding.suppressed}"
        return
    yield plain(f"  instead: {finding.remedy.text}", look)
    for sql in finding.remedy.sql:
        yield f"      {sql};"
    if finding.recipe:
        yield "  online: `midair apply` rewrites this statement"


def _size(finding: Finding) -> str:
    if finding.table is None or finding.rows is None:
        return ""
    return f" ({finding.rows} rows)"


def verdict(payload: CheckPayload) -> str:
    """One sentence: how many of what, in how many migrations."""
    counted = [each for each in payload.findings if each.counts]
    numbers = [
        f"{sum(each.risk is risk for each in counted)} {risk}"
        for risk in reversed(Risk)
        if any(each.risk is risk for each in counted)
    ]
    allowed = len(payload.findings) - len(counted)
    also = f"; {allowed} allowed" if allowed else ""
    looked = f"{len(payload.migrations)} migration{'' if len(payload.migrations) == 1 else 's'}"
    if not counted:
        return f"✓ nothing found in {looked}{also}"
    return f"{', '.join(numbers)} in {looked}{also}"


def check_markdown(payload: CheckPayload) -> str:
    """The pull-request comment: verdict, migrations with their risk, findings folded; cut where a comment would be refused."""
    head = ["<!-- midair check -->", f"## midair check: {payload.risk} risk", "", verdict(payload) + ".", ""]
    head += ["| migration | as written | with midair online |", "| --- | --- | --- |"]
    head += [f"| `{each.path}` {_cell(each)} | {each.risk} | {each.online} |" for each in payload.migrations]
    parts = ["\n".join(head) + "\n"]
    room = _LONGEST_COMMENT - len(parts[0])
    shown = sorted((each for each in payload.findings if each.counts), key=lambda each: -each.risk.rank)
    for position, each in enumerate(shown):
        text = _folded(each)
        if len(text) > room - 200:
            parts.append(f"\n… and {len(shown) - position} more; `midair check` lists them all.\n")
            break
        parts.append(text)
        room -= len(text)
    allowed = [each for each in payload.findings if not each.counts]
    if allowed:
        parts.append(f"\n{len(allowed)} finding{'' if len(allowed) == 1 else 's'} allowed with a reason.\n")
    return "".join(parts)


def _cell(migration: Checked) -> str:
    return migration.description.replace("|", "\\|").replace("\n", " ")


def _folded(finding: Finding) -> str:
    lines = [
        f"\n<details><summary><b>{finding.risk}</b> {finding.code} {escape(finding.message)} — <code>{escape(str(finding.span))}</code></summary>",
        "",
        *_code(finding.sql),
        f"{finding.remedy.text}:" if finding.remedy.sql else finding.remedy.text,
        "",
        *_code(";\n".join(finding.remedy.sql) + ";" if finding.remedy.sql else None),
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _code(sql: str | None) -> Sequence[str]:
    if not sql:
        return ()
    fence = "```"
    while fence in sql:
        fence += "`"
    return (f"{fence}sql", sql[:2000], fence, "")
