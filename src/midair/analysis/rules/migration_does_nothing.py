"""The migration has no statement.

Source: nothing to run means nothing to review.
"""

from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA705", "migration-does-nothing", Risk.LOW, Story)
def migration_does_nothing(story: Story, version: int | None) -> Iterator[Concern]:
    merge = len(story.candidate.migration.parents) > 1
    if not story.acts and not merge and story.candidate.script.live is None and not story.candidate.unseen:
        yield Concern(
            f"{story.candidate.migration.revision} does nothing", Remedy("remove it, unless it marks a point")
        )
