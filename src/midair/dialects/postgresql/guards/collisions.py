"""Which of the errors that a handler names a change would meet, decided by the names on a schema.

Source: what PostgreSQL 15 and 18 raised for each (errcodes-appendix, class 42 and 22); tests/dialects/test_guards.py asks them again.
"""

from collections.abc import Callable, Iterator
from typing import Any

from midair.dialects.postgresql.guards.values import is_system_column, plain
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    Change,
    ChangePart,
    Constraint,
    ConstraintKind,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateTrigger,
    CreateType,
    CreateView,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    RenameColumn,
    RenameConstraint,
    RenameEnumValue,
    RenameTable,
    Update,
)
from midair.model.frozen import frozen
from midair.model.schema import Schema, Table, beside

_DUPLICATES = frozenset(["duplicate_object", "duplicate_table", "duplicate_column"])
_CODES = {
    "42710": "duplicate_object", "42P07": "duplicate_table", "42701": "duplicate_column", "42P01": "undefined_table",
    "42703": "undefined_column", "42704": "undefined_object", "22023": "invalid_parameter_value", "42P16": "invalid_table_definition",
}  # fmt: skip


@frozen
class Collision:
    """An error's name, and whether it is raised: `None` where nobody can tell."""

    condition: str
    raised: bool | None


@frozen
class Unsure:
    """Nobody can tell which errors it meets."""


def raised_by(change: Change, schema: Schema, caught: frozenset[str]) -> str | Unsure | None:
    """The name of the error that the change meets here, caught or not; `None` where it meets none that is caught or looked for.

    Only conditions that names decide are: with any other among `caught` nobody can tell.
    """
    wanted = frozenset(_CODES.get(each, each) for each in caught)
    decided, conditions = _KINDS.get(type(change), (frozenset[str](), _nothing))
    if not schema.complete or not wanted <= decided:
        return Unsure()
    met = list(conditions(change, schema))
    for each in met:
        if each.raised and each.condition not in wanted:
            return each.condition
    if any(each.raised is None for each in met):
        return Unsure()
    return next((each.condition for each in met if each.raised), None)


def is_caught(condition: str, caught: frozenset[str]) -> bool:
    """A handler for these conditions takes this one."""
    return condition in {_CODES.get(each, each) for each in caught}


def _nothing(change: Any, schema: Schema) -> Iterator[Collision]:
    yield from ()


def _relation(name: str, schema: Schema) -> Iterator[Collision]:
    """A new relation's name, which is a type's name too."""
    made = schema.types.get(name)
    there = bool(schema.exists(name)) or (made is not None and made.kind == "composite")
    yield Collision("duplicate_table", there)
    yield Collision("duplicate_object", not there and _is_type(name, schema))


def _is_type(name: str, schema: Schema) -> bool | None:
    if name in schema.types:
        return True
    return None if plain(name) in schema.unlisted else False


def _create_table(change: CreateTable, schema: Schema) -> Iterator[Collision]:
    if change.like or change.inherits or change.of_type or change.partition_of or change.reads is not None:
        yield Collision("duplicate_object", None)
    if change.if_not_exists and schema.exists(change.table):
        return
    yield from _relation(change.table, schema)
    for each in change.constraints:
        yield from _index(change.table, each, schema)


def _index(table: str, constraint: Constraint, schema: Schema) -> Iterator[Collision]:
    """The index behind a key, where its author named it: another name is chosen by the server, and is free."""
    kinds = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY, ConstraintKind.EXCLUDE)
    if constraint.named and constraint.kind in kinds and constraint.using_index is None:
        yield Collision("duplicate_table", bool(schema.exists(beside(table, constraint.name))))


def _create_type(change: CreateType, schema: Schema) -> Iterator[Collision]:
    there = change.name in schema.tables or _is_type(change.name, schema)
    yield Collision("duplicate_object", there)
    if change.kind == "composite" and not there:
        yield Collision("duplicate_table", bool(schema.exists(change.name)))


def _create_sequence(change: CreateSequence, schema: Schema) -> Iterator[Collision]:
    if not change.if_not_exists or not schema.exists(change.name):
        yield from _relation(change.name, schema)


def _create_view(change: CreateView, schema: Schema) -> Iterator[Collision]:
    if change.replace:
        yield Collision("duplicate_table", None)
    if not change.if_not_exists or not schema.exists(change.view):
        yield from _relation(change.view, schema)


def _create_index(change: CreateIndex, schema: Schema) -> Iterator[Collision]:
    if change.named and not change.if_not_exists:
        yield Collision("duplicate_table", bool(schema.exists(change.index.name)))


def _table(name: str, schema: Schema) -> Table | None:
    """A table of which all is known, and that has no heirs: what is true of it is true of the statement."""
    table = schema.tables.get(name)
    if table is None or not table.known or schema.children(name):
        return None
    return table if table.kind in ("table", "partitioned") else None


