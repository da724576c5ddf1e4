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
    ups = [each for act in story.acts for each in act.changes]
    if story.candidate.unseen is not None or any(isinstance(each, Opaque) for each in ups):
        return
    tables = {each.table for each in ups if isinstance(each, CreateTable)}
    tables |= {beside(each.table, each.new_name) for each in ups if isinstance(each, RenameTable)}
    columns = {(each.table, each.column.name) for each in ups if isinstance(each, AddColumn)}
    renames = any(isinstance(each, RenameColumn) for each in ups)
    back = [each for act in story.back for each in act.changes]
    tables |= {each.table for each in back if isinstance(each, CreateTable)}
    was: dict[str, str] = {}
    """What the way back has renamed: its name now, and the one before."""
    for act in story.back:
        for change in act.changes:
            dropped = None
            if isinstance(change, RenameTable):
                was[beside(change.table, change.new_name)] = was.get(change.table, change.table)
            elif isinstance(change, DropTable):
                own = {change.table, was.get(change.table, change.table)}
                dropped = None if own & tables else change.table
            elif isinstance(change, DropColumn):
                own = {change.table, was.get(change.table, change.table)}
                made = own & tables or any((name, change.column) in columns for name in own)
                known = made or renames or _comes_back(change, story)
                dropped = None if known else f"{change.table}.{change.column}"
            if dropped is not None:
                yield Concern(
                    f"the way back drops {dropped}, which the way up did not make",
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
