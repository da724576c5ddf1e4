"""Rows of one table copied into another in batches, each locked while it is copied."""

from collections.abc import Sequence

from midair.dialects.postgresql.batches import batched
from midair.model.backfill import Backfill
from midair.model.change import CreateTable
from midair.model.frozen import replace
from midair.model.schema import Table
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case


def copied(
    case: Case, home: Table, made: CreateTable, pairs: Sequence[tuple[str, str]], condition: str
) -> Backfill | NoWay:
    """The copy as a backfill. `pairs` are columns of the new table with the old one's."""
    names, given = (", ".join(parts) for parts in zip(*pairs, strict=True))
    key = ", ".join(name for name, own in pairs if home.primary_key and own in home.primary_key.columns)
    sql = f"INSERT INTO {made.table} ({names}) SELECT {given} FROM {home.name} WHERE {condition} ON CONFLICT ({key}) DO NOTHING"
    scene = case.scene.after((made,))
    fill = batched(replace(case.statement, sql=sql), scene.schema, scene.version)
    return (
        NoWay(f"the rows cannot be copied in batches: {fill}", "run it in a window")
        if isinstance(fill, str)
        else fill
    )
