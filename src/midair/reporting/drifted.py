"""Drift for people: what differs, and the SQL that mends either side where it is certain."""

from collections.abc import Iterator

from midair.reporting.drift import DriftPayload
from midair.reporting.format import Look
from midair.reporting.style import count, painted


def drift_lines(payload: DriftPayload, look: Look) -> Iterator[str]:
    """Each difference with both definitions, then a verdict."""
    for each in payload.differences:
        yield f"{painted(each.what, 'yellow', look)}  {each.kind} {each.name}"
        if each.migrations_say is not None:
            yield from _indented("migrations say", each.migrations_say)
        if each.target_has is not None:
            yield from _indented("the target has", each.target_has)
        for label, sql in (
            ("to mend the target", each.mend_target),
            ("as a migration", each.mend_migrations),
        ):
            for text in sql:
                yield from _indented(label, f"{text.rstrip(';')};")
    if payload.differences:
        yield f"{painted('✗', 'red', look)} {count(len(payload.differences), 'object')} of {payload.target} differ from what its {count(payload.revisions, 'migration')} make"
    else:
        yield f"{painted('✓', 'green', look)} {payload.target} is what its {count(payload.revisions, 'migration')} make"


def _indented(label: str, text: str) -> Iterator[str]:
    first, *rest = text.strip().splitlines() or [""]
    yield f"    {label + ':':<19} {first}"
    yield from (f"    {'':<19} {line}" for line in rest)
