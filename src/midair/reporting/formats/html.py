"""HTML, one file without anything outside it: a plan document, or any other report as its lines."""

from collections.abc import Iterator
from html import escape
from typing import assert_never

from midair.reporting.document import Block, Code, Grid, Items, Paragraph, sections, title_of
from midair.reporting.format import Format, Look
from midair.reporting.lines import lines_of
from midair.reporting.report import DocumentPayload, Report

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid GrayText; padding: .25rem .6rem; text-align: left; vertical-align: top; }
pre { border: 1px solid GrayText; padding: .6rem; overflow-x: auto; }
li.box { list-style: "☐  "; }
footer { margin-top: 3rem; color: GrayText; }
@media print { pre { white-space: pre-wrap; } h2 { break-after: avoid; } }
"""


def render(report: Report, look: Look) -> str:
    """A page that needs no network, no script and no other file."""
    payload = report.payload
    if isinstance(payload, DocumentPayload):
        title, body = title_of(payload), "\n".join(_document(payload))
    else:
        title = f"midair {report.command}"
        body = f"<pre>{escape(chr(10).join(lines_of(report, Look(details=look.details))))}</pre>"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n"
        f"<footer>midair, {report.started_at:%Y-%m-%d %H:%M %Z}</footer>\n</body>\n</html>\n"
    )


def _document(payload: DocumentPayload) -> Iterator[str]:
    for section in sections(payload):
        yield f"<h2>{escape(section.title)}</h2>"
        for block in section.blocks:
            yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text=text):
            return f"<p>{_inline(text)}</p>"
        case Items(texts=texts, boxes=boxes):
            mark = ' class="box"' if boxes else ""
            return "<ul>" + "".join(f"<li{mark}>{_inline(each)}</li>" for each in texts) + "</ul>"
        case Grid(head=head, rows=rows):
            top = "".join(f"<th>{escape(each)}</th>" for each in head)
            body = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
        case Code(text=text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case _:
            assert_never(block)


def _inline(text: str) -> str:
    """Our own backticks are code; a user's single one stays what it is."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


FORMAT = Format("html", render)
