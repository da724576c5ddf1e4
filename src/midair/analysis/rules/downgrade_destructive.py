"""The way back drops columns or tables that the way up did not make.

Whatever was written to them since is lost. Dropping what the migration itself created is what a
downgrade is for; its rows are lost all the same, which midair says when it rolls back.

Source: design.md §8.
"""

from collections.abc import Iterator

from midair.analysis.context import Story
from midair.analysis.rule import Concern, rule
from midair.model.change import (
    AddColumn,
    CreateTable,
    DropColumn,
    DropTable,
    Opaque,
    RenameColumn,
    RenameTable,
)
from midair.model.finding import Remedy, Risk
from midair.model.schema import beside


@rule("MA702", "downgrade-destructive", Risk.MEDIUM, Story)
def downgrade_destructive(story: Story, version: int | None) -> Iterator[Concern]:
    made_tables = {each.table for act in story.acts for each in act.changes if isinstance(each, CreateTable)}
    made_tables |= {
        beside(each.table, each.new_name)
        for act in story.acts
        for each in act.changes
        if isinstance(each, RenameTable)
    }
    made = {
        (each.table, each.column.name)
        for act in story.acts
        for each in act.changes
        if isinstance(each, AddColumn)
    }
    opaque = story.candidate.unseen is not None or any(
        isinstance(each, Opaque) for act in story.acts for each in act.changes
    )
    for act in story.back:
        for change in act.changes:
            if isinstance(change, DropTable) and change.table not in made_tables and not opaque:
                yield Concern(
                    f"the way back drops {change.table}, which the way up did not make",
                    Remedy("leave it"),
                    span=act.statement.span,
                    sql=act.statement.sql,
                )
            elif (
                isinstance(change, DropColumn)
                and (change.table, change.column) not in made
                and change.table not in made_tables
                and not opaque
                and not _comes_back(change, story)
            ):
                where = f"{change.table}.{change.column}"
                if not any(isinstance(each, RenameColumn) for up in story.acts for each in up.changes):
                    yield Concern(
                        f"the way back drops {where}, which the way up did not make",
                        Remedy("leave it"),
                        span=act.statement.span,
                        sql=act.statement.sql,
                    )


def _comes_back(change: DropColumn, story: Story) -> bool:
    """The way back makes a column of that name again, or gives another one the name: it changes a type."""
    return any(
        (isinstance(each, RenameColumn) and each.new_name == change.column and each.table == change.table)
        or (isinstance(each, AddColumn) and each.column.name == change.column and each.table == change.table)
        for act in story.back
        for each in act.changes
    )
