"""The rows that a query over catalogs finds on a schema, each with whether it does so for certain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import strings
from midair.dialects.postgresql.guards.logic import compared
from midair.dialects.postgresql.guards.rows import CATALOGS
from midair.dialects.postgresql.guards.values import UNKNOWN, Possible, Row
from midair.dialects.postgresql.parse import walk
from midair.model.schema import Schema

Rows = Mapping[str, Row]
"""The rows at hand, each by the name its query gives it."""
Value = Callable[[Any, Rows], Any]
"""What an expression is on such rows."""
_BEYOND = frozenset(
    [
        "distinct_clause", "into_clause", "group_clause", "having_clause", "window_clause", "values_lists", "limit_offset",
        "locking_clause", "with_clause", "larg", "rarg",
    ]
)  # fmt: skip
"""Parts of a query that change which rows it finds in ways that are not followed here."""


def found_by(select: Any, schema: Schema, value: Value) -> list[tuple[Rows, bool]] | None:
    """What its FROM and WHERE find; `None` for a query that is not understood."""
    sources: dict[str, list[Row | Possible]] = {}
    conditions: list[Any] = []
    if parts_of(select) & _BEYOND:
        return None
    if not all(_gathered(each, schema, sources, conditions) for each in select.from_clause):
        return None
    if select.HasField("limit_count") and select.limit_count.a_const.ival.ival < 1:
        return None
    if select.HasField("where_clause"):
        conditions += _conjuncts(select.where_clause)
    return _joined(sources, conditions, value) if sources else None


def parts_of(select: Any) -> frozenset[str]:
    """The parts that a query has, by the grammar's names."""
    return frozenset(field.name for field, _ in select.ListFields())


def catalog_of(named: Any) -> tuple[str, str]:
    """The schema and the name of what a FROM names; without a schema it is the server's own that is found first."""
    return named.schemaname or "pg_catalog", named.relname


def _gathered(
    node: Any, schema: Schema, sources: dict[str, list[Row | Possible]], conditions: list[Any]
) -> bool:
    """Whether all that a FROM names are catalogs, joined inwards."""
    if node.WhichOneof("node") == "range_var":
        named = node.range_var
        name = named.alias.aliasname or named.relname
        made = CATALOGS.get(catalog_of(named))
        if made is None or named.alias.colnames or name in sources:
            return False
        sources[name] = list(made(schema))
        return True
    join = node.join_expr
    odd = join.jointype != pb.JOIN_INNER or join.is_natural or join.using_clause or join.HasField("alias")
    if node.WhichOneof("node") != "join_expr" or odd:
        return False
    conditions += _conjuncts(join.quals) if join.HasField("quals") else []
    return all(_gathered(each, schema, sources, conditions) for each in (join.larg, join.rarg))


def _conjuncts(node: Any) -> Iterator[Any]:
    if node.WhichOneof("node") == "bool_expr" and node.bool_expr.boolop == pb.AND_EXPR:
        for each in node.bool_expr.args:
            yield from _conjuncts(each)
    else:
        yield node


def _joined(
    sources: Mapping[str, Sequence[Row | Possible]], conditions: Sequence[Any], value: Value
) -> list[tuple[Rows, bool]]:
    found: list[tuple[Rows, bool]] = [({}, True)]
    constant = list(_constants(conditions, value))
    for name, rows in sources.items():
        # By itself first: of most catalogs little is left, and the product is small.
        wanted = [(column, said) for source, column, said in constant if source in (None, name)]
        few = [each for each in rows if _may_have(_row(each), wanted)]
        alone = [each for each in few if _may_hold(conditions, {name: _row(each)}, value)]
        found = [
            (now, certain and not isinstance(each, Possible))
            for before, certain in found
            for each in alone
            if _may_hold(conditions, now := {**before, name: _row(each)}, value)
        ]
    return [
        (rows, certain and all(value(each, rows) is True for each in conditions)) for rows, certain in found
    ]


def _row(each: Row | Possible) -> Row:
    return each.row if isinstance(each, Possible) else each


def _constants(conditions: Sequence[Any], value: Value) -> Iterator[tuple[str | None, str, Any]]:
    """Columns that must be one value, each behind the name of its source where it has one: nearly all rows fall by them."""
    for each in conditions:
        column, other = each.a_expr.lexpr, each.a_expr.rexpr
        plainly = each.a_expr.kind == pb.AEXPR_OP and strings(each.a_expr.name) == ("=",)
        if not plainly or column.WhichOneof("node") != "column_ref" or _says_columns(other):
            continue
        if all(field.WhichOneof("node") == "string" for field in column.column_ref.fields):
            *source, name = strings(column.column_ref.fields)
            yield source[0] if source else None, name, value(other, {})


def _says_columns(node: Any) -> bool:
    return any(name in ("ColumnRef", "SubLink") for name, _ in walk(node))


def _may_have(row: Row, wanted: Sequence[tuple[str, Any]]) -> bool:
    """No column of the row is known to be another value than the one that is wanted."""
    said = (compared("=", row[name], value) for name, value in wanted if name in row)
    return all(each is True or each is UNKNOWN for each in said)


def _may_hold(conditions: Sequence[Any], rows: Rows, value: Value) -> bool:
    """None of them is known to fail on these rows, be there others beside them or not."""
    said = (value(each, rows) for each in conditions)
    return all(each is True or each is UNKNOWN for each in said)
