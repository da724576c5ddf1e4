"""The author's UPDATE, DELETE or INSERT … SELECT for a few thousand rows at a time, as a person would run it.

Everything here gives `None` where the statement is not of the shape asked for, or a row that is done
could not be told from one that is not. What midair runs itself is made in `batch_sql`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.compose import worded
from midair.dialects.postgresql.parse import NotParsed, parse, statement_of, walk
from midair.model.schema import bare_name

BATCH_ROWS = 5000


def _expression(text: str) -> Any:
    """A WHERE clause's tree, from text of ours."""
    return parse(f"SELECT 1 WHERE {text}")[0].select_stmt.where_clause


def _both(left: Any | None, right: Any) -> Any:
    """`left AND right`."""
    if left is None:
        return right
    made = pb.Node()
    made.bool_expr.boolop = pb.AND_EXPR
    for each in (left, right):
        parts = each.bool_expr.args if _is_and(each) else (each,)
        for part in parts:
            made.bool_expr.args.add().CopyFrom(part)
    return made


def _is_and(node: Any) -> bool:
    return node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == pb.AND_EXPR


@lru_cache(maxsize=512)
def in_batches(sql: str, key: tuple[str, ...]) -> str | None:
    """An UPDATE or DELETE that does the next few thousand rows: run again until it changes none.

    `key` are the primary key's columns, empty when they are not known: then rows are found by their
    place. `None` where a row that is done could not be told from one that is not.
    """
    kind, tree = statement_of(sql)
    if kind not in ("update_stmt", "delete_stmt") or tree.relation.relname == "":
        return None
    where = tree.where_clause if tree.HasField("where_clause") else None
    rest = _left_to_do(tree) if kind == "update_stmt" else where
    if kind == "update_stmt" and rest is None:
        return None
    inner = _next_rows(tree, kind, key, rest)
    if inner is None:
        return None

    def change(copy: Any) -> None:
        copy.where_clause.CopyFrom(_both(where, inner))

    return worded(kind, tree, change)


def cast_in_batches(table: str, column: str, value: str, key: Sequence[str]) -> str:
    """As `in_batches` says `UPDATE table SET column = value WHERE column IS NULL`, where the value is but a cast."""
    left = f"{column} IS NULL AND {column} IS DISTINCT FROM {value}"
    if key:
        columns = f"({', '.join(key)})" if len(key) > 1 else key[0]
        rows = f"{columns} IN (SELECT {', '.join(key)} FROM {table} WHERE {left} LIMIT {BATCH_ROWS})"
    else:
        name = bare_name(table)
        rows = f"ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {left} LIMIT {BATCH_ROWS} FOR UPDATE OF {name}))"
    return f"UPDATE {table} SET {column} = {value} WHERE {column} IS NULL AND {rows}"


def _next_rows(tree: Any, kind: str, key: Sequence[str], rest: Any | None) -> Any | None:
    """`key IN (SELECT key FROM … WHERE still to do LIMIT n)`."""
    name = identifier(tree.relation.alias.aliasname or tree.relation.relname)
    sources = tree.from_clause if kind == "update_stmt" else tree.using_clause
    before = f"{name}." if sources else ""
    columns = ", ".join(f"{before}{each}" for each in key)
    if key:
        left = f"({columns})" if len(key) > 1 else columns
        text = f"{left} IN (SELECT {columns} FROM x LIMIT {BATCH_ROWS})"
    else:
        text = f"{before}ctid = ANY (ARRAY(SELECT {before}ctid FROM x LIMIT {BATCH_ROWS} FOR UPDATE OF x))"
    try:
        found = _expression(text)
    except NotParsed:
        return None
    # The outermost only: what it is given may hold queries of its own, and those stay as they are.
    query = next(node for label, node in walk(found) if label == "SelectStmt")
    query.from_clause[0].range_var.CopyFrom(tree.relation)
    query.from_clause.extend(sources)
    if rest is not None:
        query.where_clause.CopyFrom(rest)
    for lock in query.locking_clause:
        lock.locking_clause.locked_rels[0].range_var.relname = name.strip('"')
    return found


def _left_to_do(tree: Any) -> Any | None:
    """The rows an UPDATE has not done yet: its own WHERE, and a value that is not there."""
    where = tree.where_clause if tree.HasField("where_clause") else None
    names = {each.res_target.name for each in tree.target_list}
    own = tree.relation.alias.aliasname or tree.relation.relname
    steady = [each.res_target for each in tree.target_list if _is_steady(each.res_target, names, own)]
    if not steady:
        return where if where is not None and _ends_by_itself(where, names) else None
    name = identifier(tree.relation.alias.aliasname or tree.relation.relname)
    before = f"{name}." if tree.from_clause else ""
    columns = [f"{before}{identifier(each.name)}" for each in steady]
    text = (
        f"{columns[0]} IS DISTINCT FROM 1"
        if len(columns) == 1
        else f"({', '.join(columns)}) IS DISTINCT FROM ({', '.join('1' for _ in columns)})"
    )
    condition = _expression(text)
    right = condition.a_expr.rexpr
    slots = [right] if len(columns) == 1 else list(right.row_expr.args)
    for slot, each in zip(slots, steady, strict=True):
        slot.CopyFrom(each.val)
    return _both(where, condition)


def _is_steady(target: Any, names: set[str], own: str) -> bool:
    """The same value however often it is computed, and none of the columns that change are in it."""
    if target.indirection or target.val.WhichOneof("node") in ("set_to_default", "multi_assign_ref"):
        return False
    for label, node in walk(target.val):
        if label in ("FuncCall", "SQLValueFunction", "SubLink"):
            return False
        own_column = label == "ColumnRef" and node.fields and node.fields[-1].string.sval in names
        if own_column and (len(node.fields) == 1 or node.fields[0].string.sval == own):
            return False
    return True


def _ends_by_itself(where: Any, names: set[str]) -> bool:
    """`column IS NULL` at its top, of a column that is set."""
    for each in where.bool_expr.args if _is_and(where) else (where,):
        test = each.null_test
        if (
            each.WhichOneof("node") == "null_test"
            and test.nulltesttype == pb.IS_NULL
            and test.arg.column_ref.fields
            and test.arg.column_ref.fields[-1].string.sval in names
        ):
            return True
    return False


def narrowed(sql: str, condition: str) -> str | None:
    """The same UPDATE, DELETE or INSERT … SELECT with one more condition."""
    kind, tree = statement_of(sql)
    try:
        extra = _expression(condition)
    except NotParsed:
        return None
    if kind in ("update_stmt", "delete_stmt"):
        where = tree.where_clause if tree.HasField("where_clause") else None
        return worded(kind, tree, lambda copy: copy.where_clause.CopyFrom(_both(where, extra)))
    select = tree.select_stmt.select_stmt if kind == "insert_stmt" else None
    if select is None or not select.from_clause or select.group_clause or select.distinct_clause:
        return None
    where = select.where_clause if select.HasField("where_clause") else None
    return worded(
        kind,
        tree,
        lambda copy: copy.select_stmt.select_stmt.where_clause.CopyFrom(_both(where, extra)),
    )
