"""What in a statement looks beyond one row: the reasons why it cannot be cut into batches.

A statement is row-local when what it does to a row depends on that row, on constants, and on other
tables only. Everything here is decided conservatively: what is not known to be harmless is a reason.
"""

from collections.abc import Iterator
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import conjuncts, volatility_of
from midair.dialects.postgresql.changes.names import identifier, qualified, relation, strings
from midair.dialects.postgresql.parse import walk
from midair.model.change import Volatility
from midair.model.schema import Schema, Table, bare_name

NEVER_NULL = frozenset(
    [
        "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v4", "uuid_generate_v1", "uuid_generate_v1mc", "random",
        "clock_timestamp", "now", "transaction_timestamp", "statement_timestamp",
    ]
)  # fmt: skip
_EACH_ROW_ANEW = NEVER_NULL | {"timeofday", "gen_random_bytes", "gen_salt", "random_normal", "ulid_generate"}
"""Volatile functions that give every row a value of its own and do nothing else."""
_MOMENT = frozenset(["now", "transaction_timestamp", "statement_timestamp"])
_SPECIAL_INPUT = frozenset(["now", "today", "tomorrow", "yesterday"])
_LOOK_AROUND = (
    "pg_",
    "txid_",
    "has_",
    "currval",
    "lastval",
    "nextval",
    "setval",
    "ts_stat",
    "ts_rewrite",
    "lo_",
)
_AGGREGATES = frozenset(
    [
        "count", "sum", "avg", "min", "max", "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg",
        "jsonb_object_agg", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor", "stddev", "stddev_pop",
        "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy",
        "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy",
        "percentile_cont", "percentile_disc", "mode", "xmlagg", "range_agg", "range_intersect_agg", "any_value",
        "json_agg_strict", "jsonb_agg_strict", "json_object_agg_strict", "jsonb_object_agg_strict",
    ]
)  # fmt: skip
_ORDERED = frozenset(["array_agg", "string_agg", "json_agg", "jsonb_agg", "xmlagg", "any_value"])
_PHYSICAL = frozenset(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])


def found_table(range_var: Any, schema: Schema) -> Table | str:
    """The plain table a name means, its whole shape known; else why not."""
    name = relation(range_var)
    table = schema.table(name)
    if table is not None and table.kind not in ("table", "partitioned"):
        return f"{name} is a {table.kind}"
    if table is None or not table.known or not table.columns:
        return f"nothing is known about {name}"
    if not range_var.schemaname:
        same = [each for each in schema.tables if bare_name(each) == name and each != name]
        if same:
            return f"{name} may be any of {', '.join([name, *sorted(same)])}"
    return table


def family(name: str, schema: Schema) -> frozenset[str]:
    """A table with its partitions, heirs and parents: rows of one are rows of another."""
    found = {name, *schema.children(name)}
    waiting = [name]
    while waiting:
        table = schema.table(waiting.pop())
        for parent in table.parents if table else ():
            if parent not in found:
                found |= {parent, *schema.children(parent)}
                waiting.append(parent)
    return frozenset(found)


def looks_beyond(tree: Any, schema: Schema, target: str) -> str | None:
    """Why a statement without its outermost clauses is not row-local; `None` when nothing speaks against it."""
    own = family(target, schema)
    for name, node in walk(tree):
        reason = _of_node(name, node, schema)
        if reason is not None:
            return reason
    conditions = [node.where_clause for _, node in walk(tree) if _has_condition(node)]
    for each in (*conditions, *_inner_selects(tree)):
        if is_volatile(each):
            return "its WHERE, or a query inside it, gives another answer each time it is asked"
    for select in _inner_selects(tree):
        for name, node in walk(select):
            if name == "RangeVar":
                table = found_table(node, schema)
                if isinstance(table, str):
                    return f"it reads {relation(node)}, and {table}"
                if table.name in own:
                    return f"a query inside it reads {target} itself"
    return None


def _inner_selects(tree: Any) -> Iterator[Any]:
    for name, node in walk(tree):
        if name == "SubLink":
            yield node.subselect


def _has_condition(node: Any) -> bool:
    return "where_clause" in node.DESCRIPTOR.fields_by_name and node.HasField("where_clause")


def _of_node(name: str, node: Any, schema: Schema) -> str | None:
    match name:
        case "FuncCall":
            return _of_call(node, schema)
        case "SelectStmt":
            return _of_query(node)
        case "ColumnRef" if len(node.fields) > 2:
            return "it names a column with its schema"
        case "ColumnRef" if _last(node) in _PHYSICAL:
            return f"it uses {_last(node)}, which a change of the row changes"
        case "ParamRef":
            return "it has parameters"
        case "CurrentOfExpr":
            return "it works on a cursor's row"
        case "TypeCast" if _is_special(node):
            return f"it has the moment of its start in a text ({node.arg.a_const.sval.sval!r})"
        case "A_Expr" if len(node.name) > 1 and node.name[0].string.sval != "pg_catalog":
            return "it uses an operator of the user's"
        case _:
            return None


def _is_special(cast: Any) -> bool:
    text = cast.arg.a_const.sval.sval if cast.arg.WhichOneof("node") == "a_const" else ""
    return text.strip().lower() in _SPECIAL_INPUT


def _last(column: Any) -> str:
    return column.fields[-1].string.sval if column.fields else ""


