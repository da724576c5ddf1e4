"""JSON: the report's values under stable names, for programs."""

from enum import Enum

import msgspec

import midair
from midair.model.address import Secret
from midair.reporting.format import Format, Look
from midair.reporting.report import FORMAT_VERSION, Report


def render(report: Report, look: Look) -> str:
    """One object: the envelope's fields first, then `payload`."""
    document = {
        "format_version": FORMAT_VERSION,
        "midair": midair.__version__,
        "command": report.command,
        "environment": report.environment,
        "started_at": report.started_at,
        "outcome": report.outcome,
        "payload": report.payload,
        "next": report.next,
    }
    encoded = msgspec.json.encode(document, enc_hook=_own_types)
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def one_line(text: str) -> str:
    """The same object on one line, for a stream of lines."""
    return msgspec.json.format(text.encode(), indent=-1).decode() + "\n"


def _own_types(value: object) -> object:
    if isinstance(value, Secret):
        return "•••"
    if isinstance(value, Enum):
        return value.value
    raise NotImplementedError(type(value))


FORMAT = Format("json", render)
