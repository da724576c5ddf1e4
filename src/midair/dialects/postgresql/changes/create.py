"""CREATE statements."""

from collections.abc import Iterator
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.bounds import bounds_as_conditions
from midair.dialects.postgresql.changes.constraints import column, constraint, index_of
from midair.dialects.postgresql.changes.expressions import (
    column_of,
    columns_in,
    figured_name,
    relations_in,
    sql_of,
)
from midair.dialects.postgresql.changes.mentions import mentions_in
from midair.dialects.postgresql.changes.names import chosen, dotted, identifier, relation, strings
from midair.dialects.postgresql.changes.types import data_type
from midair.dialects.postgresql.parse import NotParsed, deparse, walk
from midair.model.change import (
    Change,
    ChangeServer,
    Column,
    Constraint,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateTrigger,
    CreateType,
    CreateView,
    Index,
    Volatility,
)
from midair.model.schema import bare_name, beside

_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}


def create_table(tree: Any) -> Iterator[Change]:
    """CREATE TABLE in every form but AS."""
    table = relation(tree.relation)
    columns: list[Column] = []
    constraints: list[Constraint] = []
    like: list[str] = []
    for node in tree.table_elts:
        match node.WhichOneof("node"):
            case "column_def":
                made, inline, _ = column(node.column_def, table)
                columns.append(made)
                constraints += inline
            case "constraint":
                constraints.append(constraint(node.constraint, table))
            case "table_like_clause":
                like.append(relation(node.table_like_clause.relation))
            case _:
                pass
    parents = tuple(relation(each.range_var) for each in tree.inh_relations)
    is_partition = tree.HasField("partbound")
    indexes = tuple(filter(None, (index_of(each, table) for each in constraints)))
    yield CreateTable(
        table,
        tuple(columns),
        tuple(constraints),
        persistence=_PERSISTENCE.get(tree.relation.relpersistence, "permanent"),
        if_not_exists=tree.if_not_exists,
        partition_key=_partition_key(tree),
        partition_of=parents[0] if is_partition else None,
        is_default=tree.partbound.is_default,
        bounds=bounds_as_conditions(tree.partbound) if is_partition else (),
        inherits=() if is_partition else parents,
        like=tuple(like),
        of_type=dotted(tree.of_typename.names) if tree.HasField("of_typename") else None,
        indexes=indexes,
    )


def _partition_key(tree: Any) -> tuple[str, ...] | None:
    if not tree.HasField("partspec"):
        return None
    elements = [each.partition_elem for each in tree.partspec.part_params]
    return tuple(identifier(each.name) if each.name else sql_of(each.expr) for each in elements)


def create_table_as(tree: Any) -> Iterator[Change]:
    """CREATE TABLE AS and CREATE MATERIALIZED VIEW."""

    name = relation(tree.into.rel)
    reads = relations_in(tree.query)
    if tree.objtype == pb.OBJECT_MATVIEW:
        yield CreateView(
            name,
            reads,
            _names_of(tree.query),
            materialized=True,
            if_not_exists=tree.if_not_exists,
            mentions=mentions_in(tree.query),
        )
    else:
        persistence = _PERSISTENCE.get(tree.into.rel.relpersistence, "permanent")
        yield CreateTable(
            name,
            (),
            (),
            persistence,
            tree.if_not_exists,
            reads=() if tree.into.skip_data else reads,
            select_into=tree.is_select_into,
        )


def create_view(tree: Any) -> Iterator[Change]:
    """CREATE [OR REPLACE] VIEW."""
    given = tuple(identifier(each) for each in strings(tree.aliases))
    reads = relations_in(tree.query)
    yield CreateView(
        relation(tree.view),
        reads,
        given or _names_of(tree.query),
        replace=tree.replace,
        mentions=mentions_in(tree.query),
        everything=_has_star(tree.query),
    )


def _names_of(query: Any) -> tuple[str, ...] | None:
    """The output columns' names, `None` when a `*` hides them."""
    if query.WhichOneof("node") != "select_stmt":
        return None
    names: list[str] = []
    for node in query.select_stmt.target_list:
        target = node.res_target
        name = identifier(target.name) if target.name else column_of(target.val)
        if name is None:
            return None
        names.append(name)
    return tuple(names)


def _has_star(query: Any) -> bool:
    return any(kind == "A_Star" for kind, _ in walk(query))


def create_index(tree: Any) -> Iterator[Change]:
    """CREATE INDEX."""
    table = relation(tree.relation)
    elements = [each.index_elem for each in tree.index_params]
    columns = tuple(identifier(each.name) for each in elements if each.name)
    included = tuple(
        identifier(each.index_elem.name) for each in tree.index_including_params if each.index_elem.name
    )
    inside = {name for each in elements if each.HasField("expr") for name in columns_in(each.expr)}
    inside |= set(columns_in(tree.where_clause)) if tree.HasField("where_clause") else set()
    name = identifier(tree.idxname) if tree.idxname else _index_name(table, elements, included)
    partial = tree.HasField("where_clause")
    index = Index(
        beside(table, name),
        columns,
        frozenset((*columns, *included, *inside)),
        unique=tree.unique,
        method=tree.access_method or "btree",
        plain=not partial and all(_is_default(each) for each in elements),
        partial=partial,
        expressions=frozenset(inside),
        keys=_keys(tree, elements),
    )
    yield CreateIndex(
        table,
        index,
        tree.concurrent,
        tree.if_not_exists,
        not tree.relation.inh,
        bool(tree.idxname),
        _online(tree, name),
    )


