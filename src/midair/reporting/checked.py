"""What `check` found, for people: lines for a terminal, and the pull-request comment."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from midair.model.finding import AllowedBy, Finding, Risk
from midair.reporting.format import Look
from midair.reporting.report import CheckPayload
from midair.reporting.style import count, painted, plain

if TYPE_CHECKING:
    from midair.model.statement import Span

_COLOURS = {Risk.HIGH: "red", Risk.MEDIUM: "yellow", Risk.LOW: "cyan"}
_LONGEST_COMMENT = 65_000
"""Characters; GitHub refuses a comment of 65 536."""
_LONGEST_EXCERPT = 6
"""Lines; the place and the message tell which statement is meant."""


def check_lines(payload: CheckPayload, look: Look) -> Iterator[str]:
    """The findings in the order of the files, each statement shown once, then a verdict."""
    excerpts = {(path, line): text for path, line, text in payload.excerpts}
    shown: Span | None = None
    for each in payload.findings:
        if each.suppressed is None or look.details:
            yield from _finding_lines(each, payload, look)
            if each.span != shown:
                yield from _excerpt(each, excerpts, look)
            shown = each.span
            yield from _advice(each, payload, look)
            yield ""
    for each in payload.migrations:
        if each.not_seen:
            yield f"{each.path}: {each.unseen}"
    for sentence in payload.fixed:
        yield plain(f"✓ {sentence}", look)
    yield plain(verdict(payload), look)


def _finding_lines(finding: Finding, payload: CheckPayload, look: Look) -> Iterator[str]:
    risk = painted(finding.risk, _COLOURS[finding.risk], look)
    yield f"{finding.span}: {risk} {finding.code} {finding.name}"
    yield plain(f"  {finding.message}{_size(finding)}", look)


def _excerpt(finding: Finding, excerpts: dict[tuple[str, int], str], look: Look) -> Iterator[str]:
    """The statement as its author wrote it: underlined when it is one line, else marked along its side."""
    first, last = finding.span.line, finding.span.end_line or finding.span.line
    width, colour = len(str(last)), _COLOURS[finding.risk]
    numbers = [each for each in range(first, last + 1) if (finding.span.path, each) in excerpts]
    for number in numbers[:_LONGEST_EXCERPT]:
        text = excerpts[finding.span.path, number].replace("\t", " ")
        side = "|" if first == last else painted(">", colour, look)
        yield f"  {number:>{width}} {side} {text}"
    if first == last and numbers:
        text = excerpts[finding.span.path, first]
        begin = max(finding.span.column - 1, len(text) - len(text.lstrip()))
        under = "^" * max(len(text.rstrip()) - begin, 1)
        yield f"  {'':>{width}} | {' ' * begin}{painted(under, colour, look)}"
    elif last - first >= _LONGEST_EXCERPT:
        yield plain(f"  {'':>{width}} {painted('>', colour, look)} … to line {last}", look)


def _advice(finding: Finding, payload: CheckPayload, look: Look) -> Iterator[str]:
    if finding.suppressed is not None:
        yield f"  allowed: {finding.suppressed}"
        return
    if finding.own_risk is not None:
        yield f"  the settings call this {finding.risk}; by itself it is {finding.own_risk}"
    yield plain(f"  instead: {finding.remedy.text}", look)
    yield from (f"      {line}" for text in finding.remedy.lines for line in text.splitlines())
    if finding.recipe:
        command = "midair apply" if payload.online else "midair apply --strategy online"
        yield f"  online: `{command}` takes care of it ({finding.recipe})"


def _size(finding: Finding) -> str:
    if finding.table is None or finding.rows is None:
        return ""
    return f" ({finding.table} has about {count(finding.rows, 'row')})"


def verdict(payload: CheckPayload) -> str:
    """One sentence: how many of what, in how many migrations."""
    counted = [each for each in payload.findings if each.counts]
    numbers = [
        f"{sum(each.risk is risk for each in counted)} {risk}"
        for risk in reversed(Risk)
        if any(each.risk is risk for each in counted)
    ]
    also = _allowed(payload)
    looked = count(len(payload.migrations), "migration")
    unseen = sum(each.not_seen is not None for each in payload.migrations)
    also += f"; {unseen} not or only partly looked at" if unseen else ""
    if counted:
        return f"{', '.join(numbers)} in {looked}{also}"
    if not payload.migrations:
        return "✓ nothing to look at: no migration is pending" + also
    if unseen and unseen == len(payload.migrations):
        return f"nothing was looked at: {looked}{also}"
    return f"✓ nothing found in {looked}{also}"


def _allowed(payload: CheckPayload) -> str:
    """What does not count, by where it was said: nobody should have to guess why a report is short."""
    by = [each.allowed_by for each in payload.findings]
    rated = sum(each.own_risk is not None for each in payload.findings)
    parts = (
        (by.count(AllowedBy.FILE), "allowed in the files"),
        (by.count(AllowedBy.SETTINGS), "ignored by the settings"),
        (by.count(AllowedBy.BASELINE), "in the baseline"),
        (rated, "with a risk from the settings"),
    )
    return "".join(f"; {number} {what}" for number, what in parts if number)


def check_markdown(payload: CheckPayload) -> str:
    """The pull-request comment: verdict, migrations with their risk, findings folded; cut where a comment would be refused."""
    head = ["<!-- midair check -->", f"## midair check: {payload.risk} risk", "", verdict(payload) + ".", ""]
    parts = ["\n".join((*head, *_migrations(payload))) + "\n"]
    room = _LONGEST_COMMENT - len(parts[0])
    shown = sorted((each for each in payload.findings if each.counts), key=lambda each: -each.risk.rank)
    for position, each in enumerate(shown):
        text = _folded(each)
        if len(text) > room - 200:
            parts.append(f"\n… and {len(shown) - position} more; `midair check` lists them all.\n")
            break
        parts.append(text)
        room -= len(text)
    return "".join(parts)


_ROWS = 50
"""Migrations in a comment's table; further ones are counted."""


