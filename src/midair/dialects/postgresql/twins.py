"""Definitions said again for another column: replaced on the tree, where a name is a column, never in the text.

Names of columns, indexes and constraints are SQL identifiers, as everywhere in the model. Everything gives `None`
where the grammar's library cannot write the tree back.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import sql_of
from midair.dialects.postgresql.changes.names import identifier, relation
from midair.dialects.postgresql.compose import deparsed, worded
from midair.dialects.postgresql.parse import parse, statement_of, walk


def added_column(sql: str, name: str) -> str | None:
    """ALTER TABLE … ADD COLUMN with this name and with the type and collation that an ALTER COLUMN TYPE asks for."""
    kind, tree = statement_of(sql)
    if kind != "alter_table_stmt" or len(tree.cmds) != 1:
        return None

    def change(copy: Any) -> None:
        command = copy.cmds[0].alter_table_cmd
        column = getattr(command, "def").column_def
        column.ClearField("raw_default")
        column.colname, column.is_local = raw_name(name), True
        command.subtype, command.name, command.behavior = pb.AT_AddColumn, "", pb.DROP_RESTRICT

    return deparsed(kind, tree, change)


def index_with(
    definition: str, name: str, was: str, column: str, *, unique: bool | None = None
) -> str | None:
    """CREATE INDEX under another name, with one column in another's place."""

    def change(copy: Any) -> None:
        copy.idxname = raw_name(name)
        if unique is not None:
            copy.unique = unique
        _replace(copy, was, column)

    kind, tree = statement_of(definition)
    return deparsed(kind, tree, change) if kind == "index_stmt" else None


def statistics_with(definition: str, name: str, was: str, column: str) -> str | None:
    """CREATE STATISTICS under another name (without a schema), with one column in another's place."""

    def change(copy: Any) -> None:
        copy.defnames[-1].string.sval = raw_name(name)
        _replace(copy, was, column)

    kind, tree = statement_of(definition)
    return deparsed(kind, tree, change) if kind == "create_stats_stmt" else None