def _index_name(table: str, elements: list[Any], included: tuple[str, ...]) -> str:
    parts: list[str] = []
    for wanted in [*(each.name or figured_name(each.expr) or "expr" for each in elements), *included]:
        # Two columns of an index never have one name: `lower`, `lower1`. Source: ChooseIndexColumnNames.
        numbered = (f"{wanted}{number or ''}" for number in range(len(parts) + 1))
        parts.append(next(each for each in numbered if each not in parts))
    return chosen(bare_name(table).strip('"'), *parts, label="idx")


def _is_default(element: Any) -> bool:

    plain_order = element.ordering in (pb.SORTBY_DEFAULT, pb.SORTBY_ASC)
    return bool(element.name) and plain_order and not element.opclass and not element.collation


def _keys(tree: Any, elements: list[Any]) -> str:
    if (
        all(_is_default(each) for each in elements)
        and not tree.HasField("where_clause")
        and not tree.index_including_params
    ):
        method = "" if tree.access_method == "btree" else tree.access_method
        return f"{'unique ' if tree.unique else ''}{method}({', '.join(identifier(each.name) for each in elements)})"
    return _deparsed(tree, "x", concurrent=False).partition(" USING ")[2] + (" unique" if tree.unique else "")


def _online(tree: Any, name: str) -> str:
    return (
        ""
        if tree.concurrent and not tree.if_not_exists
        else _deparsed(tree, name.strip('"'), concurrent=True)
    )


def _deparsed(tree: Any, name: str, *, concurrent: bool) -> str:

    result = pb.ParseResult()
    statement = result.stmts.add().stmt.index_stmt
    statement.CopyFrom(tree)
    statement.concurrent, statement.if_not_exists, statement.idxname = concurrent, False, name
    try:
        return deparse(result)
    except NotParsed:
        return ""


def create_type(tree: Any, kind: str) -> Iterator[Change]:
    """CREATE TYPE AS ENUM, composite and range types."""
    match kind:
        case "create_enum_stmt":
            yield CreateType(dotted(tree.type_name), "enum", strings(tree.vals))
        case "composite_type_stmt":
            yield CreateType(relation(tree.typevar), "composite")
        case _:
            yield CreateType(dotted(tree.type_name), "range")


def create_domain(tree: Any) -> Iterator[Change]:
    """CREATE DOMAIN; one with a CHECK or NOT NULL is constrained."""

    limits = (pb.CONSTR_CHECK, pb.CONSTR_NOTNULL)
    constrained = any(each.constraint.contype in limits for each in tree.constraints)
    yield CreateType(
        dotted(tree.domainname), "domain", base=data_type(tree.type_name)[0], constrained=constrained
    )


def create_sequence(tree: Any) -> Iterator[Change]:
    """CREATE SEQUENCE."""
    yield CreateSequence(relation(tree.sequence), owner_of(tree.options), tree.if_not_exists)


def owner_of(options: Any) -> str | None:
    """The table of OWNED BY; the empty text for OWNED BY NONE, `None` when it is not said."""
    for node in options:
        if node.def_elem.defname == "owned_by":
            names = strings(node.def_elem.arg.list.items)
            return dotted(node.def_elem.arg.list.items[:-1]) if len(names) > 1 else ""
    return None


def create_function(tree: Any) -> Iterator[Change]:
    """CREATE FUNCTION and PROCEDURE; volatile is the server's default."""
    options = {each.def_elem.defname: each.def_elem.arg for each in tree.options}
    word = options["volatility"].string.sval if "volatility" in options else "volatile"
    settings = [
        each.def_elem.arg.variable_set_stmt.name for each in tree.options if each.def_elem.defname == "set"
    ]
    definer = "security" in options and options["security"].boolean.boolval
    yield CreateFunction(
        dotted(tree.funcname), Volatility(word), tree.replace, definer, "search_path" in settings
    )


def create_trigger(tree: Any) -> Iterator[Change]:
    """CREATE TRIGGER."""
    other = relation(tree.constrrel) if tree.HasField("constrrel") else None
    yield CreateTrigger(
        relation(tree.relation),
        identifier(tree.trigname),
        tree.replace,
        tree.isconstraint,
        other,
        dotted(tree.funcname),
    )


def create_statistics(tree: Any) -> Iterator[Change]:
    """CREATE STATISTICS: a weak lock on its table."""
    tables = tuple(
        relation(each.range_var) for each in tree.relations if each.WhichOneof("node") == "range_var"
    )
    yield ChangeServer("create statistics", tables, dotted(tree.defnames) if tree.defnames else None)
