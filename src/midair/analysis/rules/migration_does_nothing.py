"""The migration has no statement.

One that joins two branches has none by nature; of one that could not be read nobody knows.

Source: nothing to run means nothing to review.
"""

import shlex
from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA705", "migration-does-nothing", Risk.LOW, Story)
def migration_does_nothing(story: Story, version: int | None) -> Iterator[Concern]:
    candidate = story.candidate
    merge = len(candidate.migration.parents) > 1
    unread = candidate.script.live is not None or candidate.unseen or candidate.refusal
    if not story.acts and not merge and not unread:
        yield Concern(
            f"{candidate.migration.revision} does nothing on PostgreSQL",
            Remedy(
                "remove it, unless it marks a point or is for another database",
                commands=(f"git rm {shlex.quote(candidate.migration.span.path)}",),
            ),
        )
