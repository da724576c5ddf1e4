"""The author's statement said another way, for remedies: text made from its own tree, so that it is whole.

Everything here gives `None` where the statement is not of the shape asked for, or the grammar's
library cannot write the result back.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from midair.dialects.postgresql.changes.names import identifier
from midair.dialects.postgresql.compose import deparsed
from midair.dialects.postgresql.parse import NotParsed, parse, statement_of, walk

BATCH_ROWS = 5000


def _expression(text: str) -> Any:
    """A WHERE clause's tree, from text of ours."""
    return parse(f"SELECT 1 WHERE {text}")[0].select_stmt.where_clause


def _both(left: Any | None, right: Any) -> Any:
    """`left AND right`."""
    if left is None:
        return right
    from postgast import pg_query_pb2 as pb

    made = pb.Node()
    made.bool_expr.boolop = pb.AND_EXPR
    for each in (left, right):
        parts = each.bool_expr.args if _is_and(each) else (each,)
        for part in parts:
            made.bool_expr.args.add().CopyFrom(part)
    return made


def _is_and(node: Any) -> bool:
    from postgast import pg_query_pb2 as pb

    return node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == pb.AND_EXPR


def in_batches(sql: str, key: Sequence[str]) -> str | None:
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

    return deparsed(kind, tree, change)


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
    for label, node in walk(found):
        if label == "SelectStmt":
            node.from_clause[0].range_var.CopyFrom(tree.relation)
            node.from_clause.extend(sources)
            if rest is not None:
                node.where_clause.CopyFrom(rest)
            for lock in node.locking_clause:
                lock.locking_clause.locked_rels[0].range_var.relname = name.strip('"')
    return found


def _left_to_do(tree: Any) -> Any | None:
    """The rows an UPDATE has not done yet: its own WHERE, and a value that is not there."""
    where = tree.where_clause if tree.HasField("where_clause") else None
    names = {each.res_target.name for each in tree.target_list}
    steady = [each.res_target for each in tree.target_list if _is_steady(each.res_target, names)]
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


def _is_steady(target: Any, names: set[str]) -> bool:
    """The same value however often it is computed, and none of the columns that change are in it."""
    if target.indirection or target.val.WhichOneof("node") in ("set_to_default", "multi_assign_ref"):
        return False
    for label, node in walk(target.val):
        if label in ("FuncCall", "SQLValueFunction", "SubLink"):
            return False
        if label == "ColumnRef" and node.fields and node.fields[-1].string.sval in names:
            return False
    return True


def _ends_by_itself(where: Any, names: set[str]) -> bool:
    """`column IS NULL` at its top, of a column that is set."""
    from postgast import pg_query_pb2 as pb

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
        return deparsed(kind, tree, lambda copy: copy.where_clause.CopyFrom(_both(where, extra)))
    select = tree.select_stmt.select_stmt if kind == "insert_stmt" else None
    if select is None or not select.from_clause or select.group_clause or select.distinct_clause:
        return None
    where = select.where_clause if select.HasField("where_clause") else None
    return deparsed(
        kind,
        tree,
        lambda copy: copy.select_stmt.select_stmt.where_clause.CopyFrom(_both(where, extra)),
    )


# --- columns


def column_line(
    sql: str,
    column: str,
    *,
    type_: str | None = None,
    required: bool | None = None,
    default: str | None = None,
    identity: bool = False,
) -> str | None:
    """A column's definition as it stands in its CREATE TABLE or ADD COLUMN, with these parts otherwise.

    `required` puts NOT NULL there or takes it away; `identity` takes the place of a serial type.
    """
    from postgast import pg_query_pb2 as pb

    found = _definition(sql, column)
    if found is None:
        return None
    tree = parse("ALTER TABLE t ADD COLUMN c int")[0].alter_table_stmt

    def change(copy: Any) -> None:
        made = getattr(copy.cmds[0].alter_table_cmd, "def").column_def
        made.CopyFrom(found)
        if type_ is not None:
            made.type_name.CopyFrom(_type(type_, bool(found.type_name.array_bounds)))
        kept = [each for each in made.constraints if not _is_replaced(each, required, default, identity)]
        del made.constraints[:]
        for each in _new_parts(required, default, identity):
            kept.append(each)
        made.constraints.extend(sorted(kept, key=lambda node: node.constraint.contype == pb.CONSTR_PRIMARY))

    text = deparsed("alter_table_stmt", tree, change)
    return text.removeprefix("ALTER TABLE t ADD COLUMN ") if text else None