def _of_query(select: Any) -> str | None:
    if select.HasField("with_clause"):
        return "it has a WITH clause"
    if select.HasField("limit_count") or select.HasField("limit_offset"):
        return "it has a LIMIT or OFFSET: which rows those are depends on the order of reading"
    if select.locking_clause:
        return "it locks rows of its own"
    if any(each.WhichOneof("node") is not None for each in select.distinct_clause):
        return "it has DISTINCT ON: which rows those are depends on the order of reading"
    if select.window_clause:
        return "it has a window function"
    return None


def _of_call(call: Any, schema: Schema) -> str | None:
    names = strings(call.funcname)
    name = names[-1]
    if call.HasField("over"):
        return f"{name}() is a window function"
    if name in _ORDERED and not call.agg_order:
        return f"{name}() depends on the order of reading"
    builtin = len(names) == 1 or names[0] == "pg_catalog"
    worst = volatility_of(names)
    if builtin and name.startswith(_LOOK_AROUND):
        return f"{name}() depends on more than the row"
    if builtin and (name.endswith(("_to_xml", "_to_xmlschema", "_to_xml_and_xmlschema"))):
        return f"{name}() reads tables"
    if worst in (Volatility.IMMUTABLE, Volatility.STABLE) or name in _EACH_ROW_ANEW:
        return None
    if worst is Volatility.VOLATILE:
        return f"{name}() is volatile"
    known = schema.functions.get(qualified(*names))
    if known is Volatility.IMMUTABLE:
        return None
    return f"{qualified(*names)}() may read or change anything: it is not declared IMMUTABLE"


def calls_aggregate(tree: Any) -> bool:
    """The query itself aggregates (queries inside it left out)."""
    return any(
        strings(node.funcname)[-1] in _AGGREGATES or node.agg_star or node.agg_distinct or node.agg_order
        for name, node in _outer(tree)
        if name == "FuncCall"
    )


def _outer(node: Any) -> Iterator[tuple[str, Any]]:
    """As `walk`, without queries inside."""
    if node.DESCRIPTOR.name == "SubLink":
        return
    yield node.DESCRIPTOR.name, node
    for field, value in node.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else (value,):
                yield from _outer(child)


def is_volatile(tree: Any) -> bool:
    """It gives every row a value that the row does not determine."""
    return any(
        name == "FuncCall" and strings(node.funcname)[-1] in _EACH_ROW_ANEW - _MOMENT
        for name, node in walk(tree)
    )


def never_null(node: Any) -> bool:
    """Certainly no NULL: a constant, the moment, or a function that never gives one."""
    match node.WhichOneof("node"):
        case "a_const":
            return not node.a_const.isnull
        case "type_cast":
            return never_null(node.type_cast.arg)
        case "sqlvalue_function":
            return True
        case "func_call":
            return strings(node.func_call.funcname)[-1] in NEVER_NULL
        case _:
            return False


def null_tests(condition: Any | None) -> frozenset[str]:
    """The columns a WHERE wants to be NULL, among the conditions that must all hold."""

    return frozenset(
        identifier(_last(each.null_test.arg.column_ref))
        for each in (conjuncts(condition) if condition is not None else ())
        if each.WhichOneof("node") == "null_test"
        and each.null_test.nulltesttype == pb.IS_NULL
        and each.null_test.arg.WhichOneof("node") == "column_ref"
    )


def reads_columns(tree: Any, columns: frozenset[str], alias: str, table: str) -> bool:
    """Whether an expression reads one of these columns of the row; a name that may be such a column is one."""
    for name, node in walk(tree):
        if name != "ColumnRef":
            continue
        parts = [each.string.sval for each in node.fields if each.WhichOneof("node") == "string"]
        if len(parts) < len(node.fields) or parts[-1] in (alias, table):
            return True  # the whole row
        if identifier(parts[-1]) in columns and (len(parts) == 1 or parts[-2] in (alias, table)):
            return True
    return False


def freeze_moment(tree: Any) -> bool:
    """Puts `$1` in the place of everything that means the statement's start; false when something cannot be put so.

    A statement sees one `now()` from its first row to its last; its batches must see the same.
    """

    casts = {
        pb.SVFOP_CURRENT_TIMESTAMP: "timestamptz",
        pb.SVFOP_CURRENT_DATE: "date",
        pb.SVFOP_LOCALTIMESTAMP: "timestamp",
        pb.SVFOP_CURRENT_TIME: "timetz",
        pb.SVFOP_LOCALTIME: "time",
    }
    session_facts = (
        pb.SVFOP_CURRENT_ROLE, pb.SVFOP_CURRENT_USER, pb.SVFOP_USER, pb.SVFOP_SESSION_USER, pb.SVFOP_CURRENT_CATALOG,
        pb.SVFOP_CURRENT_SCHEMA,
    )  # fmt: skip
    for name, node in tuple(walk(tree)):
        if name != "Node":
            continue
        match node.WhichOneof("node"):
            case "func_call" if strings(node.func_call.funcname)[-1] in _MOMENT:
                _put_moment(node, "timestamptz")
            case "sqlvalue_function" if node.sqlvalue_function.op in casts:
                _put_moment(node, casts[node.sqlvalue_function.op])
            case "sqlvalue_function" if node.sqlvalue_function.op not in session_facts:
                return False
            case _:
                pass
    return True


def _put_moment(node: Any, kind: str) -> None:
    node.Clear()
    cast = node.type_cast
    cast.arg.param_ref.number = 1
    for part in ("pg_catalog", kind):
        cast.type_name.names.add().string.sval = part
    cast.type_name.typemod = -1
