"""The JSON Schema of `midair check -f json`: made from the values the report is made of."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from midair.reporting.report import CheckPayload, Failure


@dataclass(frozen=True, slots=True)
class CheckDocument:
    """What `midair check -f json` writes. Fields are added within a `format_version`, never renamed."""

    format_version: int
    midair: str
    command: str
    environment: str | None
    started_at: datetime
    outcome: str
    payload: CheckPayload
    next: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailureDocument:
    """What it writes when it could not look."""

    format_version: int
    midair: str
    command: str
    environment: str | None
    started_at: datetime
    outcome: str
    payload: Failure
    next: tuple[str, ...]


def check_schema() -> str:
    """The schema as JSON (draft 2020-12); a document is either what was found or why nothing was looked at."""
    (found, failed), components = msgspec.json.schema_components(
        (CheckDocument, FailureDocument), ref_template="#/$defs/{name}"
    )
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "midair check",
        "anyOf": [found, failed],
        "$defs": components,
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
