"""Compares two schema dumps: missing objects as they are defined, missing columns of a table as ADD COLUMN."""

from collections.abc import Iterator, Sequence
from typing import Any

from midair.dialects.missing import Missing, only_here
from midair.dialects.postgresql.parse import deparse, parse, parsed
from midair.model.statement import Statement

_SESSION = frozenset({"variable_set_stmt", "select_stmt"})
"""What a dump sets for itself."""


def missing(reference: Sequence[Statement], target: Sequence[Statement]) -> Missing:
    """What makes up for what the target lacks; the dumps' own session settings are left away."""
    wanted = [(each, _tree(each)) for each in reference]
    there = [(each, _tree(each)) for each in target]
    tables = {name: each for each, tree in there if (name := _table(tree)) is not None}
    texts = {each.sql for each, _ in there}
    made: list[Statement] = []
    left_out: list[str] = []
    for statement, tree in wanted:
        if statement.sql in texts or _is_setting(tree):
            continue
        name = _table(tree)
        if name is None or name not in tables:
            made.append(statement)
            continue
        columns, differs = _grown(tree, _tree(tables[name]), statement)
        made += columns
        if differs:
            left_out.append(f"table {name} differs in more than new columns: write that by hand")
    named = {name for _, tree in wanted if (name := _table(tree)) is not None}
    known = {each.sql for each, _ in wanted}
    gone = (
        each
        for each, tree in there
        if each.sql not in known and _table(tree) not in named and not _is_setting(tree)
    )
    return Missing(tuple(made), (*left_out, *only_here(gone)))


def _tree(statement: Statement) -> Any:
    return parse(statement.sql)[0]


def _is_setting(tree: Any) -> bool:
    kind = tree.WhichOneof("node")
    return kind in _SESSION or (
        kind == "create_schema_stmt" and tree.create_schema_stmt.schemaname == "public"
    )


def _table(tree: Any) -> str | None:
    if tree.WhichOneof("node") != "create_stmt":
        return None
    relation = tree.create_stmt.relation
    return f"{relation.schemaname}.{relation.relname}"


def _grown(reference: Any, target: Any, statement: Statement) -> tuple[list[Statement], bool]:
    """ADD COLUMN for each column the target's table has not, and whether the two differ in anything else."""
    ours = {_part(each): each for each in target.create_stmt.table_elts}
    wanted = {_part(each): each for each in reference.create_stmt.table_elts}
    added = [
        Statement(_add_column(reference.create_stmt.relation, each.column_def), statement.span)
        for name, each in wanted.items()
        if name not in ours and each.WhichOneof("node") == "column_def"
    ]
    shared = all(_same(wanted[name], ours[name]) for name in wanted.keys() & ours.keys())
    more = any(wanted[name].WhichOneof("node") != "column_def" for name in wanted.keys() - ours.keys())
    return added, not shared or more or bool(ours.keys() - wanted.keys())


def _part(element: Any) -> str:
    kind = element.WhichOneof("node")
    return element.column_def.colname if kind == "column_def" else f"{kind} {element.constraint.conname}"


def _same(one: Any, other: Any) -> bool:
    """Alike but for where in its text each stands."""
    return _without_places(one) == _without_places(other)


def _without_places(node: Any) -> Any:
    copy = type(node)()
    copy.CopyFrom(node)
    for inner in _messages(copy):
        if "location" in inner.DESCRIPTOR.fields_by_name:
            inner.ClearField("location")
    return copy


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for each in value if field.is_repeated else (value,):
            yield from _messages(each)


def _add_column(relation: Any, column: Any) -> str:
    shape = parsed("ALTER TABLE x ADD COLUMN y int")
    alter: Any = shape.stmts[0].stmt.alter_table_stmt
    alter.relation.CopyFrom(relation)
    alter.cmds[0].alter_table_cmd.__getattribute__("def").column_def.CopyFrom(column)
    return deparse(shape)
