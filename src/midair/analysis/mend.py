"""Puts certain remedies into a file's text: `check --fix`. Text in, text out."""

from collections.abc import Iterable, Iterator

from midair.model.finding import Finding


def mended(text: str, path: str, findings: Iterable[Finding]) -> tuple[str, tuple[Finding, ...]]:
    """The file with the statements rewritten whose remedy needs no judgement, and the findings answered by that.

    Only statements that stand in the text exactly as the finding quotes them are touched; one that
    several certain remedies claim is left alone. The caller passes findings of pending migrations
    only: an applied one is never edited.
    """
    starts = _line_starts(text)
    done: list[tuple[int, Finding]] = []
    for offset, finding in sorted(_certain(text, path, findings, starts), key=lambda each: -each[0]):
        sql = finding.sql or ""
        text = text[:offset] + ";\n".join(finding.remedy.sql) + text[offset + len(sql) :]
        done.append((offset, finding))
    return text, tuple(finding for _, finding in reversed(done))


def _certain(
    text: str, path: str, findings: Iterable[Finding], starts: list[int]
) -> Iterator[tuple[int, Finding]]:
    claimed: dict[int, list[Finding]] = {}
    for each in findings:
        if (
            each.span.path != path
            or not each.counts
            or not each.remedy.certain
            or not each.remedy.sql
            or not each.sql
        ):
            continue
        if each.span.line > len(starts):
            continue
        offset = starts[each.span.line - 1] + each.span.column - 1
        if text[offset : offset + len(each.sql)] == each.sql:
            claimed.setdefault(offset, []).append(each)
    for offset, those in claimed.items():
        if len({each.remedy.sql for each in those}) == 1:
            yield offset, those[0]


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for position, letter in enumerate(text):
        if letter == "\n":
            starts.append(position + 1)
    return starts
