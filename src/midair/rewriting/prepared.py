"""What statements that a driver prepared before a change meet after it (expand-contract.md §3.9), in words for the plan.

The server refuses one whose result has other columns or types than it was prepared for, and one whose parameter no longer fits the
column it is written to. As written the change does the same.
"""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql.conversions import assignable
from midair.model.change import AddColumn, Change, Column, DataType
from midair.rewriting.scene import Scene


def written(old: DataType | None, new: DataType) -> str:
    """A clause about those that write a column whose type changes; empty where their parameter fits the new type."""
    if old is None or assignable(old, new):
        return ""
    return "; so do those that write it, whose parameter is of the old type (asyncpg: until it reconnects)"


def reshaped(table: str, before: Sequence[Column], after: Sequence[Column]) -> Iterator[str]:
    """What is told where a table's columns become others all at once."""
    types = {each.name: each.type for each in before}
    for each in after:
        old = types.get(each.name)
        if old is not None and old != each.type:
            yield (
                f"{table}.{each.name} is of another type from the exchange on: statements prepared before that read it fail"
                f" until they are prepared again{written(old, each.type)}"
            )
    if [(each.name, each.type) for each in before] != [(each.name, each.type) for each in after]:
        yield _star(table)


def added(changes: Sequence[Change], scene: Scene) -> Iterator[str]:
    """What is told of new columns, where somebody was seen to read every column of the table or nobody can tell."""
    tables = dict.fromkeys(each.table for each in changes if isinstance(each, AddColumn))
    for table in tables:
        there = table in scene.schema.tables and table not in scene.born
        if there and scene.defers and (scene.usages is None or scene.usage(table).stars):
            yield _star(table)


def unsent(changes: Sequence[Change], scene: Scene) -> Iterator[str]:
    """What is told of new columns that a publication sends at once: its subscribers lack them."""
    for each in changes:
        facts = scene.attached.get(each.table) if isinstance(each, AddColumn) else None
        if (
            facts is not None
            and isinstance(each, AddColumn)
            and facts.publications
            and each.table not in scene.born
        ):
            yield (
                f"the publication {facts.publications[0]} sends all columns of {each.table}: subscribers stop at {each.column.name},"
                " and go on where they were, once it is there too; add it there first"
            )


def _star(table: str) -> str:
    return f"SELECT * {table} has other columns: one prepared before fails until it is prepared again"
