"""The migration uses the application's own model, which will have moved on when it runs again.

A model says what the table looks like in the newest version of the code. A later migration adds a column
to it, and from then on this one selects a column that does not exist yet: every new database, every test
run and every old installation stops here.

## Fine when

The table is described in the migration itself, as far as the migration needs it, or the change is SQL.

Source: safety-rules.md 5.5; Alembic cookbook, "Data Migrations - General Techniques".
"""

from collections.abc import Iterator
from dataclasses import replace

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.finding import Remedy, Risk


@rule("MA707", "orm-model-in-migration", Risk.MEDIUM, Story)
def orm_model_in_migration(story: Story, version: int | None) -> Iterator[Concern]:
    lines = dict.fromkeys(each.line for each in story.candidate.imports)
    for line in lines:
        names = [each.name for each in story.candidate.imports if each.line == line]
        module = next(each.module for each in story.candidate.imports if each.line == line)
        yield Concern(
            f"{listed(names)} comes from {module}: once the model has a new column, this migration asks for it before it exists",
            Remedy(
                "describe here the columns this migration needs, and only those",
                write=tuple(
                    f'{each} = sa.table("{each.lower()}", sa.column("id"))'
                    for each in names
                    if "." not in each
                )
                or ('rows = sa.table("name", sa.column("id"))',),
            ),
            span=replace(story.candidate.migration.span, line=line, column=1, end_line=line),
        )
