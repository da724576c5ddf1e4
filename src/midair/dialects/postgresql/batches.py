"""The user's own UPDATE, DELETE or INSERT … SELECT in batches, where that does the very same; else why not.

Three things are proved on the syntax tree and the schema: the statement is row-local (`row_local`);
its rows can be walked so that each gets its turn (a key, or a condition that finds what is left); and a
row whose turn came twice would be the same, or cannot get two (`once`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.batch_joins import (
    Refusal,
    conflicts_by_key,
    is_a_batch,
    known_table,
    plain_source,
    refuse_unclear_join,
)
from midair.dialects.postgresql.batch_keys import (
    primary_of,
    type_sql,
    unique_columns,
    unique_keys,
    walking_key,
)
from midair.dialects.postgresql.batch_sql import Work, part_of
from midair.dialects.postgresql.changes.expressions import narrowed_by
from midair.dialects.postgresql.changes.names import identifier, is_ours, relation
from midair.dialects.postgresql.parse import parse, statement_of, walk
from midair.dialects.postgresql.row_local import (
    calls_aggregate,
    family,
    freeze_moment,
    is_volatile,
    looks_beyond,
    never_null,
    null_tests,
    reads_columns,
)
from midair.model.backfill import Backfill, KeyColumn
from midair.model.change import Column
from midair.model.frozen import frozen
from midair.model.schema import Schema, Table
from midair.model.statement import Statement

_TID_RANGES = 14
"""The version from which a range of pages is read without reading the rest (release notes, 14)."""
_SEQUENCED = frozenset(["int2", "int4", "int8"])


@frozen
class _Case:
    """A statement under examination: what is walked, and everything the SQL writer needs."""

    work: Work
    table: Table
    once: bool


def batched(statement: Statement, schema: Schema, version: int) -> Backfill | str:
    """The statement in batches, for a server of this major version; a text says why it must run as written."""
    return _batched(statement, schema, version, _update)


def filled(statement: Statement, schema: Schema, version: int, *, strict: bool) -> Backfill | str:
    """An UPDATE in batches, of which the caller knows that a row no longer meets its WHERE once it is done.

    `strict`: it ends only when no row meets it any more. Else each row gets its turn, and no more is proved.
    """
    made = _batched(statement, schema, version, _fill)
    if isinstance(made, str):
        return made
    if strict:
        return replace(made, strict=True)
    return replace(made, parts=tuple(replace(each, proof="", proof_types=()) for each in made.parts))


def filling(statement: Statement, schema: Schema, version: int, *, strict: bool) -> Backfill | str:
    """`UPDATE … SET column = default WHERE column IS NULL` for a column that was just added, in batches; else why not.

    The default need not be row-local as the author of an UPDATE could expect it: the server itself calls it
    for one new row at a time, in any order and in many sessions. `strict`: the column will be NOT NULL.
    """
    made = _batched(statement, schema, version, partial(_new_column, strict=strict))
    return made if isinstance(made, str) else replace(made, strict=strict)


def _new_column(tree: Any, schema: Schema, *, strict: bool) -> "_Case":
    table, alias = _target(tree, schema, "UPDATE")
    value = tree.target_list[0].res_target.val
    tree = _prepared(tree, schema)
    # A default that may be NULL would look for ever like one that is still to be given.
    proof = tree.where_clause if strict or never_null(value) else None
    return _Case(_work("UPDATE", tree, tree.relation, alias, (), False, proof), table, once=False)


def _fill(tree: Any, schema: Schema) -> "_Case":
    case = _update(tree, schema)
    return replace(case, work=replace(case.work, proof=case.work.condition), once=False)


def _batched(
    statement: Statement, schema: Schema, version: int, update: Callable[[Any, Schema], "_Case"]
) -> Backfill | str:
    kind, tree = statement_of(statement.sql)
    examine = {"update_stmt": update, "delete_stmt": _delete, "insert_stmt": _insert}.get(kind)
    if examine is None or statement.rows is not None:
        return "only UPDATE, DELETE and INSERT … SELECT can be cut into batches"
    try:
        case = examine(tree, schema)
        parts = tuple(_parts(case, schema, version))
    except Refusal as refusal:
        return str(refusal)
    return Backfill(case.work.what, case.table.name, statement, parts, once=case.once)


def _update(tree: Any, schema: Schema) -> _Case:
    table, alias = _target(tree, schema, "UPDATE")
    targets = [each.res_target for each in tree.target_list]
    sets = frozenset(identifier(each.name) for each in targets)
    if any(each.indirection for each in targets):
        raise Refusal("it changes a part of a column's value")
    values = [_value(each) for each in targets]
    itself = _with_generated(table, sets)
    reads_itself = any(reads_columns(each.val, itself, alias, tree.relation.relname) for each in targets)
    filled = null_tests(tree.where_clause if tree.HasField("where_clause") else None)
    _refuse_keys(schema, table, sets, filled)
    _look(tree, schema, table)
    refuse_unclear_join(tree, schema, table, alias)
    volatile = any(is_volatile(each.val) for each in targets)
    fills = any(
        identifier(each.name) in filled and value is not None and _gives_value(value, table, each.name)
        for each, value in zip(targets, values, strict=True)
    )
    if not fills and any(each.val.WhichOneof("node") == "set_to_default" for each in targets):
        raise Refusal(
            "it sets a column to its default, and no WHERE says that it is NULL before and never after"
        )
    tree = _prepared(tree, schema)
    proof = None
    if fills:
        proof = tree.where_clause
    elif not reads_itself and not volatile and None not in values:
        proof = _differing(tree, table, alias)
    once = not fills and (reads_itself or volatile or None in values)
    exact = bool(sets & unique_columns(table))
    return _Case(_work("UPDATE", tree, tree.relation, alias, tree.from_clause, exact, proof), table, once)


def _delete(tree: Any, schema: Schema) -> _Case:
    table, alias = _target(tree, schema, "DELETE")
    own = family(table.name, schema)
    for name in own:
        if any(other.name in own for other, _ in schema.referencing(name)):
            raise Refusal(f"rows of {table.name} refer to each other: some may only go together")
    _look(tree, schema, table)
    for each in tree.using_clause:
        plain_source(each, schema, table)
    tree = _prepared(tree, schema)
    proof = (
        tree.where_clause
        if tree.HasField("where_clause")
        else parse("SELECT WHERE true")[0].select_stmt.where_clause
    )
    return _Case(_work("DELETE", tree, tree.relation, alias, tree.using_clause, True, proof), table, False)


def _insert(tree: Any, schema: Schema) -> _Case:
    into = known_table(tree.relation, schema)
    _refuse_parts(into, schema, "INSERT")
    if not tree.HasField("select_stmt") or tree.HasField("with_clause") or tree.returning_clause.exprs:
        raise Refusal("it is no plain INSERT … SELECT")
    query = tree.select_stmt.select_stmt
    if len(query.from_clause) != 1 or query.from_clause[0].WhichOneof("node") != "range_var":
        raise Refusal("its rows do not come from one table")
    source = query.from_clause[0].range_var
    table = known_table(source, schema)
    if table.name in family(into.name, schema):
        raise Refusal(f"it reads {into.name} itself")
    plural = (query.distinct_clause, query.group_clause, query.sort_clause, query.values_lists)
    if any(plural) or query.HasField("having_clause") or calls_aggregate(query):
        raise Refusal(
            "its rows are not rows of the table it reads: they are grouped, distinct or in an order"
        )
    _refuse(looks_beyond(tree, schema, into.name))
    _refuse(looks_beyond(tree, schema, table.name))
    alias = source.alias.aliasname or source.relname
    keyed = conflicts_by_key(tree, query, schema, into, table, alias)
    tree = _prepared(tree, schema)
    query = tree.select_stmt.select_stmt
    work = Work(
        "INSERT", tree, query.from_clause[0].range_var, alias, (),
        query.where_clause if query.HasField("where_clause") else None, False, None,
    )  # fmt: skip
    return _Case(work, table, once=not keyed)


def _target(tree: Any, schema: Schema, event: str) -> tuple[Table, str]:
    table = known_table(tree.relation, schema)
    if tree.HasField("with_clause"):
        raise Refusal("it has a WITH clause")
    if tree.returning_clause.exprs:
        raise Refusal("it gives its rows back (RETURNING)")
    _refuse_parts(table, schema, event)
    if tree.HasField("where_clause"):
        narrowed, _ = narrowed_by(tree.where_clause)
        if any(key and frozenset(key) <= narrowed for key in unique_keys(table)):
            raise Refusal("it finds its rows by their key: it is brief as it is")
        if is_a_batch(tree.where_clause, primary_of(table)):
            raise Refusal("it is a batch already: its WHERE gives a range of keys")
    return table, tree.relation.alias.aliasname or tree.relation.relname


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise Refusal(reason)


def _refuse_parts(table: Table, schema: Schema, event: str) -> None:
    """Rules rewrite statements; triggers once a statement would see many; others fire for each row as they would."""
    for name in (table.name, *schema.children(table.name)):
        each = schema.known_or_stub(name)
        if any(kind == "rule" for kind, _ in each.parts):
            raise Refusal(f"{name} has a rule, which rewrites it")
        triggers = {part for kind, part in each.parts if kind == "trigger"}
        # A wire only notes that somebody wrote.
        unknown = sorted(name for name in triggers - each.row_triggers if not is_ours(name, "wire_"))
        if unknown:
            raise Refusal(f"trigger {unknown[0]} of {name} fires once a statement, not once a row")


def _look(tree: Any, schema: Schema, table: Table) -> None:
    _refuse(looks_beyond(tree, schema, table.name))
    others = {relation(node) for name, node in walk(tree) if name == "RangeVar"} - {relation(tree.relation)}
    if not others:
        return
    own = family(table.name, schema)
    if any(schema.known_or_stub(name).row_triggers for name in own):
        raise Refusal(
            f"it reads {', '.join(sorted(others))}, which a trigger of {table.name} may change meanwhile"
        )
    for name in own:
        for other, key in schema.referencing(name):
            if key.cascades and other.name in others:
                raise Refusal(f"it reads {other.name}, which changes along with {table.name} (ON … CASCADE)")


def _value(target: Any) -> Any | None:
    """The expression a column is set to; `None` when it comes out of a query for several columns."""
    if target.val.WhichOneof("node") != "multi_assign_ref":
        return target.val
    reference = target.val.multi_assign_ref
    if reference.source.WhichOneof("node") != "row_expr":
        return None
    return reference.source.row_expr.args[reference.colno - 1]


def _gives_value(value: Any, table: Table, name: str) -> bool:
    """Whether the column is certainly not NULL once it is set to this."""
    if value.WhichOneof("node") != "set_to_default":
        return never_null(value)
    column = _column(table, name)
    if column.default is None:
        return column.serial
    return never_null(parse(f"SELECT {column.default.sql}")[0].select_stmt.target_list[0].res_target.val)


def _with_generated(table: Table, sets: frozenset[str]) -> frozenset[str]:
    return sets | {each.name for each in table.columns if each.generated_from & sets}


def _refuse_keys(schema: Schema, table: Table, sets: frozenset[str], filled: frozenset[str]) -> None:
    for name in (table.name, *schema.children(table.name)):
        each = schema.known_or_stub(name)
        moving = sets & (frozenset(each.partition_key) | frozenset(primary_of(each)))
        if moving:
            raise Refusal(f"it changes {', '.join(sorted(moving))}, by which the rows are found")
        unique = sets & unique_columns(each) - filled
        if unique:
            raise Refusal(
                f"it changes {', '.join(sorted(unique))}, which must stay unique from batch to batch"
            )


def _prepared(tree: Any, schema: Schema) -> Any:
    """A copy with the moment frozen and every relation qualified, ready to be taken apart."""
    made = type(tree)()
    made.CopyFrom(tree)
    if not freeze_moment(made):
        raise Refusal("it rounds the moment of its start (CURRENT_TIMESTAMP(n))")
    for name, node in walk(made):
        if name == "RangeVar" and not node.schemaname:
            node.schemaname = "public"
            if not node.HasField("alias"):
                node.alias.aliasname = node.relname
    return made


def _work(
    what: str, tree: Any, spot: Any, alias: str, others: Sequence[Any], exact: bool, proof: Any | None
) -> Work:
    condition = tree.where_clause if tree.HasField("where_clause") else None
    return Work(what, tree, spot, alias, tuple(others), condition, exact, proof)


def _differing(tree: Any, table: Table, alias: str) -> Any:
    """The WHERE and: some column is not, byte for byte, what it is set to (`*<>`, expand-contract.md §3.3)."""

    targets = [each.res_target for each in tree.target_list]
    now = ", ".join(f"{identifier(alias)}.{identifier(each.name)}" for each in targets)
    marks = ", ".join(f"NULL::{type_sql(_column(table, each.name))}" for each in targets)
    node = parse(f"SELECT WHERE ROW({now})::record OPERATOR(pg_catalog.*<>) ROW({marks})::record")[
        0
    ].select_stmt.where_clause
    wanted = node.a_expr.rexpr.type_cast.arg.row_expr.args
    for mark, target in zip(wanted, targets, strict=True):
        mark.type_cast.arg.CopyFrom(_value(target))
    if not tree.HasField("where_clause"):
        return node
    both = pb.Node()
    both.bool_expr.boolop = pb.AND_EXPR
    both.bool_expr.args.add().CopyFrom(tree.where_clause)
    both.bool_expr.args.add().CopyFrom(node)
    return both


def _column(table: Table, name: str) -> Column:
    column = table.column(identifier(name))
    if column is None:
        raise Refusal(f"{table.name} has no column {identifier(name)}")
    return column


def _parts(case: _Case, schema: Schema, version: int) -> Iterator[Any]:
    """One table after the other: partitions and heirs are walked by themselves."""
    names = (case.table.name, *(schema.children(case.table.name) if case.work.relation.inh else ()))
    for name in names:
        leaf = schema.known_or_stub(name)
        if leaf.kind != "table":
            continue
        if not leaf.known or not leaf.columns:
            raise Refusal(f"nothing is known about {name}")
        key = walking_key(leaf)
        if case.once:
            _refuse_moving(leaf, key)
        if not key:
            _refuse_pages(case, leaf, version)
        yield part_of(case.work, *_names(name), key)


def _refuse_moving(table: Table, key: Sequence[KeyColumn]) -> None:
    """What may not be done twice needs keys that never change and only grow: those a sequence gives."""
    first = table.column(key[0].name) if key else None
    if (
        len(key) != 1
        or first is None
        or not (first.identity or first.serial)
        or tuple(primary_of(table)) != (first.name,)
        or first.type.name not in _SEQUENCED
    ):
        raise Refusal(
            f"a row done twice would be wrong, and only keys from a sequence tell for certain what is done;"
            f" {table.name} has no identity or serial primary key"
        )


def _refuse_pages(case: _Case, table: Table, version: int) -> None:
    if case.work.what == "INSERT" or case.work.proof is None:
        raise Refusal(f"{table.name} has no key by which its rows could be found again")
    if version < _TID_RANGES:
        raise Refusal(f"{table.name} has no key, and PostgreSQL {version} cannot read a range of pages")


def _names(name: str) -> tuple[str, str]:
    spot = parse(f"SELECT FROM {name}")[0].select_stmt.from_clause[0].range_var
    return spot.schemaname or "public", spot.relname
