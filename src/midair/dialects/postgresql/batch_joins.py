"""Whether each row of a statement meets exactly one of another table, or conflicts with one at most."""

from collections.abc import Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.batch_keys import unique_keys
from midair.dialects.postgresql.changes.expressions import column_of, conjuncts
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.parse import walk
from midair.dialects.postgresql.row_local import (
    family,
    found_table,
)
from midair.model.schema import Schema, Table


class Refusal(Exception):
    """Why the statement runs as written, in words for people."""


def refuse_unclear_join(tree: Any, schema: Schema, table: Table, alias: str) -> None:
    """UPDATE … FROM takes any of several matches; only a join by a unique key leaves no choice."""
    if not tree.from_clause:
        return
    if len(tree.from_clause) > 1:
        raise Refusal("it joins several tables")
    other = plain_source(tree.from_clause[0], schema, table)
    range_var = tree.from_clause[0].range_var
    name = range_var.alias.aliasname or range_var.relname
    mine, theirs = {each.name for each in table.columns}, {each.name for each in other.columns}
    matched: set[str] = set()
    for each in conjuncts(tree.where_clause) if tree.HasField("where_clause") else ():
        if each.WhichOneof("node") != "a_expr" or [part.string.sval for part in each.a_expr.name] != ["="]:
            continue
        sides = (each.a_expr.lexpr, each.a_expr.rexpr)
        for side, against in (sides, sides[::-1]):
            column = column_of(side)
            owner = _owner(side.column_ref, mine, theirs, alias, name) if column else None
            if column and owner == name and _owners(against, mine, theirs, alias, name) <= {alias}:
                matched.add(column)
    if not any(frozenset(key) <= matched for key in unique_keys(other)):
        raise Refusal(f"a row may match several of {other.name}, and any of them may win")


def _owner(column: Any, mine: set[str], theirs: set[str], alias: str, name: str) -> str | None:
    """Which of the two tables a column is of; `None` when that is not certain."""
    parts = [each.string.sval for each in column.fields]
    if len(parts) > 1:
        return parts[-2] if parts[-2] in (alias, name) else None
    spelled = identifier(parts[-1])
    if (spelled in mine) == (spelled in theirs):
        return None
    return alias if spelled in mine else name


def _owners(node: Any, mine: set[str], theirs: set[str], alias: str, name: str) -> set[str | None]:
    return {
        _owner(part, mine, theirs, alias, name) for kind, part in walk(node) if kind in ("ColumnRef", "SubLink")
    } if not any(kind == "SubLink" for kind, _ in walk(node)) else {None}  # fmt: skip


def conflicts_by_key(tree: Any, query: Any, schema: Schema, into: Table, table: Table, alias: str) -> bool:
    """Whether ON CONFLICT meets each row of the source by a key of it, so that a second turn changes nothing.

    Raises:
        Refusal: rows of the statement may conflict with each other; which one wins depends on the order.
    """

    if not tree.HasField("on_conflict_clause"):
        return False
    clause = tree.on_conflict_clause
    names = [identifier(each.res_target.name) for each in tree.cols] or [each.name for each in into.columns]
    outputs = dict(zip(names, (each.res_target.val for each in query.target_list), strict=False))
    plainly = {name: column_of(value) for name, value in outputs.items()}
    keys = [
        tuple(identifier(each.index_elem.name) for each in clause.infer.index_elems)
    ] if clause.HasField("infer") else [*unique_keys(into)]  # fmt: skip
    for name in schema.children(into.name):
        keys += [] if clause.HasField("infer") else unique_keys(schema.known_or_stub(name))
    sources = [frozenset(key) for key in unique_keys(table) if key]
    for key in keys:
        given = {plainly.get(column) for column in key}
        if not any(source <= given for source in sources):
            raise Refusal(
                "rows of its own may conflict with each other: which one wins depends on the order of reading"
            )
    return clause.action == pb.ONCONFLICT_NOTHING and bool(keys)


def plain_source(item: Any, schema: Schema, table: Table) -> Table:
    """The other table of a join.

    Raises:
        Refusal: it is no plain table, or the same one again.
    """
    if item.WhichOneof("node") != "range_var":
        raise Refusal("it joins something other than plain tables")
    other = known_table(item.range_var, schema)
    if other.name in family(table.name, schema):
        raise Refusal(f"it joins {table.name} with itself")
    return other


def known_table(range_var: Any, schema: Schema) -> Table:
    """The table a name means.

    Raises:
        Refusal: nothing is known about it, or it is no table.
    """
    table = found_table(range_var, schema)
    if isinstance(table, str):
        raise Refusal(table)
    return table


def is_a_batch(condition: Any, key: Sequence[str]) -> bool:
    """The WHERE bounds a key column by constants from both sides."""

    seen: set[str] = set()
    for each in conjuncts(condition):
        if each.WhichOneof("node") != "a_expr" or column_of(each.a_expr.lexpr) not in key:
            continue
        if each.a_expr.kind == pb.AEXPR_BETWEEN:
            return True
        seen |= {each.a_expr.name[-1].string.sval[0]} if each.a_expr.name else set()
    return {"<", ">"} <= seen
