"""A comment allows what nothing found: the rule's code is mistyped, or the statement has been mended.

Left in place it would hide the next one.

Source: safety-rules.md, X8.
"""

from collections.abc import Iterator

from midair.analysis.rule import Concern, rule
from midair.analysis.suppress import Given
from midair.model.finding import Remedy, Risk
from midair.model.statement import Span


@rule("MA723", "allowance-unused", Risk.LOW, Given)
def allowance_unused(given: Given, version: int | None) -> Iterator[Concern]:
    if given.used or given.ran_out or not given.allowance.reason:
        return
    yield Concern(
        f"nothing here raises {', '.join(given.allowance.codes)}",
        Remedy("take the comment away, or put it on or right before the statement it is for"),
        span=Span(given.path, given.allowance.line),
    )
