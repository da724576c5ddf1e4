"""SELECT, INSERT, UPDATE, DELETE and kin."""

from collections.abc import Iterator
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import (
    columns_in,
    narrowed_by,
    relations_in,
    string_constants,
)
from midair.dialects.postgresql.changes.names import identifier, relation, strings
from midair.dialects.postgresql.parse import walk
from midair.model.change import Change, CreateTable, Delete, Insert, LockTables, Query, Truncate, Update
from midair.model.effects import LockLevel

_SEQUENCE_FUNCTIONS = ("nextval", "setval")


def update(tree: Any) -> Iterator[Change]:
    """UPDATE."""
    table = relation(tree.relation)
    targets = [each.res_target for each in tree.target_list]
    own = tree.relation.alias.aliasname or tree.relation.relname
    itself = frozenset(identifier(each.name) for each in targets if each.name in _own_columns(each.val, own))
    unchanged = frozenset(
        identifier(each.name)
        for each in targets
        if each.val.WhichOneof("node") == "column_ref" and identifier(each.name) in itself
    )
    filters, narrowed, limited = _where(tree)
    yield Update(
        table,
        tuple(identifier(each.name) for each in targets),
        tree.HasField("where_clause"),
        filters,
        narrowed,
        itself - unchanged,
        tuple(each for each in _reads(tree) if each != table),
        unchanged,
        limited,
        frozenset(label for each in targets for label in string_constants(each.val)),
        filters | {name for each in targets for name in columns_in(each.val)},
    )


def _own_columns(node: Any, own: str) -> frozenset[str]:
    """The columns in an expression that are the target's: bare, or behind its name."""
    return frozenset(
        part.fields[-1].string.sval
        for label, part in walk(node)
        if label == "ColumnRef"
        and part.fields
        and (len(part.fields) == 1 or part.fields[-2].string.sval == own)
    )


def delete(tree: Any) -> Iterator[Change]:
    """DELETE."""
    table = relation(tree.relation)
    filters, narrowed, limited = _where(tree)
    reads = tuple(each for each in _reads(tree) if each != table)
    yield Delete(table, tree.HasField("where_clause"), filters, narrowed, reads, limited)


def _where(tree: Any) -> tuple[frozenset[str], frozenset[str], bool]:
    if not tree.HasField("where_clause"):
        return frozenset(), frozenset(), False
    narrowed, limited = narrowed_by(tree.where_clause)
    return frozenset(columns_in(tree.where_clause)), narrowed, limited


def _reads(tree: Any) -> tuple[str, ...]:
    own = relation(tree.relation)
    found = [each for each in relations_in(tree) if each != own]
    return tuple(found)


def insert(tree: Any) -> Iterator[Change]:
    """INSERT with values or a query, MERGE's kin left to `merge`."""
    table = relation(tree.relation)
    query = tree.select_stmt.select_stmt
    values = len(query.values_lists)
    reads = tuple(each for each in relations_in(tree.select_stmt)) if tree.HasField("select_stmt") else ()
    rows = values if values else 1 if not reads or _is_one_row(query) else None
    narrowed = narrowed_by(query.where_clause)[0] if query.HasField("where_clause") else frozenset[str]()
    yield Insert(table, rows, reads, bool(tree.cols), tree.HasField("on_conflict_clause"), narrowed)


_AGGREGATES = frozenset(
    ["count", "sum", "max", "min", "avg", "array_agg", "json_agg", "jsonb_agg", "json_object_agg",
     "jsonb_object_agg", "string_agg", "bool_and", "bool_or"]
)  # fmt: skip


def _is_one_row(query: Any) -> bool:
    """A SELECT of aggregates without groups, or LIMIT 1."""
    if query.limit_count.a_const.ival.ival == 1 or (query.target_list and not query.from_clause):
        return True
    return not query.group_clause and any(
        name == "FuncCall" and not part.HasField("over") and strings(part.funcname)[-1] in _AGGREGATES
        for target in query.target_list
        for name, part in walk(target)
    )


def merge(tree: Any) -> Iterator[Change]:
    """MERGE counts as an update of its target."""
    table = relation(tree.relation)
    reads = tuple(each for each in relations_in(tree.source_relation) if each != table)
    yield Update(table, (), True, frozenset(), frozenset(), reads=reads)


def copy(tree: Any) -> Iterator[Change]:
    """COPY in either direction."""
    if tree.is_from:
        yield Insert(relation(tree.relation), None, (), True)
    elif tree.HasField("query"):
        yield Query(relations_in(tree.query))
    else:
        yield Query((relation(tree.relation),), whole=True)


def call(tree: Any) -> Iterator[Change]:
    """CALL of a procedure."""
    yield Query((), functions=(strings(tree.funccall.funcname)[-1],), calls_procedure=True)


def select(tree: Any) -> Iterator[Change]:
    """SELECT, SELECT INTO, and what its functions do to sequences."""
    reads = relations_in(tree)
    if tree.HasField("into_clause"):
        name = relation(tree.into_clause.rel)
        yield CreateTable(name, (), (), reads=tuple(each for each in reads if each != name), select_into=True)
        return
    functions: list[str] = []
    sequences: list[str] = []
    for kind, part in walk(tree):
        if kind == "FuncCall":
            name = strings(part.funcname)[-1]
            functions.append(name)
            if name in _SEQUENCE_FUNCTIONS:
                sequences += _sequence_names(part)
    whole = bool(reads) and not tree.HasField("where_clause") and not tree.HasField("limit_count")
    labels = string_constants_of(tree)
    yield Query(
        reads, bool(tree.locking_clause), tuple(sequences), tuple(functions), whole=whole, labels=labels
    )
    for kind, part in walk(tree):
        makers = {"UpdateStmt": update, "DeleteStmt": delete, "InsertStmt": insert}
        if kind in makers:
            yield from makers[kind](part)


def string_constants_of(tree: Any) -> frozenset[str]:
    """Every text constant below a statement."""
    return string_constants(tree)


def _sequence_names(call: Any) -> Iterator[str]:
    from midair.dialects.postgresql.changes.names import qualified

    for text in string_constants(call.args[0]) if call.args else ():
        yield qualified(*(each.strip('"') for each in text.split(".")))


def truncate(tree: Any) -> Iterator[Change]:
    """TRUNCATE."""

    tables = tuple(relation(each.range_var) for each in tree.relations)
    yield Truncate(tables, tree.behavior == pb.DROP_CASCADE, tree.restart_seqs)


def lock(tree: Any) -> Iterator[Change]:
    """LOCK TABLE; the grammar's modes are numbered as ours."""
    yield LockTables(tuple(relation(each.range_var) for each in tree.relations), LockLevel(tree.mode))
