"""A comment allows a rule without saying why, or its day is over: it does not count.

The reason is what the next reader needs, and what the report shows. Write
`-- midair: allow MA101 because the table has 12 rows`; with `(until 2027-01-31)` at its end it runs out by itself.

Source: safety-rules.md, X8.
"""

from collections.abc import Iterator

from midair.analysis.rule import Concern, rule
from midair.analysis.suppress import Given
from midair.model.finding import Remedy, Risk
from midair.model.statement import Span


@rule("MA722", "allowance-does-not-count", Risk.LOW, Given)
def allowance_does_not_count(given: Given, version: int | None) -> Iterator[Concern]:
    allowed = given.allowance
    codes = ", ".join(allowed.codes)
    if not allowed.reason:
        yield Concern(
            f"{codes} is allowed here without a reason, so it is not",
            Remedy(f"say why: midair: allow {codes} because …"),
            span=Span(given.path, allowed.line),
        )
    elif given.ran_out:
        yield Concern(
            f"{codes} was allowed here until {allowed.until}",
            Remedy("mend the statement, or look at the reason again and give another day"),
            span=Span(given.path, allowed.line),
        )
