"""The migration has no statement.

One that joins two branches has none by nature, nor has one that gives a point its name (Liquibase's `tagDatabase`, an
Alembic branch label); of one that could not be read nobody knows.

Source: nothing to run means nothing to review.
"""

import shlex
from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.model.finding import Remedy, Risk


@rule("MA705", "migration-does-nothing", Risk.LOW, Story)
def migration_does_nothing(story: Story, version: int | None) -> Iterator[Concern]:
    candidate, span = story.candidate, story.candidate.migration.span
    marks = len(candidate.migration.parents) > 1 or candidate.migration.labels
    unread = candidate.script.live is not None or candidate.unseen or candidate.refusal
    if not story.acts and not marks and not unread:
        yield Concern(
            f"{candidate.migration.revision} does nothing on PostgreSQL",
            Remedy(
                "remove it, unless it is for another database",
                # what does not begin its file shares it with others
                commands=(f"git rm {shlex.quote(span.path)}",) if span.line == 1 else (),
            ),
        )
