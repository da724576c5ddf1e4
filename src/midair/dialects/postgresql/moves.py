"""An UPDATE that copies columns of another table into rows of this one, read as data."""

from collections.abc import Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import column_of, conjuncts
from midair.dialects.postgresql.changes.names import identifier, relation
from midair.dialects.postgresql.parse import statement_of
from midair.model.frozen import frozen, replace
from midair.model.schema import Schema, Table

Pairs = tuple[tuple[str, str], ...]


@frozen
class Moved:
    """`UPDATE into SET columns FROM source WHERE keys`. Pairs are a column of `into` and the one of `source`.

    `partly`: it leaves out rows that have a value already, or none in the source.
    """

    into: str
    source: str
    columns: Pairs
    keys: Pairs
    partly: bool


class Unclear(Exception):
    """Why the statement is no such copy, as a clause about it."""


def moved_by(sql: str, schema: Schema) -> Moved:
    """The statement as such a copy, written as a join or with a query for each value.

    Raises:
        Unclear: it is none, or says more than which row a value comes from.
    """
    kind, tree = statement_of(sql)
    into = schema.tables.get(relation(tree.relation)) if kind == "update_stmt" else None
    if into is None or tree.HasField("with_clause") or tree.returning_clause.exprs:
        raise Unclear("is more than a plain UPDATE")
    given = {identifier(each.res_target.name): each.res_target for each in tree.target_list}
    if any(each.indirection for each in given.values()):
        raise Unclear("sets a part of a column only")
    where = list(conjuncts(tree.where_clause)) if tree.HasField("where_clause") else []
    if tree.from_clause:
        sides = _sides(tree.relation, into, tree.from_clause, schema, inner=False)
        values = [(name, each.val) for name, each in given.items()]
        keys, rest = sides.keys(where)
        columns = sides.columns(values)
        sides.refuse_other_tests(rest, columns)
        return Moved(into.name, sides.source.name, columns, keys, bool(rest))
    return _by_queries(tree, into, given, where, schema)


def _by_queries(tree: Any, into: Table, given: dict[str, Any], where: list[Any], schema: Schema) -> Moved:
    found: list[tuple[Sides, Pairs, Pairs]] = []
    for name, target in given.items():
        query, place = _query_of(target.val)
        sides = _sides(tree.relation, into, query.from_clause, schema, inner=True)
        keys, rest = sides.keys(_conditions(query))
        if rest or len(query.target_list) <= place:
            raise Unclear("asks for more than the row that belongs to it")
        found.append((sides, sides.columns([(name, query.target_list[place].res_target.val)]), keys))
    first, _, keys = found[0]
    if any(sides.source.name != first.source.name or set(other) != set(keys) for sides, _, other in found):
        raise Unclear("takes its values from several rows")
    tests = [each for each in where if not _exists(each, tree.relation, into, keys, schema)]
    columns = tuple(pair for _, pairs, _ in found for pair in pairs)
    outside = replace(first, source=into, source_name=first.into_name)
    outside.refuse_other_tests(tests, columns)
    return Moved(into.name, first.source.name, columns, keys, bool(tests))