def constraint_with(
    table: str, definition: str, name: str, *, own: tuple[str, str] | None, referenced: tuple[str, str] | None
) -> str | None:
    """ALTER TABLE … ADD CONSTRAINT under another name; pairs are a column and the one in its place, on either side of a foreign key."""

    def change(copy: Any) -> None:
        part = getattr(copy.cmds[0].alter_table_cmd, "def").constraint
        for pair, keys in (
            (own, (part.keys, part.fk_attrs, part.fk_del_set_cols, part.including)),
            (referenced, (part.pk_attrs,)),
        ):
            for key in (each for keyed in keys for each in keyed):
                if pair and identifier(key.string.sval) == pair[0]:
                    key.string.sval = raw_name(pair[1])
        if own and part.HasField("raw_expr"):
            _replace(part.raw_expr, *own)

    kind, tree = statement_of(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    return deparsed(kind, tree, change) if kind == "alter_table_stmt" else None


def of_row(expression: str, row: str, table: str, columns: Collection[str]) -> str | None:
    """An expression over a table's columns as one over a row variable: `a || b` → `new.a || new.b`.

    `None` too where a name in it is no column of the table, or it has a query inside.
    """
    trees = parse(f"SELECT {expression}")
    if len(trees) != 1:
        return None
    kind, tree = "select_stmt", trees[0].select_stmt
    nodes = list(walk(tree))
    if any(name == "SubLink" for name, _ in nodes):
        return None
    for name, node in nodes:
        if name == "ColumnRef" and not _is_column(node, table, columns):
            return None

    def change(copy: Any) -> None:
        for name, node in list(walk(copy)):
            if name == "ColumnRef":
                last = node.fields[-1].string.sval
                del node.fields[:]
                for part in (row, last):
                    node.fields.add().string.sval = part

    text = deparsed(kind, tree, change)
    return text.removeprefix("SELECT ") if text else None


def _is_column(node: Any, table: str, columns: Collection[str]) -> bool:
    parts = [each.string.sval for each in node.fields if each.WhichOneof("node") == "string"]
    if len(parts) != len(node.fields) or identifier(parts[-1]) not in columns:
        return False
    return len(parts) == 1 or (len(parts) == 2 and identifier(parts[0]) == table.rpartition(".")[2])


def _replace(tree: Any, was: str, column: str) -> None:
    rename: Callable[[str], str] = lambda name: raw_name(column) if identifier(name) == was else name  # noqa: E731
    for kind, node in list(walk(tree)):
        if kind == "ColumnRef" and node.fields and node.fields[-1].WhichOneof("node") == "string":
            node.fields[-1].string.sval = rename(node.fields[-1].string.sval)
        elif kind in ("IndexElem", "StatsElem") and node.name:
            node.name = rename(node.name)


def raw_name(name: str) -> str:
    """The identifier without its quotes."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def columns_of(expression: str) -> tuple[str, ...]:
    """The columns an expression names, each once, without what stands before them."""
    from midair.dialects.postgresql.changes.expressions import columns_in

    return columns_in(parse(f"SELECT {expression}")[0])


def values_of(expression: str) -> tuple[str, ...]:
    """The parts of a row expression, `(a, b)`; any other expression is its own one part."""
    from midair.dialects.postgresql.changes.expressions import sql_of

    node = parse(f"SELECT {expression}")[0].select_stmt.target_list[0].res_target.val
    if node.WhichOneof("node") != "row_expr":
        return (expression,)
    return tuple(sql_of(each) for each in node.row_expr.args)


def copied_column(expression: str) -> str | None:
    """The column that an expression gives as it is, or cast to a type; `None` for any other."""
    node = parse(f"SELECT {expression}")[0].select_stmt.target_list[0].res_target.val
    while node.WhichOneof("node") == "type_cast":
        node = node.type_cast.arg
    if node.WhichOneof("node") != "column_ref":
        return None
    last = node.column_ref.fields[-1]
    return identifier(last.string.sval) if last.WhichOneof("node") == "string" else None


def with_type(sql: str, was: str, name: str) -> str | None:
    """The statement with one type's name in another's place, everywhere it stands for a type."""
    kind, tree = statement_of(sql)
    if tree is None:
        return None

    def change(copy: Any) -> None:
        for node_kind, node in list(walk(copy)):
            if node_kind == "TypeName" and node.names:
                _rename_path(node.names, was, name)
        if kind == "create_enum_stmt":
            _rename_path(copy.type_name, was, name)

    return deparsed(kind, tree, change)


def _rename_path(path: Any, was: str, name: str) -> None:
    from midair.dialects.postgresql.changes.names import qualified

    parts = [each.string.sval for each in path]
    if parts and qualified(*parts) == was:
        path[-1].string.sval = raw_name(name)


def index_on(definition: str, name: str, table: tuple[str, ...], *, concurrently: bool) -> str | None:
    """CREATE INDEX under another name on another table."""

    def change(copy: Any) -> None:
        copy.idxname, copy.concurrent = raw_name(name), concurrently
        _point(copy.relation, table)

    kind, tree = statement_of(definition)
    return deparsed(kind, tree, change) if kind == "index_stmt" else None


def statistics_on(definition: str, name: str, table: tuple[str, ...]) -> str | None:
    """CREATE STATISTICS under another name (without a schema) on another table."""

    def change(copy: Any) -> None:
        copy.defnames[-1].string.sval = raw_name(name)
        for node in copy.relations:
            _point(node.range_var, table)

    kind, tree = statement_of(definition)
    return deparsed(kind, tree, change) if kind == "create_stats_stmt" else None


def _point(range_var: Any, table: tuple[str, ...]) -> None:
    range_var.relname = table[-1]
    range_var.schemaname = table[0] if len(table) == 2 else "public"


def with_relations(sql: str, names: Mapping[str, tuple[str, ...]]) -> str | None:
    """The statement with other relations in the place of these, wherever they stand for one."""
    kind, tree = statement_of(sql)
    if tree is None:
        return None

    def change(copy: Any) -> None:
        for node_kind, node in list(walk(copy)):
            if node_kind == "RangeVar" and relation(node) in names:
                _point(node, names[relation(node)])

    return deparsed(kind, tree, change)


def copied_rows(sql: str) -> tuple[tuple[str, ...], tuple[str, ...] | None] | None:
    """INSERT … SELECT of every row of one table: the columns it names, and the expressions for them, `None` for `*`.

    `None` for any other statement.
    """
    kind, tree = statement_of(sql)
    if kind != "insert_stmt" or not tree.HasField("select_stmt") or tree.HasField("with_clause"):
        return None
    query = tree.select_stmt.select_stmt
    plural = (query.distinct_clause, query.group_clause, query.values_lists, query.locking_clause)
    limited = any(
        query.HasField(each)
        for each in ("where_clause", "having_clause", "limit_count", "limit_offset", "with_clause")
    )
    if (
        any(plural)
        or limited
        or query.op != pb.SETOP_NONE
        or len(query.from_clause) != 1
        or tree.HasField("on_conflict_clause")
    ):
        return None
    if query.from_clause[0].WhichOneof("node") != "range_var":
        return None
    columns = tuple(identifier(each.res_target.name) for each in tree.cols)
    values = [each.res_target.val for each in query.target_list]
    if (
        len(values) == 1
        and values[0].WhichOneof("node") == "column_ref"
        and values[0].column_ref.fields[-1].WhichOneof("node") == "a_star"
    ):
        return columns, None
    return columns, tuple(sql_of(each) for each in values)


def comment_on(sql: str, table: tuple[str, ...]) -> str | None:
    """COMMENT ON another table, or a part of it."""
    kind, tree = statement_of(sql)
    if kind != "comment_stmt" or tree.object.WhichOneof("node") != "list":
        return None

    def change(copy: Any) -> None:
        items = copy.object.list.items
        last = [items[-1].string.sval] if copy.objtype != pb.OBJECT_TABLE else []
        del items[:]
        for part in (*table, *last):
            items.add().string.sval = part

    return deparsed(kind, tree, change)


def named_column(sql: str, names: Sequence[str], not_null: str) -> str | None:
    """ALTER TABLE … ADD COLUMN with names (no quotes) for its constraints: checks, keys and references in their order, NOT NULL."""
    kind, tree = statement_of(sql)
    if kind != "alter_table_stmt" or len(tree.cmds) != 1:
        return None

    def change(copy: Any) -> None:
        given = iter(names)
        for node in getattr(copy.cmds[0].alter_table_cmd, "def").column_def.constraints:
            part = node.constraint
            if part.contype == pb.CONSTR_NOTNULL:
                part.conname = part.conname or not_null
            elif part.contype in (pb.CONSTR_CHECK, pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE, pb.CONSTR_FOREIGN):
                part.conname = next(given)

    return deparsed(kind, tree, change)


def view_with(sql: str, columns: Sequence[str]) -> str | None:
    """CREATE OR REPLACE VIEW with those of its table's columns besides that it does not show yet, at its end."""
    kind, tree = statement_of(sql)
    if kind != "view_stmt":
        return None

    def change(copy: Any) -> None:
        copy.replace = True
        targets = copy.query.select_stmt.target_list
        shown = {each.res_target.val.column_ref.fields[-1].string.sval for each in targets}
        for name in (raw_name(each) for each in columns):
            if name not in shown:
                target = targets.add().res_target
                target.val.column_ref.fields.add().string.sval = name

    return deparsed(kind, tree, change)


def without_body(sql: str) -> str | None:
    """CREATE FUNCTION without the text of its body, which the server reads when it is called; a body of statements stays."""
    kind, tree = statement_of(sql)
    if kind != "create_function_stmt":
        return None

    def change(copy: Any) -> None:
        for option in copy.options:
            if option.def_elem.defname == "as":
                for each in option.def_elem.arg.list.items:
                    each.string.sval = ""

    return worded(kind, tree, change)