def _definition(sql: str, column: str) -> Any | None:
    _, tree = statement_of(sql)
    if tree is None:
        return None
    for label, node in walk(tree):
        if label == "ColumnDef" and identifier(node.colname) == column and node.HasField("type_name"):
            return node
    return None


def _type(text: str, is_array: bool) -> Any:
    tree = parse(f"ALTER TABLE t ADD COLUMN c {text}{'[]' if is_array else ''}")[0].alter_table_stmt
    return getattr(tree.cmds[0].alter_table_cmd, "def").column_def.type_name


def _is_replaced(node: Any, required: bool | None, default: str | None, identity: bool) -> bool:
    from postgast import pg_query_pb2 as pb

    kind = node.constraint.contype
    return (
        (required is not None and kind in (pb.CONSTR_NOTNULL, pb.CONSTR_NULL))
        or (default is not None and kind == pb.CONSTR_DEFAULT)
        or (identity and kind in (pb.CONSTR_DEFAULT, pb.CONSTR_NOTNULL))
    )


def _new_parts(required: bool | None, default: str | None, identity: bool) -> Iterator[Any]:
    words = "GENERATED BY DEFAULT AS IDENTITY" if identity else ""
    words += " NOT NULL" if required else ""
    words += f" DEFAULT {default}" if default is not None else ""
    if words:
        tree = parse(f"ALTER TABLE t ADD COLUMN c bigint {words}")[0].alter_table_stmt
        yield from getattr(tree.cmds[0].alter_table_cmd, "def").column_def.constraints


def virtual(sql: str) -> str | None:
    """ADD COLUMN … GENERATED … VIRTUAL instead of STORED."""
    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        for node in getattr(copy.cmds[0].alter_table_cmd, "def").column_def.constraints:
            if node.constraint.generated_kind == "s":
                node.constraint.generated_kind = "v"

    return deparsed(kind, tree, change) if kind == "alter_table_stmt" and len(tree.cmds) == 1 else None


def generated_from(sql: str) -> str | None:
    """The expression of an ADD COLUMN … GENERATED."""
    from postgast import pg_query_pb2 as pb

    kind, tree = statement_of(sql)
    if kind != "alter_table_stmt" or len(tree.cmds) != 1:
        return None
    for node in getattr(tree.cmds[0].alter_table_cmd, "def").column_def.constraints:
        if node.constraint.contype == pb.CONSTR_GENERATED:
            return _said(node.constraint.raw_expr, lambda name: (name,))
    return None


def of_new_row(expression: str) -> str | None:
    """An expression with `NEW.` before each column: what a trigger computes."""
    try:
        tree = parse(f"SELECT {expression}")[0].select_stmt.target_list[0].res_target.val
    except NotParsed:
        return None
    return _said(tree, lambda name: ("new", name))


# --- whole statements


def without_cascade(sql: str) -> str | None:
    """The same statement with RESTRICT, which is not written."""
    from postgast import pg_query_pb2 as pb

    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        for _, node in walk(copy):
            if "behavior" in node.DESCRIPTOR.fields_by_name and node.behavior == pb.DROP_CASCADE:
                node.behavior = pb.DROP_RESTRICT

    return deparsed(kind, tree, change) if tree is not None else None


def guarded(sql: str) -> str | None:
    """The same statement with IF EXISTS or IF NOT EXISTS."""
    from postgast import pg_query_pb2 as pb

    kind, tree = statement_of(sql)
    dropping = (pb.AT_DropColumn, pb.AT_DropConstraint, pb.AT_AddColumn)

    def change(copy: Any) -> None:
        if kind == "alter_table_stmt":
            for node in copy.cmds:
                node.alter_table_cmd.missing_ok = node.alter_table_cmd.subtype in dropping
        elif kind == "drop_stmt":
            copy.missing_ok = True
        else:
            copy.if_not_exists = True

    return deparsed(kind, tree, change) if kind in ("alter_table_stmt", "drop_stmt", "create_stmt") else None


def together(first: str, second: str) -> str | None:
    """Two ALTER TABLEs of the same table as one."""
    kind, tree = statement_of(first)
    other_kind, other = statement_of(second)
    if kind != "alter_table_stmt" or other_kind != kind:
        return None
    return deparsed(kind, tree, lambda copy: copy.cmds.extend(other.cmds))


def logged(sql: str) -> str | None:
    """The same CREATE TABLE, as an ordinary table."""
    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        (copy.into.rel if kind == "create_table_as_stmt" else copy.relation).relpersistence = "p"

    return deparsed(kind, tree, change) if kind in ("create_stmt", "create_table_as_stmt") else None