def _migrations(payload: CheckPayload) -> Iterator[str]:
    """The migrations worth a look, worst first; with a column for what midair's rewrites make of them."""
    with_findings = {each.revision for each in payload.findings if each.counts}
    shown = sorted(
        (each for each in payload.migrations if each.not_seen or each.revision in with_findings),
        key=lambda each: -each.risk.rank,
    )
    if not shown:
        return
    rewritten = any(each.online is not each.risk for each in shown)
    yield "| migration | risk |" + (" with midair online |" if rewritten else "")
    yield "| --- | --- |" + (" --- |" if rewritten else "")
    for each in shown[:_ROWS]:
        risk = _cell(each.unseen) or each.risk
        online = f" {each.online} |" if rewritten else ""
        yield f"| `{_cell(each.path)}` {_cell(escape(each.description))} | {risk} |{online}"
    quiet = len(payload.migrations) - len(shown[:_ROWS])
    if quiet:
        yield f"\nand {count(quiet, 'other migration')}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _folded(finding: Finding) -> str:
    call = finding.remedy.alembic
    instead = "\n".join(finding.remedy.lines)
    lines = [
        f"\n<details><summary><b>{finding.risk}</b> {finding.code} {escape(finding.message)} — <code>{escape(str(finding.span))}</code></summary>",
        "",
        *_code(finding.sql, "sql"),
        f"{_plain_markdown(finding.remedy.text)}:" if instead else _plain_markdown(finding.remedy.text),
        "",
        *_code(instead, "python" if call else "sql" if finding.remedy.sql else "sh"),
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _plain_markdown(text: str) -> str:
    """Text with the user's names in it, none of which may become markup; our own backticks stay."""
    return text.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")


def _code(text: str | None, language: str) -> Sequence[str]:
    if not text:
        return ()
    fence = "```"
    while fence in text:
        fence += "`"
    return (f"{fence}{language}", text[:2000], fence, "")