def _add_column(change: AddColumn, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    if table is None:
        yield Collision("duplicate_column", None)
        return
    there = table.column(change.column.name) is not None
    if there and change.if_not_exists:
        return
    yield Collision("duplicate_column", there or is_system_column(plain(change.column.name)))
    for each in change.constraints:
        yield from _constraint(table, each, schema)


def _add_constraint(change: AddConstraint, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    if table is None:
        yield Collision("duplicate_object", None)
        return
    yield from _constraint(table, change.constraint, schema)


def _constraint(table: Table, constraint: Constraint, schema: Schema) -> Iterator[Collision]:
    if constraint.kind is ConstraintKind.PRIMARY_KEY and table.primary_key is not None:
        yield Collision("invalid_table_definition", True)
        return
    index = list(_index(table.name, constraint, schema))
    yield from index  # its name is looked at first: a key that is there already is met as a relation
    if constraint.named and not any(each.raised for each in index):
        yield Collision("duplicate_object", _has_constraint(table, constraint.name, schema))


def _has_constraint(table: Table, name: str, schema: Schema) -> bool | None:
    if table.constraint(name) is not None:
        return True
    text = plain(name)
    return None if text in schema.unlisted or "_not_null" in text else False


def _part(kind: str, table: str, name: str, schema: Schema) -> Iterator[Collision]:
    known = schema.tables.get(table)
    yield Collision("duplicate_object", None if known is None else (kind, name) in known.parts)


def _create_trigger(change: CreateTrigger, schema: Schema) -> Iterator[Collision]:
    if not change.replace:
        yield from _part("trigger", change.table, change.name, schema)


def _change_part(change: ChangePart, schema: Schema) -> Iterator[Collision]:
    if change.verb == "create" and change.kind in ("policy", "rule"):
        yield from _part(change.kind, change.table, change.name, schema)
    else:
        yield Collision("duplicate_object", None)


def _add_enum_value(change: AddEnumValue, schema: Schema) -> Iterator[Collision]:
    known = schema.types.get(change.name)
    if not change.if_not_exists:
        yield Collision("duplicate_object", None if known is None else change.label in known.labels)


def _rename_enum_value(change: RenameEnumValue, schema: Schema) -> Iterator[Collision]:
    known = schema.types.get(change.name)
    if known is None:
        yield Collision("invalid_parameter_value", None)
        return
    there = change.label in known.labels
    yield Collision("invalid_parameter_value", not there)
    yield Collision("duplicate_object", there and change.new_label in known.labels)


def _rename_column(change: RenameColumn, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    if table is None:
        yield Collision("undefined_column", None)
        return
    there = table.column(change.column) is not None
    yield Collision("undefined_column", not there)
    yield Collision("duplicate_column", there and table.column(change.new_name) is not None)


def _rename_table(change: RenameTable, schema: Schema) -> Iterator[Collision]:
    if change.kind != "table" or change.table not in schema.tables:
        yield Collision("undefined_table", None)  # whether it says IF EXISTS is not known here
        return
    yield from _relation(beside(change.table, change.new_name), schema)


def _rename_constraint(change: RenameConstraint, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    missing = None if table is None else _not(_has_constraint(table, change.name, schema))
    yield Collision("undefined_object", missing)
    if table is not None and not missing:
        yield Collision("duplicate_object", _has_constraint(table, change.new_name, schema))


def _drop_column(change: DropColumn, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    if not change.if_exists:
        yield Collision("undefined_column", None if table is None else table.column(change.column) is None)


def _drop_constraint(change: DropConstraint, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    if not change.if_exists:
        there = None if table is None else _has_constraint(table, change.name, schema)
        yield Collision("undefined_object", _not(there))


def _not(said: bool | None) -> bool | None:
    return None if said is None else not said


def _drop_table(change: DropTable, schema: Schema) -> Iterator[Collision]:
    if not change.if_exists:
        yield Collision("undefined_table", change.table not in schema.tables)


def _drop_index(change: DropIndex, schema: Schema) -> Iterator[Collision]:
    if not change.if_exists:
        yield Collision("undefined_object", change.index not in schema.index_tables)


def _update(change: Update, schema: Schema) -> Iterator[Collision]:
    table = _table(change.table, schema)
    plainly = table is not None and not table.parts and not change.reads and not schema.functions
    if table is None or not plainly:
        yield Collision("undefined_column", None)  # a trigger or a function may meet it too
        return
    said = (*change.sets, *change.mentions)
    yield Collision("undefined_column", any(table.column(each) is None for each in said))


_KINDS: dict[type, tuple[frozenset[str], Callable[[Any, Schema], Iterator[Collision]]]] = {
    CreateTable: (_DUPLICATES, _create_table),
    CreateType: (_DUPLICATES, _create_type),
    CreateSequence: (_DUPLICATES, _create_sequence),
    CreateView: (_DUPLICATES, _create_view),
    CreateIndex: (_DUPLICATES, _create_index),
    AddColumn: (_DUPLICATES, _add_column),
    AddConstraint: (_DUPLICATES | {"invalid_table_definition"}, _add_constraint),
    CreateTrigger: (_DUPLICATES, _create_trigger),
    ChangePart: (_DUPLICATES, _change_part),
    AddEnumValue: (_DUPLICATES, _add_enum_value),
    RenameEnumValue: (_DUPLICATES | {"invalid_parameter_value"}, _rename_enum_value),
    RenameColumn: (_DUPLICATES | {"undefined_column"}, _rename_column),
    RenameTable: (_DUPLICATES, _rename_table),
    RenameConstraint: (_DUPLICATES | {"undefined_object"}, _rename_constraint),
    DropColumn: (frozenset(["undefined_column"]), _drop_column),
    DropConstraint: (frozenset(["undefined_object"]), _drop_constraint),
    DropTable: (frozenset(["undefined_table"]), _drop_table),
    DropIndex: (frozenset(["undefined_object"]), _drop_index),
    Update: (frozenset(["undefined_column"]), _update),
}
"""For each kind of change the conditions that are decided here, and by what."""
