"""This migration sorts before one that is applied already.

Some tools skip it, some refuse; databases where it was applied in time differ from those where it was not.

Source: Flyway, "Out Of Order"; golang-migrate skips it without a word.
"""

from collections.abc import Iterator

from midair.analysis.context import Line
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import renumbered
from midair.model.finding import Remedy, Risk
from midair.model.migration import State


@rule("MA708", "out-of-order", Risk.MEDIUM, Line)
def out_of_order(line: Line, version: int | None) -> Iterator[Concern]:
    for each in line.standings:
        if each.state is State.LATE and each.migration is not None:
            yield Concern(
                f"{each.revision} is not applied, but a later one is",
                Remedy(
                    "give it a version above the newest applied one",
                    commands=renumbered(
                        each.migration.span.path, each.revision, [one.revision for one in line.standings]
                    ),
                ),
                span=each.migration.span,
                revision=each.revision,
            )
