"""The user's own UPDATE, DELETE or INSERT … SELECT in batches, where that does the very same; else why not.

Three things are proved on the syntax tree and the schema: the statement is row-local (`row_local`);
its rows can be walked so that each gets its turn (a key, or a condition that finds what is left); and a
row whose turn came twice would be the same, or cannot get two (`once`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.batch_sql import Work, part_of
from midair.dialects.postgresql.changes.expressions import column_of, conjuncts, narrowed_by
from midair.dialects.postgresql.changes.names import identifier, relation
from midair.dialects.postgresql.parse import parse, statement_of, walk
from midair.dialects.postgresql.row_local import (
    calls_aggregate,
    family,
    found_table,
    freeze_moment,
    is_volatile,
    looks_beyond,
    never_null,
    null_tests,
    reads_columns,
)
from midair.model.backfill import Backfill, KeyColumn
from midair.model.change import Column, ConstraintKind, DataType
from midair.model.frozen import frozen
from midair.model.schema import Schema, Table
from midair.model.statement import Statement

_TID_RANGES = 14
"""The version from which a range of pages is read without reading the rest (release notes, 14)."""
_NO_KEYS = frozenset(["float4", "float8", "money", "bit", "interval"])
"""Types whose text depends on the session, or loses something: no place to go on from."""
_SEQUENCED = frozenset(["int2", "int4", "int8"])


class _Refusal(Exception):
    """Why the statement runs as written, in words for people."""


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
    except _Refusal as refusal:
        return str(refusal)
    return Backfill(case.work.what, case.table.name, statement, parts, once=case.once)


def _update(tree: Any, schema: Schema) -> _Case:
    table, alias = _target(tree, schema, "UPDATE")
    targets = [each.res_target for each in tree.target_list]
    sets = frozenset(identifier(each.name) for each in targets)
    if any(each.indirection for each in targets):
        raise _Refusal("it changes a part of a column's value")
    values = [_value(each) for each in targets]
    itself = _with_generated(table, sets)
    reads_itself = any(reads_columns(each.val, itself, alias, tree.relation.relname) for each in targets)
    filled = null_tests(tree.where_clause if tree.HasField("where_clause") else None)
    _refuse_keys(schema, table, sets, filled)
    _look(tree, schema, table)
    _join_once(tree, schema, table, alias)
    volatile = any(is_volatile(each.val) for each in targets)
    fills = any(
        identifier(each.name) in filled and value is not None and _gives_value(value, table, each.name)
        for each, value in zip(targets, values, strict=True)
    )
    if not fills and any(each.val.WhichOneof("node") == "set_to_default" for each in targets):
        raise _Refusal(
            "it sets a column to its default, and no WHERE says that it is NULL before and never after"
        )
    tree = _prepared(tree, schema)
    proof = None
    if fills:
        proof = tree.where_clause
    elif not reads_itself and not volatile and None not in values:
        proof = _differing(tree, table, alias)
    once = not fills and (reads_itself or volatile or None in values)
    exact = bool(sets & _unique_columns(table))
    return _Case(_work("UPDATE", tree, tree.relation, alias, tree.from_clause, exact, proof), table, once)


def _delete(tree: Any, schema: Schema) -> _Case:
    table, alias = _target(tree, schema, "DELETE")
    own = family(table.name, schema)
    for name in own:
        if any(other.name in own for other, _ in schema.referencing(name)):
            raise _Refusal(f"rows of {table.name} refer to each other: some may only go together")
    _look(tree, schema, table)
    for each in tree.using_clause:
        _plain(each, schema, table)
    tree = _prepared(tree, schema)
    proof = (
        tree.where_clause
        if tree.HasField("where_clause")
        else parse("SELECT WHERE true")[0].select_stmt.where_clause
    )
    return _Case(_work("DELETE", tree, tree.relation, alias, tree.using_clause, True, proof), table, False)


def _insert(tree: Any, schema: Schema) -> _Case:
    into = _known(tree.relation, schema)
    _refuse_parts(into, schema, "INSERT")
    if not tree.HasField("select_stmt") or tree.HasField("with_clause") or tree.returning_clause.exprs:
        raise _Refusal("it is no plain INSERT … SELECT")
    query = tree.select_stmt.select_stmt
    if len(query.from_clause) != 1 or query.from_clause[0].WhichOneof("node") != "range_var":
        raise _Refusal("its rows do not come from one table")
    source = query.from_clause[0].range_var
    table = _known(source, schema)
    if table.name in family(into.name, schema):
        raise _Refusal(f"it reads {into.name} itself")
    plural = (query.distinct_clause, query.group_clause, query.sort_clause, query.values_lists)
    if any(plural) or query.HasField("having_clause") or calls_aggregate(query):
        raise _Refusal(
            "its rows are not rows of the table it reads: they are grouped, distinct or in an order"
        )
    _refuse(looks_beyond(tree, schema, into.name))
    _refuse(looks_beyond(tree, schema, table.name))
    alias = source.alias.aliasname or source.relname
    keyed = _conflict_by_key(tree, query, schema, into, table, alias)
    tree = _prepared(tree, schema)
    query = tree.select_stmt.select_stmt
    work = Work(
        "INSERT", tree, query.from_clause[0].range_var, alias, (),
        query.where_clause if query.HasField("where_clause") else None, False, None,
    )  # fmt: skip
    return _Case(work, table, once=not keyed)


def _target(tree: Any, schema: Schema, event: str) -> tuple[Table, str]:
    table = _known(tree.relation, schema)
    if tree.HasField("with_clause"):
        raise _Refusal("it has a WITH clause")
    if tree.returning_clause.exprs:
        raise _Refusal("it gives its rows back (RETURNING)")
    _refuse_parts(table, schema, event)
    if tree.HasField("where_clause"):
        narrowed, _ = narrowed_by(tree.where_clause)
        if any(key and frozenset(key) <= narrowed for key in _unique_keys(table)):
            raise _Refusal("it finds its rows by their key: it is brief as it is")
        if _is_a_batch(tree.where_clause, _primary(table)):
            raise _Refusal("it is a batch already: its WHERE gives a range of keys")
    return table, tree.relation.alias.aliasname or tree.relation.relname


def _known(range_var: Any, schema: Schema) -> Table:
    table = found_table(range_var, schema)
    if isinstance(table, str):
        raise _Refusal(table)
    return table


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise _Refusal(reason)


def _refuse_parts(table: Table, schema: Schema, event: str) -> None:
    """Rules rewrite statements; triggers once a statement would see many; others fire for each row as they would."""
    for name in (table.name, *schema.children(table.name)):
        each = schema.known_or_stub(name)
        if any(kind == "rule" for kind, _ in each.parts):
            raise _Refusal(f"{name} has a rule, which rewrites it")
        triggers = {part for kind, part in each.parts if kind == "trigger"}
        unknown = sorted(triggers - each.row_triggers)
        if unknown:
            raise _Refusal(f"trigger {unknown[0]} of {name} fires once a statement, not once a row")


def _look(tree: Any, schema: Schema, table: Table) -> None:
    _refuse(looks_beyond(tree, schema, table.name))
    others = {relation(node) for name, node in walk(tree) if name == "RangeVar"} - {relation(tree.relation)}
    if not others:
        return
    own = family(table.name, schema)
    if any(schema.known_or_stub(name).row_triggers for name in own):
        raise _Refusal(
            f"it reads {', '.join(sorted(others))}, which a trigger of {table.name} may change meanwhile"
        )
    for name in own:
        for other, key in schema.referencing(name):
            if key.cascades and other.name in others:
                raise _Refusal(f"it reads {other.name}, which changes along with {table.name} (ON … CASCADE)")


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
    node = parse(f"SELECT {column.default.sql}")[0].select_stmt.target_list[0].res_target.val
    call = node.func_call.funcname[-1].string.sval if node.WhichOneof("node") == "func_call" else ""
    return never_null(node) or call == "nextval"


def _with_generated(table: Table, sets: frozenset[str]) -> frozenset[str]:
    return sets | {each.name for each in table.columns if each.generated_from & sets}


def _unique_keys(table: Table) -> Iterator[tuple[str, ...]]:
    """The columns of every valid unique index and of the primary key, as far as they are plain columns."""
    for each in table.constraints:
        if each.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE):
            yield each.columns
    for index in table.indexes:
        if index.unique and index.valid and not index.partial and not index.expressions:
            yield index.columns


def _unique_columns(table: Table) -> frozenset[str]:
    keys = {column for key in _unique_keys(table) for column in key}
    indexed = {column for index in table.indexes if index.unique for column in index.mentions}
    excluded = {
        column for each in table.constraints if each.kind is ConstraintKind.EXCLUDE for column in each.columns
    }
    return frozenset(keys | indexed | excluded)


def _refuse_keys(schema: Schema, table: Table, sets: frozenset[str], filled: frozenset[str]) -> None:
    for name in (table.name, *schema.children(table.name)):
        each = schema.known_or_stub(name)
        moving = sets & (frozenset(each.partition_key) | frozenset(_primary(each)))
        if moving:
            raise _Refusal(f"it changes {', '.join(sorted(moving))}, by which the rows are found")
        unique = sets & _unique_columns(each) - filled
        if unique:
            raise _Refusal(
                f"it changes {', '.join(sorted(unique))}, which must stay unique from batch to batch"
            )


def _join_once(tree: Any, schema: Schema, table: Table, alias: str) -> None:
    """UPDATE … FROM takes any of several matches; only a join by a unique key leaves no choice."""
    if not tree.from_clause:
        return
    if len(tree.from_clause) > 1:
        raise _Refusal("it joins several tables")
    other = _plain(tree.from_clause[0], schema, table)
    range_var = tree.from_clause[0].range_var
    name = range_var.alias.aliasname or range_var.relname
    mine, theirs = {each.name for each in table.columns}, {each.name for each in other.columns}
    matched: set[str] = set()
    for each in conjuncts(tree.where_clause) if tree.HasField("where_clause") else ():
        if each.WhichOneof("node") != "a_expr" or [part.string.sval for part in each.a_expr.name] != ["="]:
            continue
        sides = (each.a_expr.lexpr, each.a_expr.rexpr)
        for side, against in (sides, sides[::-1]):
            column = column_of(side)
            owner = _owner(side.column_ref, mine, theirs, alias, name) if column else None
            if column and owner == name and _owners(against, mine, theirs, alias, name) <= {alias}:
                matched.add(column)
    if not any(frozenset(key) <= matched for key in _unique_keys(other)):
        raise _Refusal(f"a row may match several of {other.name}, and any of them may win")


def _owner(column: Any, mine: set[str], theirs: set[str], alias: str, name: str) -> str | None:
    """Which of the two tables a column is of; `None` when that is not certain."""
    parts = [each.string.sval for each in column.fields]
    if len(parts) > 1:
        return parts[-2] if parts[-2] in (alias, name) else None
    spelled = identifier(parts[-1])
    if (spelled in mine) == (spelled in theirs):
        return None
    return alias if spelled in mine else name


def _owners(node: Any, mine: set[str], theirs: set[str], alias: str, name: str) -> set[str | None]:
    return {
        _owner(part, mine, theirs, alias, name) for kind, part in walk(node) if kind in ("ColumnRef", "SubLink")
    } if not any(kind == "SubLink" for kind, _ in walk(node)) else {None}  # fmt: skip


def _plain(item: Any, schema: Schema, table: Table) -> Table:
    if item.WhichOneof("node") != "range_var":
        raise _Refusal("it joins something other than plain tables")
    other = _known(item.range_var, schema)
    if other.name in family(table.name, schema):
        raise _Refusal(f"it joins {table.name} with itself")
    return other


def _is_a_batch(condition: Any, key: Sequence[str]) -> bool:
    """The WHERE bounds a key column by constants from both sides."""

    seen: set[str] = set()
    for each in conjuncts(condition):
        if each.WhichOneof("node") != "a_expr" or column_of(each.a_expr.lexpr) not in key:
            continue
        if each.a_expr.kind == pb.AEXPR_BETWEEN:
            return True
        seen |= {each.a_expr.name[-1].string.sval[0]} if each.a_expr.name else set()
    return {"<", ">"} <= seen


def _conflict_by_key(tree: Any, query: Any, schema: Schema, into: Table, table: Table, alias: str) -> bool:
    """Whether ON CONFLICT meets each row of the source by a key of it, so that a second turn changes nothing.

    Raises:
        _Refusal: rows of the statement may conflict with each other; which one wins depends on the order.
    """

    if not tree.HasField("on_conflict_clause"):
        return False
    clause = tree.on_conflict_clause
    names = [identifier(each.res_target.name) for each in tree.cols] or [each.name for each in into.columns]
    outputs = dict(zip(names, (each.res_target.val for each in query.target_list), strict=False))
    plainly = {name: column_of(value) for name, value in outputs.items()}
    keys = [
        tuple(identifier(each.index_elem.name) for each in clause.infer.index_elems)
    ] if clause.HasField("infer") else [*_unique_keys(into)]  # fmt: skip
    for name in schema.children(into.name):
        keys += [] if clause.HasField("infer") else _unique_keys(schema.known_or_stub(name))
    sources = [frozenset(key) for key in _unique_keys(table) if key]
    for key in keys:
        given = {plainly.get(column) for column in key}
        if not any(source <= given for source in sources):
            raise _Refusal(
                "rows of its own may conflict with each other: which one wins depends on the order of reading"
            )
    return clause.action == pb.ONCONFLICT_NOTHING and bool(keys)


def _prepared(tree: Any, schema: Schema) -> Any:
    """A copy with the moment frozen and every relation qualified, ready to be taken apart."""
    made = type(tree)()
    made.CopyFrom(tree)
    if not freeze_moment(made):
        raise _Refusal("it rounds the moment of its start (CURRENT_TIMESTAMP(n))")
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
    marks = ", ".join(f"NULL::{_type_sql(_column(table, each.name))}" for each in targets)
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
        raise _Refusal(f"{table.name} has no column {identifier(name)}")
    return column


def _type_sql(column: Column) -> str:
    kind = column.type
    return str(kind) if kind.modifiers or kind.name not in ("bpchar", "bit", "char") else _bare(kind)


def _bare(kind: DataType) -> str:
    """The type without its modifiers, by the server's own name."""
    name = '"char"' if kind.name == "char" else "pg_catalog.bpchar" if kind.name == "bpchar" else kind.name
    return name + "[]" * kind.dimensions


