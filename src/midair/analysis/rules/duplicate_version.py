"""Two migrations have the same version.

Source: Flyway and golang-migrate refuse to go on.
"""

from collections.abc import Iterator

from midair.analysis.context import Line
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import renumbered
from midair.model.finding import Remedy, Risk


@rule("MA704", "duplicate-version", Risk.HIGH, Line)
def duplicate_version(line: Line, version: int | None) -> Iterator[Concern]:
    seen: dict[str, str] = {}
    for each in (candidate.migration for candidate in line.candidates):
        if each.repeatable:
            continue
        if each.revision in seen:
            yield Concern(
                f"version {each.revision} is also {seen[each.revision]}",
                Remedy(
                    "give one of them a new version",
                    commands=renumbered(
                        each.span.path, each.revision, [one.migration.revision for one in line.candidates]
                    ),
                ),
                span=each.span,
                revision=each.revision,
            )
        seen.setdefault(each.revision, each.span.path)
