"""A document's blocks as Markdown; names from the database cannot become markup."""

from collections.abc import Iterator
from typing import assert_never

from midair.reporting.document import Block, Code, Grid, Items, Paragraph, sections, title_of
from midair.reporting.report import DocumentPayload


def document_markdown(payload: DocumentPayload) -> Iterator[str]:
    """The whole document, line by line."""
    yield f"# {_inline(title_of(payload))}"
    for section in sections(payload):
        yield ""
        yield f"## {section.title}"
        for block in section.blocks:
            yield ""
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text=text):
            yield _inline(text)
        case Items(texts=texts, boxes=boxes):
            yield from (f"- {'[ ] ' if boxes else ''}{_inline(text)}" for text in texts)
        case Grid(head=head, rows=rows):
            yield f"| {' | '.join(head)} |"
            yield "| --- " * len(head) + "|"
            yield from (
                f"| {' | '.join(_inline(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows
            )
        case Code(text=text, language=language):
            fence = "```"
            while fence in text:
                fence += "`"
            yield f"{fence}{language}"
            yield text
            yield fence
        case _:
            assert_never(block)


def _inline(text: str) -> str:
    """One line, in which only our own backticks are markup."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # a backtick of the user's own
        parts = ["'".join(parts)]
    return "`".join(part if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(text: str) -> str:
    for mark in ("\\", "*", "[", "]", "<", "#"):
        text = text.replace(mark, f"\\{mark}")
    return text