def _parts(case: _Case, schema: Schema, version: int) -> Iterator[Any]:
    """One table after the other: partitions and heirs are walked by themselves."""
    names = (case.table.name, *(schema.children(case.table.name) if case.work.relation.inh else ()))
    for name in names:
        leaf = schema.known_or_stub(name)
        if leaf.kind != "table":
            continue
        if not leaf.known or not leaf.columns:
            raise _Refusal(f"nothing is known about {name}")
        key = _key(leaf)
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
        or tuple(_primary(table)) != (first.name,)
        or first.type.name not in _SEQUENCED
    ):
        raise _Refusal(
            f"a row done twice would be wrong, and only keys from a sequence tell for certain what is done;"
            f" {table.name} has no identity or serial primary key"
        )


def _refuse_pages(case: _Case, table: Table, version: int) -> None:
    if case.work.what == "INSERT" or case.work.proof is None:
        raise _Refusal(f"{table.name} has no key by which its rows could be found again")
    if version < _TID_RANGES:
        raise _Refusal(f"{table.name} has no key, and PostgreSQL {version} cannot read a range of pages")


def _primary(table: Table) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key else ()


def _key(table: Table) -> tuple[KeyColumn, ...]:
    """The primary key, else the shortest unique index without NULLs; empty where neither can be walked."""
    primary = _primary(table)
    walkable = [primary] if primary else []
    walkable += sorted(
        (
            index.columns
            for index in table.indexes
            if index.unique and index.valid and index.plain and not index.partial and index.method == "btree"
        ),
        key=len,
    )
    for names in walkable:
        columns = [table.column(each) for each in names]
        kinds = [
            KeyColumn(each.name, _bare(each.type))
            for each in columns
            if each is not None and (names == primary or each.not_null)
            if each.type.name not in _NO_KEYS
        ]
        if names and len(kinds) == len(names):
            return tuple(kinds)
    return ()


def _names(name: str) -> tuple[str, str]:
    spot = parse(f"SELECT FROM {name}")[0].select_stmt.from_clause[0].range_var
    return spot.schemaname or "public", spot.relname
