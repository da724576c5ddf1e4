"""Several migrations claim to be the newest.

The tool refuses to go on, or the order depends on who merges first.

## Fine when

The project keeps separate lines on purpose (labels, `depends_on`).

Source: Alembic, "Working with Branches"; Django, "merge migrations".
"""

from collections.abc import Iterator

from midair.analysis.context import Line
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA703", "multiple-heads", Risk.HIGH, Line)
def multiple_heads(line: Line, version: int | None) -> Iterator[Concern]:
    migrations = [each.migration for each in line.candidates]
    if not any(each.parents for each in migrations):
        return
    named = {parent for each in migrations for parent in each.parents}
    heads = [each for each in migrations if each.revision not in named]
    roots = [each for each in migrations if not each.parents]
    if len(heads) > max(1, len(roots)):
        for each in heads[1:]:
            yield Concern(
                f"{each.revision} and {heads[0].revision} are both heads",
                Remedy("merge them", commands=("alembic merge heads -m 'merge heads'",)),
                span=each.span,
                revision=each.revision,
            )