@frozen
class Sides:
    """The two tables of such a statement, and what it calls them. `inner`: a bare name means the source's column first."""

    into: Table
    into_name: str
    source: Table
    source_name: str
    inner: bool

    def columns(self, values: list[tuple[str, Any]]) -> Pairs:
        """Each column that is set with the source's column that it gets."""
        found = [(name, self._of(value)) for name, value in values]
        wrong = next((name for name, side in found if side is None or side[0] is not self.source), None)
        if wrong is not None:
            raise Unclear(f"gives {wrong} something else than a column of {self.source.name} as it is")
        return tuple((name, side[1]) for name, side in found if side is not None)

    def keys(self, conditions: list[Any]) -> tuple[Pairs, list[Any]]:
        """The equalities of a column of either table, and the conditions that are none."""
        pairs: list[tuple[str, str]] = []
        rest: list[Any] = []
        for each in conditions:
            pair = self._pair(each)
            if pair is None:
                rest.append(each)
            else:
                pairs.append(pair)
        return tuple(dict.fromkeys(pairs)), rest

    def refuse_other_tests(self, conditions: list[Any], columns: Pairs) -> None:
        """Only NULL tests may be left: of a column that is set, empty as yet, or of the one that is read, where NULL changes nothing.

        Raises:
            Unclear: one is something else.
        """
        for each in conditions:
            side = self._of(each.null_test.arg) if each.WhichOneof("node") == "null_test" else None
            wants_none = each.null_test.nulltesttype == pb.IS_NULL
            if side is None or not self._changes_nothing(*side, columns, wants_none=wants_none):
                raise Unclear("has a WHERE that says more than which rows belong together")

    def _changes_nothing(self, table: Table, column: str, columns: Pairs, *, wants_none: bool) -> bool:
        if wants_none:
            return table is self.into and column in dict(columns)
        return table is self.source and [own for _, own in columns] == [column]

    def _pair(self, condition: Any) -> tuple[str, str] | None:
        if condition.WhichOneof("node") != "a_expr" or condition.a_expr.kind != pb.AEXPR_OP:
            return None
        if [part.string.sval for part in condition.a_expr.name] != ["="]:
            return None
        sides = [self._of(each) for each in (condition.a_expr.lexpr, condition.a_expr.rexpr)]
        mine = next((each[1] for each in sides if each is not None and each[0] is self.into), None)
        theirs = next((each[1] for each in sides if each is not None and each[0] is self.source), None)
        return (mine, theirs) if mine is not None and theirs is not None else None

    def _of(self, node: Any) -> tuple[Table, str] | None:
        """Whose column an expression is, and which; `None` where it is none, or nobody can tell."""
        name = column_of(node)
        if name is None:
            return None
        parts = [each.string.sval for each in node.column_ref.fields]
        if len(parts) > 1:
            tables = {self.into_name: self.into, self.source_name: self.source}
            return (tables[parts[-2]], name) if parts[-2] in tables else None
        has = [each for each in (self.source, self.into) if each.column(name) is not None]
        return (has[0], name) if len(has) == 1 or (has and self.inner) else None


def _sides(target: Any, into: Table, sources: Any, schema: Schema, *, inner: bool) -> Sides:
    if len(sources) != 1 or sources[0].WhichOneof("node") != "range_var":
        raise Unclear("reads something other than one table")
    other = sources[0].range_var
    source = schema.tables.get(relation(other))
    if source is None or source.name == into.name:
        raise Unclear(f"reads {relation(other)}, of which nothing is known, or itself")
    names = (target.alias.aliasname or target.relname, other.alias.aliasname or other.relname)
    if names[0] == names[1]:
        raise Unclear("calls both tables the same")
    return Sides(into, names[0], source, names[1], inner)


def _query_of(value: Any) -> tuple[Any, int]:
    """The query that gives a column its value, and which of its columns does."""
    place = 0
    if value.WhichOneof("node") == "multi_assign_ref":
        place, value = value.multi_assign_ref.colno - 1, value.multi_assign_ref.source
    if value.WhichOneof("node") != "sub_link" or value.sub_link.sub_link_type != pb.EXPR_SUBLINK:
        raise Unclear("gives a column something else than one of another table as it is")
    return _plain(value.sub_link.subselect.select_stmt), place


def _plain(query: Any) -> Any:
    said = {field.name for field, _ in query.ListFields()}
    if said - {"target_list", "from_clause", "where_clause", "limit_option", "op"}:
        raise Unclear("asks for more than the row that belongs to it")
    return query


def _conditions(query: Any) -> list[Any]:
    return list(conjuncts(query.where_clause)) if query.HasField("where_clause") else []


def _exists(condition: Any, target: Any, into: Table, keys: Pairs, schema: Schema) -> bool:
    """It only asks whether the row that the values come from is there."""
    if condition.WhichOneof("node") != "sub_link":
        return False
    if condition.sub_link.sub_link_type != pb.EXISTS_SUBLINK:
        return False
    query = _plain(condition.sub_link.subselect.select_stmt)
    sides = _sides(target, into, query.from_clause, schema, inner=True)
    found, rest = sides.keys(_conditions(query))
    return not rest and set(found) == set(keys)


def all_same(found: Sequence[Moved]) -> Moved | None:
    """Several copies between the same rows as one; `None` where they are not."""
    if len({(each.into, each.source, frozenset(each.keys)) for each in found}) != 1:
        return None
    first = found[0]
    columns = tuple(pair for each in found for pair in each.columns)
    return Moved(first.into, first.source, columns, first.keys, any(each.partly for each in found))
