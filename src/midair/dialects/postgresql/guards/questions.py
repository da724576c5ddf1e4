"""A condition of PL/pgSQL that asks nothing but the catalog, answered by the schema.

Three-valued as SQL is, with a fourth value for what nobody can tell from here: no such answer is ever guessed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import relation, strings
from midair.dialects.postgresql.guards.logic import all_of, any_of, compared, negated
from midair.dialects.postgresql.guards.queries import Rows, catalog_of, found_by, parts_of
from midair.dialects.postgresql.guards.rows import CATALOGS
from midair.dialects.postgresql.guards.values import (
    DATABASE,
    UNKNOWN,
    Family,
    Oid,
    is_system_name,
    is_system_type,
    plain,
)
from midair.dialects.postgresql.parse import NotParsed, parse, walk
from midair.model.frozen import replace
from midair.model.schema import Schema, bare_name

_FUNCTIONS = frozenset(
    [
        "to_regclass", "to_regtype", "lower", "current_schema", "current_database", "count", "pg_table_is_visible", "pg_type_is_visible",
    ]
)  # fmt: skip


def answer(condition: str, schema: Schema) -> bool | None:
    """Whether the condition holds on this schema, NULL counted as not; `None` where nobody can tell from here.

    Names without a schema are taken to mean `public`.
    """
    tree = _expression(condition)
    if (
        tree is None
        or not schema.complete
        or not all(_is_understood(label, node) for label, node in walk(tree))
    ):
        return None
    said = _Asked(schema).value(tree, {})
    return None if said is UNKNOWN else said is True


def _is_understood(label: str, node: Any) -> bool:
    """Neither a function that is not known here nor a relation of the user's, be the answer the same with or without it."""
    if label == "FuncCall":
        names = strings(node.funcname)
        return names[-1] in _FUNCTIONS and names[:-1] in ((), ("pg_catalog",))
    return label != "RangeVar" or catalog_of(node) in CATALOGS


def constants_of(condition: str) -> frozenset[str]:
    """The texts in quotes that a condition says, and the last name of each that is a name itself."""
    tree = _expression(condition)
    if tree is None:
        return frozenset()
    said = {node.sval.sval for label, node in walk(tree) if label == "A_Const" and node.HasField("sval")}
    return frozenset(said | {plain(named[0]) for each in said if (named := _name(each)) is not None})


def _expression(condition: str) -> Any:
    """The tree of a condition that is one expression; else `None`."""
    try:
        (tree,) = parse(f"SELECT ({condition})")
    except (NotParsed, ValueError):
        return None
    select = tree.select_stmt
    alone = len(select.target_list) == 1 and not select.from_clause
    return select.target_list[0].res_target.val if alone else None


