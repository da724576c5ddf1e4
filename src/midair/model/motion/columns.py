"""What a schema is after changes of columns."""

from collections.abc import Callable

from midair.model.change import (
    AddColumn,
    AlterColumnType,
    ChangeExpression,
    ChangeIdentity,
    Column,
    ConstraintKind,
    Default,
    DropColumn,
    DropDefault,
    DropNotNull,
    RenameColumn,
    SetDefault,
    SetNotNull,
)
from midair.model.frozen import replace
from midair.model.motion.naming import handed_down, joined, sequence_of, with_free_names
from midair.model.motion.tables import not_null_by_key
from midair.model.schema import Schema, bare_name, beside

_NO_DEFAULT = Default("NULL", null=True)
"""A serial column keeps its sequence when its default goes: `None` would say that the default is the sequence's."""


def add_column(schema: Schema, change: AddColumn) -> Schema:
    constraints, made = with_free_names(schema, change.table, change.constraints, change.indexes)
    handed = {ConstraintKind.CHECK}
    if schema.known_or_stub(change.table).kind == "partitioned":
        handed.add(ConstraintKind.FOREIGN_KEY)
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        if table.column(change.column.name) is not None:
            continue
        column = (
            replace(change.column, not_null=True)
            if change.column.name in not_null_by_key(change.constraints)
            else change.column
        )
        column = column if name == change.table else handed_down(column)
        indexes = table.indexes + (made if name == change.table else ())
        added = tuple(each for each in constraints if name == change.table or each.kind in handed)
        schema = schema.put(
            replace(
                table,
                columns=(*table.columns, column),
                constraints=table.constraints + added,
                indexes=indexes,
            )
        )
        if name == change.table and (column.serial or column.identity):
            sequence = sequence_of(schema, name, column.name)
            schema = schema.put(schema.tables[name].with_column(replace(column, sequence=sequence)))
            schema = replace(schema, sequences={**schema.sequences, sequence: name})
    return schema


def drop_column(schema: Schema, change: DropColumn) -> Schema:
    gone = change.column
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        column = table.column(gone)
        indexes = tuple(each for each in table.indexes if gone not in each.mentions)
        constraints = tuple(each for each in table.constraints if gone not in each.columns)
        kept = tuple(each for each in table.columns if each.name != gone and gone not in each.generated_from)
        schema = schema.put(replace(table, columns=kept, constraints=constraints, indexes=indexes))
        if column is not None and (column.serial or column.identity):
            sequence = column.sequence or beside(name, joined(bare_name(name), gone, "seq"))
            schema = replace(
                schema, sequences={key: value for key, value in schema.sequences.items() if key != sequence}
            )
    for view in [each for each in schema.around(change.table) if (change.table, gone) in each.depends_on]:
        schema = schema.without(view.name)
    for table, constraint in tuple(schema.referencing(change.table)):
        if gone in constraint.referenced_columns:
            current = schema.tables[table.name]
            kept_here = tuple(each for each in current.constraints if each is not constraint)
            schema = schema.put(replace(current, constraints=kept_here))
    return schema


def rename_column(schema: Schema, change: RenameColumn) -> Schema:
    old, new = change.column, change.new_name

    def fresh(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if each == old else each for each in names)

    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        columns = tuple(
            replace(
                each,
                name=new if each.name == old else each.name,
                generated_from=frozenset(fresh(tuple(each.generated_from))),
            )
            for each in table.columns
        )
        constraints = tuple(
            replace(
                each,
                columns=fresh(each.columns),
                proves_not_null=frozenset(fresh(tuple(each.proves_not_null))),
            )
            for each in table.constraints
        )
        indexes = tuple(
            replace(each, columns=fresh(each.columns), mentions=frozenset(fresh(tuple(each.mentions))))
            for each in table.indexes
        )
        key = fresh(table.partition_key)
        schema = schema.put(
            replace(table, columns=columns, constraints=constraints, indexes=indexes, partition_key=key)
        )
    for view in [each for each in schema.around(change.table) if (change.table, old) in each.depends_on]:
        depends = view.depends_on - {(change.table, old)} | {(change.table, new)}
        schema = schema.put(replace(view, depends_on=depends))
    for table, constraint in tuple(schema.referencing(change.table)):
        current = schema.tables[table.name]
        renamed = replace(constraint, referenced_columns=fresh(constraint.referenced_columns))
        schema = schema.put(
            replace(
                current,
                constraints=tuple(renamed if each is constraint else each for each in current.constraints),
            )
        )
    return schema


def _on_column(
    schema: Schema, table_name: str, column_name: str, change: Callable[[Column], Column]
) -> Schema:
    for name in (table_name, *schema.children(table_name)):
        table = schema.known_or_stub(name)
        if table.column(column_name) is None:
            continue  # nothing else is known about it: a stub column would claim a type
        columns = tuple(change(each) if each.name == column_name else each for each in table.columns)
        schema = schema.put(replace(table, columns=columns))
    return schema


def alter_type(schema: Schema, change: AlterColumnType) -> Schema:
    return _on_column(
        schema,
        change.table,
        change.column,
        lambda column: replace(column, type=change.type, collation=change.collation),
    )


def set_not_null(schema: Schema, change: SetNotNull) -> Schema:
    return _on_column(schema, change.table, change.column, lambda column: replace(column, not_null=True))


def drop_not_null(schema: Schema, change: DropNotNull) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        kept = tuple(
            each
            for each in table.constraints
            if not (each.kind is ConstraintKind.NOT_NULL and each.columns == (change.column,))
        )
        if kept != table.constraints:
            schema = schema.put(replace(table, constraints=kept))
    return _on_column(schema, change.table, change.column, lambda column: replace(column, not_null=False))


def set_default(schema: Schema, change: SetDefault) -> Schema:
    default = None if change.default.null else change.default

    def changed(column: Column) -> Column:
        return replace(column, default=_NO_DEFAULT if column.serial and default is None else default)

    return _on_column(schema, change.table, change.column, changed)


def drop_default(schema: Schema, change: DropDefault) -> Schema:
    def changed(column: Column) -> Column:
        return replace(column, default=_NO_DEFAULT if column.serial else None)

    return _on_column(schema, change.table, change.column, changed)


def change_identity(schema: Schema, change: ChangeIdentity) -> Schema:
    kind = None if change.verb == "drop" else "always" if change.always else "by default"
    column = schema.known_or_stub(change.table).column(change.column)
    had = column.sequence if column else None
    sequence = had or beside(change.table, joined(bare_name(change.table), change.column, "seq"))
    owned = None if change.verb == "drop" else sequence
    schema = _on_column(
        schema, change.table, change.column, lambda each: replace(each, identity=kind, sequence=owned)
    )
    sequences = {key: value for key, value in schema.sequences.items() if key != sequence}
    if owned is not None:
        sequences[owned] = change.table
    return replace(schema, sequences=sequences)


def change_expression(schema: Schema, change: ChangeExpression) -> Schema:
    if change.verb != "drop":
        return schema
    return _on_column(schema, change.table, change.column, lambda column: replace(column, generated=None))
