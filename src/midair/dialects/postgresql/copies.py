"""An INSERT that copies columns of one table into another, read as data; and statements said of another table."""

from collections.abc import Sequence
from typing import Any

from midair.dialects.postgresql.changes.expressions import column_of, sql_of
from midair.dialects.postgresql.changes.names import identifier, relation
from midair.dialects.postgresql.compose import deparsed
from midair.dialects.postgresql.parse import statement_of, walk
from midair.model.frozen import frozen


@frozen
class Copy:
    """`INSERT INTO into (targets) SELECT sources FROM source WHERE condition`.

    `targets` is empty where the statement names none. A source that is no plain column is `None`. `condition` is SQL over
    the source's columns without what stands before them, or empty. `conflict`: it has an ON CONFLICT.
    """

    into: str
    source: str
    targets: tuple[str, ...]
    sources: tuple[str | None, ...]
    condition: str
    conflict: bool


def copy_of(sql: str) -> Copy | None:
    """The statement as such a copy; `None` for any other, and where it joins, groups, sorts or gives rows back."""
    kind, tree = statement_of(sql)
    if kind != "insert_stmt" or not tree.HasField("select_stmt") or tree.HasField("with_clause"):
        return None
    query = tree.select_stmt.select_stmt
    plural = (
        query.distinct_clause,
        query.group_clause,
        query.sort_clause,
        query.values_lists,
        query.locking_clause,
    )
    limited = (
        query.HasField("limit_count") or query.HasField("limit_offset") or query.HasField("having_clause")
    )
    plain = len(query.from_clause) == 1 and query.from_clause[0].WhichOneof("node") == "range_var"
    if any(plural) or limited or not plain or tree.returning_clause.exprs:
        return None
    if any(name in ("SubLink", "WindowDef") for name, _ in walk(query)):
        return None
    return Copy(
        relation(tree.relation),
        relation(query.from_clause[0].range_var),
        tuple(identifier(each.res_target.name) for each in tree.cols),
        tuple(column_of(each.res_target.val) for each in query.target_list),
        _bare(query.where_clause) if query.HasField("where_clause") else "",
        tree.HasField("on_conflict_clause"),
    )


def _bare(condition: Any) -> str:
    """The condition with every column by its own name alone."""
    copy = type(condition)()
    copy.CopyFrom(condition)
    for kind, node in list(walk(copy)):
        if kind == "ColumnRef" and len(node.fields) > 1:
            last = node.fields[-1].string.sval
            del node.fields[:]
            node.fields.add().string.sval = last
    return sql_of(copy)


_SAID_BY_RELATION = ("create_stmt", "index_stmt", "alter_table_stmt", "grant_stmt")


def speaks_of(sql: str, table: str) -> bool:
    """The statement names the table as a relation, or comments on it or on a column of it."""
    kind, tree = statement_of(sql)
    if tree is None:
        return False
    if kind == "comment_stmt":
        return _commented(tree, table) is not None
    return any(name == "RangeVar" and relation(node) == table for name, node in walk(tree))


def is_about(sql: str, table: str) -> bool:
    """A CREATE INDEX, ALTER TABLE, GRANT or COMMENT whose object is the table itself."""
    kind, tree = statement_of(sql)
    if kind in ("index_stmt", "alter_table_stmt"):
        return relation(tree.relation) == table
    return kind in ("grant_stmt", "comment_stmt") and speaks_of(sql, table)


def alters(sql: str) -> bool:
    """It is an ALTER TABLE."""
    return statement_of(sql)[0] == "alter_table_stmt"


def grants(sql: str) -> bool:
    """It gives rights, or takes them."""
    return statement_of(sql)[0] == "grant_stmt"


def said_of(sql: str, table: str, other: Sequence[str]) -> str | None:
    """The same CREATE TABLE, CREATE INDEX, ALTER TABLE, GRANT or COMMENT about the other table, a path of names without quotes.

    `None` for a statement of another kind, and where the grammar's library cannot write it back.
    """
    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        for name, node in list(walk(copy)):
            if name == "RangeVar" and relation(node) == table:
                node.schemaname, node.relname = other[0], other[-1]
        if kind == "comment_stmt":
            _comment_on(copy, table, other)

    if kind == "comment_stmt" and _commented(tree, table) is None:
        return None
    return deparsed(kind, tree, change) if kind in (*_SAID_BY_RELATION, "comment_stmt") else None


def _commented(tree: Any, table: str) -> int | None:
    """How many names of the commented object are the table's; `None` when it is another."""
    if tree.object.WhichOneof("node") != "list":
        return None
    names = [each.string.sval for each in tree.object.list.items if each.WhichOneof("node") == "string"]
    for size in (1, 2):
        path = names[:size]
        spelled = ".".join(
            identifier(each) for each in (path[1:] if path[0] == "public" and size == 2 else path)
        )
        if len(names) in (size, size + 1) and spelled == table:
            return size
    return None


def _comment_on(copy: Any, table: str, other: Sequence[str]) -> None:
    size = _commented(copy, table) or 0
    rest = [each.string.sval for each in copy.object.list.items][size:]
    del copy.object.list.items[:]
    for part in (*other, *rest):
        copy.object.list.items.add().string.sval = part
