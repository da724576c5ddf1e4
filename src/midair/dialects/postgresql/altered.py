"""What makes one table's definition the other's: columns added, dropped and altered, checks added and dropped."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from midair.dialects.postgresql.named import relation_name
from midair.dialects.postgresql.parse import deparse, parse, parsed
from midair.model.statement import quoted


def altered(reference: Any, target: Any) -> tuple[list[str], bool]:
    """ALTER TABLE statements, and whether the two differ in anything else."""
    table = relation_name(target.create_stmt.relation)
    ours = {_part(each): each for each in target.create_stmt.table_elts}
    wanted = {_part(each): each for each in reference.create_stmt.table_elts}
    made = [_drop(table, each) for name, each in ours.items() if name not in wanted]
    differs = _apart(reference, target)
    for name, each in wanted.items():
        if name not in ours:
            made.append(_added(reference.create_stmt.relation, each))
        elif not same(each, ours[name]):
            changes, whole = _changed(reference.create_stmt.relation, each, ours[name])
            made += changes
            differs = differs or not whole
    return made, differs


def _part(element: Any) -> str:
    kind = element.WhichOneof("node")
    return element.column_def.colname if kind == "column_def" else f"{kind} {element.constraint.conname}"


def _apart(reference: Any, target: Any) -> bool:
    """Partitioning, inheritance, storage: what stands outside the parentheses."""
    bare: list[Any] = []
    for each in (reference, target):
        copy = type(each)()
        copy.CopyFrom(each)
        copy.create_stmt.ClearField("table_elts")
        bare.append(copy)
    return not same(bare[0], bare[1])


def _drop(table: str, element: Any) -> str:
    if element.WhichOneof("node") == "column_def":
        return f"ALTER TABLE {table} DROP COLUMN {quoted(element.column_def.colname)}"
    return f"ALTER TABLE {table} DROP CONSTRAINT {quoted(element.constraint.conname)}"


def _added(relation: Any, element: Any) -> str:
    if element.WhichOneof("node") == "column_def":
        return _alter(
            "ALTER TABLE x ADD COLUMN y int", relation, lambda command: _set(command, element, "column_def")
        )
    return _alter(
        "ALTER TABLE x ADD CONSTRAINT y CHECK (true)",
        relation,
        lambda command: _set(command, element, "constraint"),
    )


def _set(command: Any, element: Any, kind: str) -> None:
    getattr(command.__getattribute__("def"), kind).CopyFrom(getattr(element, kind))


def _changed(relation: Any, wanted: Any, ours: Any) -> tuple[list[str], bool]:
    """What alters a column, and whether that is all of the difference; a check is dropped and made again."""
    if wanted.WhichOneof("node") != "column_def":
        return [_drop(relation_name(relation), ours), _added(relation, wanted)], True
    new, old = _constraints(wanted.column_def), _constraints(ours.column_def)
    name = wanted.column_def.colname
    return list(_steps(relation, name, wanted.column_def, ours.column_def)), all(
        _same_or_absent(new.get(kind), old.get(kind)) for kind in (new.keys() | old.keys()) - set(_kinds())
    ) and same(_plain(wanted), _plain(ours))


def _steps(relation: Any, name: str, wanted: Any, ours: Any) -> Iterator[str]:
    """NOT NULL goes first and comes last; a default goes while the type changes, for it may not fit the new one."""
    table, column = relation_name(relation), quoted(name)
    new, old = _constraints(wanted), _constraints(ours)
    default, not_null = _kinds()
    retyped = not same(wanted.type_name, ours.type_name)
    redone = not _same_or_absent(new.get(default), old.get(default)) or retyped
    if not_null in old and not_null not in new:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
    if default in old and redone:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"
    if retyped:
        yield _alter(
            "ALTER TABLE x ALTER COLUMN y TYPE int USING y::int",
            relation,
            lambda command: _retype(command, name, wanted.type_name),
        )
    if default in new and redone:
        yield _alter(
            "ALTER TABLE x ALTER COLUMN y SET DEFAULT 1",
            relation,
            lambda command: _default(command, name, new[default].raw_expr),
        )
    if not_null in new and not_null not in old:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"


def _retype(command: Any, name: str, type_name: Any) -> None:
    command.name = name
    definition = command.__getattribute__("def").column_def
    definition.type_name.CopyFrom(type_name)
    cast = definition.raw_default.type_cast
    cast.type_name.CopyFrom(type_name)
    cast.arg.column_ref.fields[0].string.sval = name


def _default(command: Any, name: str, expression: Any) -> None:
    command.name = name
    command.__getattribute__("def").CopyFrom(expression)


def _alter(shape: str, relation: Any, change: Callable[[Any], None]) -> str:
    tree = parsed(shape)
    statement: Any = tree.stmts[0].stmt.alter_table_stmt
    statement.relation.CopyFrom(relation)
    change(statement.cmds[0].alter_table_cmd)
    return deparse(tree)


def _constraints(column: Any) -> dict[int, Any]:
    return {each.constraint.contype: each.constraint for each in column.constraints}


@cache
def _kinds() -> tuple[int, int]:
    """The grammar's own numbers for DEFAULT and NOT NULL: what ALTER COLUMN can set and drop."""
    shape: Any = parse("CREATE TABLE x (y int DEFAULT 1 NOT NULL)")[0]
    default, not_null = shape.create_stmt.table_elts[0].column_def.constraints
    return default.constraint.contype, not_null.constraint.contype


def _plain(element: Any) -> Any:
    """A column without what ALTER COLUMN sets."""
    copy = type(element)()
    copy.CopyFrom(element)
    copy.column_def.ClearField("constraints")
    copy.column_def.ClearField("type_name")
    return copy


def _same_or_absent(one: Any, other: Any) -> bool:
    return (one is None) == (other is None) and (one is None or same(one, other))


def same(one: Any, other: Any) -> bool:
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
