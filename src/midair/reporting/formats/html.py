"""One HTML file that opens from disk and prints: no script, no request, light and dark."""

from html import escape

from midair.reporting.demo import DemoPayload
from midair.reporting.document import title_of
from midair.reporting.format import Format, Look
from midair.reporting.html_demo import demo_body
from midair.reporting.html_document import document_body
from midair.reporting.html_rehearsal import rehearsal_body
from midair.reporting.lines import lines_of
from midair.reporting.rehearsal import RehearsalPayload
from midair.reporting.report import DocumentPayload, Report
from midair.reporting.stylesheet import STYLE


def render(report: Report, look: Look) -> str:
    """The page of a rehearsal, of the demo or of a plan's document; every other report as its text."""
    title = f"midair {report.command}"
    if isinstance(report.payload, RehearsalPayload):
        body = rehearsal_body(report.payload, report)
    elif isinstance(report.payload, DemoPayload):
        title, body = "midair demo: the same migrations, twice", demo_body(report.payload, report)
    elif isinstance(report.payload, DocumentPayload):
        title, body = title_of(report.payload), document_body(report.payload)
    else:
        body = f"<h1>{escape(title)}</h1><pre>{escape(chr(10).join(lines_of(report, Look())))}</pre>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


FORMAT = Format("html", render)
