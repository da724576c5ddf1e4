"""Rows of one table copied into another in batches, each locked while it is copied."""

from collections.abc import Sequence

from midair.dialects.postgresql.batch_copies import Copy, copying
from midair.dialects.postgresql.batch_keys import walking_key
from midair.model.backfill import Backfill
from midair.model.frozen import replace
from midair.model.schema import Table
from midair.model.statement import Statement
from midair.rewriting.names import raw_path
from midair.rewriting.recipe import NoWay

_WAY = "give it a primary key of plain types; or run it with --strategy direct in a window"


def copied(
    statement: Statement, home: Table, target: str, pairs: Sequence[tuple[str, str]], condition: str
) -> Backfill | NoWay:
    """The copy as a backfill. `pairs` are columns of the target with the old table's, its whole primary key among them;
    `condition` says over the old table's columns which rows are copied.
    """
    key = walking_key(home)
    primary = home.primary_key
    if not key or primary is None or {each.name for each in key} != set(primary.columns):
        return NoWay(f"{home.name} has no key by which its rows can be walked", _WAY)
    same = tuple((name, own) for name, own in pairs if own in primary.columns)
    columns = tuple((name, f"source.{own}") for name, own in pairs)
    *schema, name = raw_path(home.name)
    source = (schema[0] if schema else "public", name)
    part = copying(Copy(source, target, key, columns, same, condition))
    names, given = (", ".join(parts) for parts in zip(*pairs, strict=True))
    sql = f"INSERT INTO {target} ({names}) SELECT {given} FROM {home.name} WHERE {condition}"
    return Backfill("INSERT", home.name, replace(statement, sql=sql), (part,), strict=True)
