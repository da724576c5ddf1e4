"""The migration cannot be read as its tool would run it.

The tool itself would stop at it: a statement is cut off, a placeholder has no value, what must stand
outside a transaction stands inside one. Nothing else was looked at in it.

Source: each tool's own rules for its files.
"""

from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA721", "migration-unreadable", Risk.HIGH, Story)
def migration_unreadable(story: Story, version: int | None) -> Iterator[Concern]:
    refusal = story.candidate.refusal
    if refusal is not None:
        yield Concern(refusal.message, Remedy(refusal.hint or "mend the file"), span=refusal.span)