class _Asked:
    """What expressions are on one schema: `True`, `False`, a text, a number, an `Oid`, `None` for NULL, or `UNKNOWN`."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._meant: dict[str, Any] = {}

    def value(self, node: Any, rows: Rows) -> Any:
        kind = node.WhichOneof("node")
        readers: dict[str, Callable[[Any, Rows], Any]] = {
            "a_const": self._constant,
            "column_ref": self._column,
            "type_cast": self._cast,
            "func_call": self._call,
            "sqlvalue_function": self._session,
            "bool_expr": self._logic,
            "a_expr": self._operator,
            "null_test": self._null_test,
            "sub_link": self._query,
        }
        return readers[kind](getattr(node, kind), rows) if kind in readers else UNKNOWN

    def _constant(self, node: Any, rows: Rows) -> Any:
        match node.WhichOneof("val"):
            case "sval":
                return node.sval.sval
            case "ival":
                return node.ival.ival
            case "boolval":
                return node.boolval.boolval
            case _:
                return None if node.isnull else UNKNOWN

    def _column(self, node: Any, rows: Rows) -> Any:
        if any(each.WhichOneof("node") != "string" for each in node.fields):
            return UNKNOWN
        match strings(node.fields):
            case (source, name):
                return rows.get(source, {}).get(name, UNKNOWN)
            case (name,):
                having = [row for row in rows.values() if name in row]
                return having[0][name] if len(having) == 1 else UNKNOWN
            case _:
                return UNKNOWN

    def _cast(self, node: Any, rows: Rows) -> Any:
        said, kind = self.value(node.arg, rows), strings(node.type_name.names)[-1]
        if node.type_name.array_bounds or node.type_name.typmods:
            return UNKNOWN
        if kind in ("text", "name", "varchar"):
            return self._text(said)
        if kind == "regclass" and isinstance(said, str):
            return self._relation(said) or UNKNOWN  # the server refuses a name that is none
        if kind == "regclass" and isinstance(said, Oid):
            return replace(said, shown=True)
        if kind == "bool" and said in ("t", "true", "f", "false"):
            return said in ("t", "true")
        return said if kind == "oid" and isinstance(said, Oid) else UNKNOWN

    def _text(self, said: Any) -> Any:
        if isinstance(said, Oid):
            return said.name if said.shown and self._is_visible(said) is True else UNKNOWN
        return said if said is None or isinstance(said, str | Family) else UNKNOWN

    def _is_visible(self, said: Oid) -> Any:
        """A name without a schema means it."""
        known = {"class": self._relations, "type": (*self._schema.tables, *self._schema.types)}.get(
            said.kind, ()
        )
        plainly = said.name in known and bare_name(said.name) == said.name and _is_alone(said.name, known)
        return True if plainly else UNKNOWN

    @property
    def _relations(self) -> tuple[str, ...]:
        schema = self._schema
        return (*schema.tables, *schema.index_tables, *schema.sequences)

    def _call(self, node: Any, rows: Rows) -> Any:
        match strings(node.funcname)[-1:], [self.value(each, rows) for each in node.args]:
            case ("to_regclass",), [str() as name]:
                return self._relation(name)
            case ("to_regtype",), [str() as name]:
                return self._type(name)
            case ("pg_table_is_visible" | "pg_type_is_visible",), [Oid() as oid]:
                return self._is_visible(oid)
            case ("current_database",), []:
                return DATABASE
            case ("lower",), [str() as text] if text.isascii():
                return text.lower()
            case ("current_schema",), []:
                return "public"
            case _:
                return UNKNOWN

    def _session(self, node: Any, rows: Rows) -> Any:
        if node.op == pb.SVFOP_CURRENT_CATALOG:
            return DATABASE
        return "public" if node.op == pb.SVFOP_CURRENT_SCHEMA else UNKNOWN

    def _relation(self, text: str) -> Any:
        """The relation a name means, `None` where there is none."""
        if text not in self._meant:  # the same for every row that is compared with it
            self._meant[text] = self._looked_up(text)
        return self._meant[text]

    def _looked_up(self, text: str) -> Any:
        (name, placed), schema = _name(text) or ("", False), self._schema
        if not name or is_system_name(plain(name)) or name in schema.types:
            return UNKNOWN
        if not (placed or _is_alone(name, self._relations)):
            return UNKNOWN
        return Oid("class", name) if schema.exists(name) else None

    def _type(self, text: str) -> Any:
        (name, placed), schema = _name(text) or ("", False), self._schema
        if not name or is_system_type(plain(name)) or plain(name) in schema.unlisted:
            return UNKNOWN
        if not (placed or _is_alone(name, (*schema.tables, *schema.types))) or name in schema.sequences:
            return UNKNOWN
        return Oid("type", name) if name in schema.types or name in schema.tables else None

    def _logic(self, node: Any, rows: Rows) -> Any:
        said = [self.value(each, rows) for each in node.args]
        match node.boolop:
            case pb.NOT_EXPR:
                return negated(said[0])
            case pb.AND_EXPR:
                return all_of(said)
            case _:
                return any_of(said)

    def _operator(self, node: Any, rows: Rows) -> Any:
        left, sign = self.value(node.lexpr, rows), strings(node.name)[-1]
        match node.kind:
            case pb.AEXPR_OP:
                return compared(sign, left, self.value(node.rexpr, rows))
            case pb.AEXPR_IN:
                items = node.rexpr.list.items
            case pb.AEXPR_OP_ANY if sign == "=" and node.rexpr.WhichOneof("node") == "a_array_expr":
                items = node.rexpr.a_array_expr.elements
            case _:
                return UNKNOWN
        found = any_of([compared("=", left, self.value(each, rows)) for each in items])
        return found if sign == "=" else negated(found)

    def _null_test(self, node: Any, rows: Rows) -> Any:
        said = self.value(node.arg, rows)
        return UNKNOWN if said is UNKNOWN else (said is None) == (node.nulltesttype == pb.IS_NULL)

    def _query(self, node: Any, rows: Rows) -> Any:
        select = node.subselect.select_stmt
        targets = [each.res_target.val for each in select.target_list]
        if parts_of(select) == _ONLY_COMPUTED and node.sub_link_type == pb.EXPR_SUBLINK:
            return self.value(targets[0], {}) if len(targets) == 1 else UNKNOWN
        counts = len(targets) == 1 and _is_count(targets[0])
        plainly = counts or not _computes(targets)
        found = found_by(select, self._schema, self.value) if plainly else None
        if found is None:
            return UNKNOWN
        sure = all(certain for _, certain in found)
        match node.sub_link_type:
            case pb.EXISTS_SUBLINK:
                return counts or any(certain for _, certain in found) or (UNKNOWN if found else False)
            case pb.EXPR_SUBLINK if sure and counts:
                return len(found)
            case pb.EXPR_SUBLINK if sure and len(targets) == 1 and len(found) < 2:
                return self.value(targets[0], found[0][0]) if found else None
            case pb.ANY_SUBLINK if sure and len(targets) == 1 and not (counts or node.oper_name):
                wanted = self.value(node.testexpr, rows)
                return any_of([compared("=", wanted, self.value(targets[0], each)) for each, _ in found])
            case _:
                return UNKNOWN


_ONLY_COMPUTED = frozenset(["target_list", "limit_option", "op"])
"""The parts of a query that reads nothing."""


def _is_count(node: Any) -> bool:
    """`count(*)` or `count(1)`, of all rows."""
    call = node.func_call
    if node.WhichOneof("node") != "func_call" or strings(call.funcname)[-1:] != ("count",):
        return False
    odd = call.agg_distinct or call.HasField("agg_filter") or call.HasField("over")
    return not odd and all(
        each.WhichOneof("node") == "a_const" and not each.a_const.isnull for each in call.args
    )


def _computes(targets: Sequence[Any]) -> bool:
    """What a query selects may be another number of rows than it finds."""
    return any(name in ("FuncCall", "SubLink") for each in targets for name, _ in walk(each))


def _name(text: str) -> tuple[str, bool] | None:
    """The identifier that a text is, as regclass reads it, and whether it names a schema; `None` for anything else."""
    try:
        (tree,) = parse(f"TABLE {text}")
    except (NotParsed, ValueError):
        return None
    select = tree.select_stmt
    if parts_of(select) != _ONLY_COMPUTED | {"from_clause"}:
        return None
    (source,) = select.from_clause
    named = source.range_var
    return None if named.catalogname or not named.inh else (relation(named), bool(named.schemaname))


def _is_alone(name: str, names: Iterable[str]) -> bool:
    """No other schema has one of this name: the session may look there first, or nowhere else."""
    bare = bare_name(name)
    return not any(each != name and bare_name(each) == bare for each in names)