def with_columns(sql: str, columns: Sequence[str]) -> str | None:
    """The same INSERT with these columns named."""
    kind, tree = statement_of(sql)
    if kind != "insert_stmt" or tree.cols:
        return None
    names = parse(f"INSERT INTO t ({', '.join(columns)}) VALUES (1)")[0].insert_stmt.cols
    return deparsed(kind, tree, lambda copy: copy.cols.extend(names))


def create_table_as(sql: str) -> str | None:
    """SELECT … INTO as CREATE TABLE … AS."""
    import postgast
    from postgast import pg_query_pb2 as pb

    kind, tree = statement_of(sql)
    if kind != "select_stmt" or not tree.HasField("into_clause"):
        return None
    result = pb.ParseResult()
    made = result.stmts.add().stmt.create_table_as_stmt
    made.into.CopyFrom(tree.into_clause)
    made.objtype = pb.OBJECT_TABLE
    made.query.select_stmt.CopyFrom(tree)
    made.query.select_stmt.ClearField("into_clause")
    try:
        return postgast.deparse(result)
    except postgast.PgQueryError:
        return None


def renamed_function(sql: str, name: str) -> str | None:
    """The same CREATE FUNCTION under another name, beside the old one."""
    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        copy.replace = False
        copy.funcname[-1].string.sval = name

    return deparsed(kind, tree, change) if kind == "create_function_stmt" else None


def with_search_path(sql: str) -> str | None:
    """The same CREATE FUNCTION with an empty search path for its body."""
    kind, tree = statement_of(sql)
    if kind != "create_function_stmt":
        return None
    option = parse("CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = ''")[0]
    found = [each for each in option.create_function_stmt.options if each.def_elem.defname == "set"]
    return deparsed(kind, tree, lambda copy: copy.options.extend(found))


def created_view(sql: str) -> str | None:
    """CREATE VIEW without OR REPLACE."""
    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        copy.replace = False

    return deparsed(kind, tree, change) if kind == "view_stmt" else None


def without_cascading_key(sql: str) -> str | None:
    """The same CREATE TABLE or ADD CONSTRAINT whose foreign keys refuse instead of cascading."""
    kind, tree = statement_of(sql)
    if kind not in ("create_stmt", "alter_table_stmt"):
        return None

    def change(copy: Any) -> None:
        for label, node in walk(copy):
            if label == "Constraint":
                node.fk_del_action = "a" if node.fk_del_action == "c" else node.fk_del_action
                node.fk_upd_action = "a" if node.fk_upd_action == "c" else node.fk_upd_action

    return deparsed(kind, tree, change)


def without_keys(sql: str) -> str | None:
    """CREATE TABLE without its foreign keys."""
    from postgast import pg_query_pb2 as pb

    kind, tree = statement_of(sql)
    if kind != "create_stmt":
        return None

    def kept(nodes: Any) -> list[Any]:
        return [each for each in nodes if each.constraint.contype != pb.CONSTR_FOREIGN]

    def change(copy: Any) -> None:
        parts = [
            each
            for each in copy.table_elts
            if each.WhichOneof("node") != "constraint" or each.constraint.contype != pb.CONSTR_FOREIGN
        ]
        del copy.table_elts[:]
        copy.table_elts.extend(parts)
        for each in copy.table_elts:
            if each.WhichOneof("node") == "column_def":
                constraints = kept(each.column_def.constraints)
                del each.column_def.constraints[:]
                each.column_def.constraints.extend(constraints)

    return deparsed(kind, tree, change)


def domain_check(sql: str, column: str) -> str | None:
    """The condition of ALTER DOMAIN … ADD CONSTRAINT … CHECK, about this column instead of VALUE."""
    kind, tree = statement_of(sql)
    if kind != "alter_domain_stmt" or not tree.HasField("def"):
        return None
    name = column.strip('"') if '"' in column else column
    expression = getattr(tree, "def").constraint.raw_expr
    return _said(expression, lambda field: (name if field == "value" else field,))


def _said(expression: Any, renamed: Callable[[str], tuple[str, ...]]) -> str | None:
    """An expression's text, its bare columns named otherwise."""
    import postgast
    from postgast import pg_query_pb2 as pb

    result = pb.ParseResult()
    result.CopyFrom(postgast.parse("SELECT 1"))
    value = result.stmts[0].stmt.select_stmt.target_list[0].res_target.val
    value.CopyFrom(expression)
    bare = [node for label, node in walk(value) if label == "ColumnRef" and len(node.fields) == 1]
    for node in bare:
        name = node.fields[0].string.sval
        del node.fields[:]
        for part in renamed(name):
            node.fields.add().string.sval = part
    try:
        return postgast.deparse(result).removeprefix("SELECT ")
    except postgast.PgQueryError:
        return None
