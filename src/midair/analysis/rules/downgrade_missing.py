"""There is no way back.

Rolling back a bad deploy then needs a person at night. Where only things were added, midair knows the
inverse itself.

## Fine when

The tool has no downgrades (Flyway Community), or the migration only adds.

Source: design.md §8.
"""

from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.inverse import inverse
from midair.analysis.rule import Concern, rule
from midair.model.change import (
    AddColumn,
    AddEnumValue,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateType,
    CreateView,
    Insert,
    Query,
    SetDefault,
    SetSetting,
    Transaction,
)
from midair.model.finding import Remedy, Risk

_ADDING = (
    CreateTable,
    CreateIndex,
    AddColumn,
    CreateView,
    CreateType,
    CreateSequence,
    CreateFunction,
    SetSetting,
    Transaction,
    Insert,
    Query,
    SetDefault,
    AddEnumValue,
)


@rule("MA701", "downgrade-missing", Risk.LOW, Story)
def downgrade_missing(story: Story, version: int | None) -> Iterator[Concern]:
    candidate = story.candidate
    if not candidate.expects_downgrade or not story.acts or story.back:
        return
    added_only = all(isinstance(each, _ADDING) for act in story.acts for each in act.changes)
    if not added_only:
        yield Concern(
            f"{candidate.migration.revision} has no way back"
            if candidate.down is None
            else f"the way back of {candidate.migration.revision} is empty",
            Remedy("write the downgrade, or say in it that there is none", inverse(story.acts)),
            risk=Risk.MEDIUM,
        )
