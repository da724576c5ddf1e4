"""A document's blocks as HTML; whatever comes from a database or a file is escaped."""

from collections.abc import Iterator
from html import escape
from typing import assert_never

from midair.reporting.document import Block, Code, Grid, Items, Paragraph, sections, title_of
from midair.reporting.report import DocumentPayload


def document_body(payload: DocumentPayload) -> str:
    """The whole document: what stands in the page's `main`."""
    return f"<h1>{escape(title_of(payload))}</h1>\n" + "\n".join(_lines(payload))


def _lines(payload: DocumentPayload) -> Iterator[str]:
    for section in sections(payload):
        yield f"<h2>{escape(section.title)}</h2>"
        for block in section.blocks:
            yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text=text):
            return f"<p>{_inline(text)}</p>"
        case Items(texts=texts, boxes=boxes):
            mark = "☐ " if boxes else ""
            return "<ul>" + "".join(f"<li>{mark}{_inline(each)}</li>" for each in texts) + "</ul>"
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
