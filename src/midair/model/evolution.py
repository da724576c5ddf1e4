"""What a schema is after each kind of change: one function a kind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from midair.model.change import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    AlterColumnType,
    AlterConstraint,
    AttachPartition,
    Change,
    ChangeDomain,
    ChangeExpression,
    ChangeIdentity,
    ChangeIndex,
    ChangePart,
    ChangeSequence,
    ChangeServer,
    Column,
    Constraint,
    ConstraintKind,
    CreateFunction,
    CreateIndex,
    CreateSequence,
    CreateTable,
    CreateTrigger,
    CreateType,
    CreateView,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropIndex,
    DropNotNull,
    DropObject,
    DropTable,
    Index,
    Insert,
    MoveTable,
    RefreshView,
    RenameColumn,
    RenameConstraint,
    RenameEnumValue,
    RenameObject,
    RenameTable,
    SetDefault,
    SetNotNull,
    Truncate,
    ValidateConstraint,
)
from midair.model.schema import Schema, Table, Type, bare_name, beside


def _create_table(schema: Schema, change: CreateTable) -> Schema:
    if schema.exists(change.table) and change.if_not_exists:
        return schema
    columns, constraints, indexes = change.columns, change.constraints, change.indexes
    for source in (change.partition_of, *change.inherits, *change.like):
        given = schema.tables.get(source) if source else None
        if given is None:
            continue
        have = {each.name for each in columns}
        columns = tuple(each for each in given.columns if each.name not in have) + columns
        if source == change.partition_of:
            indexes += tuple(_copied(each, change.table) for each in given.indexes)
            constraints += tuple(_inherited(each, indexes) for each in given.constraints)
    parents = change.inherits + ((change.partition_of,) if change.partition_of else ())
    checked = tuple(name for name in _not_null_by_key(constraints))
    columns = tuple(replace(each, not_null=True) if each.name in checked else each for each in columns)
    table = Table(
        change.table,
        columns,
        constraints,
        indexes,
        kind="partitioned" if change.partition_key is not None else "table",
        known=change.reads is None
        and not change.like
        and change.of_type is None
        and (not parents or all(each in schema.tables for each in parents)),
        empty=change.reads is None,
        persistence=change.persistence,
        partition_key=change.partition_key or (),
        parents=parents,
        is_partition=change.partition_of is not None,
        is_default=change.is_default,
        of_type=change.of_type,
    )
    sequences = dict(schema.sequences)
    for column in change.columns:
        if column.serial or column.identity:
            name = beside(change.table, joined(bare_name(change.table), column.name, "seq"))
            sequences[name] = change.table
    return replace(schema, sequences=sequences).put(table)


def _copied(index: Index, table: str) -> Index:
    """A partitioned index's twin on a partition, named as the server does."""
    label = "idx" if index.constraint is None else "pkey" if index.constraint.endswith("pkey") else "key"
    columns = () if label == "pkey" else index.columns
    name = joined(bare_name(table), *columns, label)
    return replace(index, name=beside(table, name), parent=index.name, constraint=name if index.constraint else None)


def _inherited(constraint: Constraint, indexes: tuple[Index, ...]) -> Constraint:
    """A parent's constraint on a partition: a key is named like its index, the rest keep their names."""
    twin = next((each for each in indexes if each.parent and each.constraint and each.columns == constraint.columns), None)
    keyed = constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
    return replace(constraint, name=twin.constraint) if keyed and twin and twin.constraint else constraint


def joined(*parts: str) -> str:
    """A default name as the server makes it: `joined("orders", "qty", "key")` → `orders_qty_key`."""
    text = "_".join(each.strip('"') for each in parts if each)
    return f'"{text}"' if any(each.startswith('"') for each in parts) else text


def _not_null_by_key(constraints: tuple[Constraint, ...]) -> Iterator[str]:
    for each in constraints:
        if each.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL):
            yield from each.columns


def _drop_table(schema: Schema, change: DropTable) -> Schema:
    return schema.without(change.table)


def _rename_table(schema: Schema, change: RenameTable) -> Schema:
    new = beside(change.table, change.new_name)
    if change.table in schema.index_tables:
        table = schema.tables[schema.index_tables[change.table]]
        indexes = tuple(
            replace(each, name=new) if each.name == change.table else each for each in table.indexes
        )
        old, fresh = bare_name(change.table), bare_name(new)
        constraints = tuple(
            replace(each, name=fresh) if each.name == old and table.index(each.name) else each
            for each in table.constraints
        )
        return schema.put(replace(table, indexes=indexes, constraints=constraints))
    if change.table in schema.sequences:
        sequences = {new if key == change.table else key: value for key, value in schema.sequences.items()}
        return replace(schema, sequences=sequences)
    return _moved(schema, change.table, new)


def _moved(schema: Schema, name: str, new: str) -> Schema:
    table = schema.tables.get(name)
    if table is None:
        return schema
    schema = schema.put(replace(table, name=new), was=name)
    sequences = {key: new if owner == name else owner for key, owner in schema.sequences.items()}
    schema = replace(schema, sequences=sequences)
    for other in tuple(schema.tables.values()):
        constraints = tuple(
            replace(each, references=new) if each.references == name else each for each in other.constraints
        )
        parents = tuple(new if each == name else each for each in other.parents)
        reads = tuple(new if each == name else each for each in other.reads)
        if (constraints, parents, reads) != (other.constraints, other.parents, other.reads):
            schema = schema.put(replace(other, constraints=constraints, parents=parents, reads=reads))
    return schema


def _move_table(schema: Schema, change: MoveTable) -> Schema:
    prefix = "" if change.new_schema == "public" else change.new_schema + "."
    table = schema.tables.get(change.table)
    if table is not None:
        indexes = tuple(replace(each, name=prefix + bare_name(each.name)) for each in table.indexes)
        schema = schema.put(replace(table, indexes=indexes))
    return _moved(schema, change.table, prefix + bare_name(change.table))


def _add_column(schema: Schema, change: AddColumn) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        if table.column(change.column.name) is not None:
            continue
        column = (
            replace(change.column, not_null=True)
            if change.column.name in _not_null_by_key(change.constraints)
            else change.column
        )
        indexes = table.indexes + (change.indexes if name == change.table else ())
        added = tuple(
            each for each in change.constraints if name == change.table or each.kind is ConstraintKind.CHECK
        )
        schema = schema.put(
            replace(
                table,
                columns=(*table.columns, column),
                constraints=table.constraints + added,
                indexes=indexes,
            )
        )
        if column.serial or column.identity:
            sequence = beside(name, joined(bare_name(name), column.name, "seq"))
            schema = replace(schema, sequences={**schema.sequences, sequence: name})
    return schema


def _drop_column(schema: Schema, change: DropColumn) -> Schema:
    gone = change.column
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        column = table.column(gone)
        indexes = tuple(each for each in table.indexes if gone not in each.mentions)
        constraints = tuple(each for each in table.constraints if gone not in each.columns)
        kept = tuple(each for each in table.columns if each.name != gone and gone not in each.generated_from)
        schema = schema.put(replace(table, columns=kept, constraints=constraints, indexes=indexes))
        if column is not None and (column.serial or column.identity):
            sequence = beside(name, joined(bare_name(name), gone, "seq"))
            schema = replace(
                schema, sequences={key: value for key, value in schema.sequences.items() if key != sequence}
            )
    for table, constraint in tuple(schema.referencing(change.table)):
        if gone in constraint.referenced_columns:
            current = schema.tables[table.name]
            kept_here = tuple(each for each in current.constraints if each is not constraint)
            schema = schema.put(replace(current, constraints=kept_here))
    return schema


def _rename_column(schema: Schema, change: RenameColumn) -> Schema:
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


def _alter_type(schema: Schema, change: AlterColumnType) -> Schema:
    return _on_column(
        schema,
        change.table,
        change.column,
        lambda column: replace(column, type=change.type, collation=change.collation),
    )


def _set_not_null(schema: Schema, change: SetNotNull) -> Schema:
    return _on_column(schema, change.table, change.column, lambda column: replace(column, not_null=True))


def _drop_not_null(schema: Schema, change: DropNotNull) -> Schema:
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


def _set_default(schema: Schema, change: SetDefault) -> Schema:
    default = None if change.default.null else change.default
    return _on_column(schema, change.table, change.column, lambda column: replace(column, default=default))


def _drop_default(schema: Schema, change: DropDefault) -> Schema:
    return _on_column(schema, change.table, change.column, lambda column: replace(column, default=None))


def _change_identity(schema: Schema, change: ChangeIdentity) -> Schema:
    kind = None if change.verb == "drop" else "always" if change.always else "by default"
    schema = _on_column(schema, change.table, change.column, lambda column: replace(column, identity=kind))
    sequence = beside(change.table, joined(bare_name(change.table), change.column, "seq"))
    sequences = {key: value for key, value in schema.sequences.items() if key != sequence}
    if change.verb != "drop":
        sequences[sequence] = change.table
    return replace(schema, sequences=sequences)


def _change_expression(schema: Schema, change: ChangeExpression) -> Schema:
    if change.verb != "drop":
        return schema
    return _on_column(schema, change.table, change.column, lambda column: replace(column, generated=None))


def _add_constraint(schema: Schema, change: AddConstraint) -> Schema:
    constraint = change.constraint
    inherited = (
        constraint.kind in (ConstraintKind.CHECK, ConstraintKind.NOT_NULL) and not constraint.no_inherit
    )
    everyone = (
        schema.children(change.table) if inherited or constraint.kind is ConstraintKind.FOREIGN_KEY else ()
    )
    for name in (change.table, *everyone):
        table = schema.known_or_stub(name)
        if constraint in table.constraints:
            continue
        indexes = table.indexes
        columns = constraint.columns
        if constraint.using_index:
            adopted = table.index(constraint.using_index)
            columns = adopted.columns if adopted else columns
            indexes = tuple(
                replace(each, name=beside(name, constraint.name), constraint=constraint.name)
                if each is adopted
                else each
                for each in indexes
            )
        elif change.index is not None and name == change.table:
            indexes = (*indexes, change.index)
        added = replace(constraint, columns=columns)
        schema = schema.put(replace(table, constraints=(*table.constraints, added), indexes=indexes))
    if constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL):
        table = schema.tables[change.table]
        for column in table.constraints[-1].columns:
            schema = _set_not_null(schema, SetNotNull(change.table, column))
    return schema


def _drop_constraint(schema: Schema, change: DropConstraint) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        found = table.constraint(change.name)
        kept = tuple(each for each in table.constraints if each.name != change.name)
        indexes = tuple(each for each in table.indexes if each.constraint != change.name)
        columns = table.columns
        if found is not None and found.kind is ConstraintKind.NOT_NULL:
            columns = tuple(
                replace(each, not_null=False) if each.name in found.columns else each for each in columns
            )
        if kept != table.constraints or indexes != table.indexes:
            schema = schema.put(replace(table, constraints=kept, indexes=indexes, columns=columns))
        if (
            found is not None
            and change.cascade
            and found.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)
        ):
            schema = _without_references(schema, name, found.columns)
    return schema


def _without_references(schema: Schema, name: str, columns: tuple[str, ...]) -> Schema:
    for table, constraint in tuple(schema.referencing(name)):
        if constraint.referenced_columns in ((), columns):
            current = schema.tables[table.name]
            schema = schema.put(
                replace(
                    current, constraints=tuple(each for each in current.constraints if each is not constraint)
                )
            )
    return schema


def _validate(schema: Schema, change: ValidateConstraint) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        constraints = tuple(
            replace(each, valid=True) if each.name == change.name else each for each in table.constraints
        )
        if constraints != table.constraints:
            schema = schema.put(replace(table, constraints=constraints))
    return schema


def _alter_constraint(schema: Schema, change: AlterConstraint) -> Schema:
    table = schema.known_or_stub(change.table)

    def changed(each: Constraint) -> Constraint:
        if each.name != change.name:
            return each
        enforced = each.enforced if change.enforced is None else change.enforced
        deferrable = each.deferrable if change.deferrable is None else change.deferrable
        return replace(
            each,
            enforced=enforced,
            deferrable=deferrable,
            valid=(each.valid and enforced) or bool(change.enforced),
        )

    return schema.put(replace(table, constraints=tuple(changed(each) for each in table.constraints)))


def _rename_constraint(schema: Schema, change: RenameConstraint) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        constraints = tuple(
            replace(each, name=change.new_name) if each.name == change.name else each
            for each in table.constraints
        )
        indexes = tuple(
            replace(each, name=beside(name, change.new_name), constraint=change.new_name)
            if each.constraint == change.name
            else each
            for each in table.indexes
        )
        if constraints != table.constraints:
            schema = schema.put(replace(table, constraints=constraints, indexes=indexes))
    return schema


def _create_index(schema: Schema, change: CreateIndex) -> Schema:
    table = schema.known_or_stub(change.table)
    if table.index(change.index.name) is not None:
        return schema
    index = replace(change.index, valid=not (change.only and table.kind == "partitioned"))
    schema = schema.put(replace(table, indexes=(*table.indexes, index)))
    if change.only or table.kind != "partitioned":
        return schema
    for name in schema.children(change.table):
        child = schema.tables[name]
        twin = next((each for each in child.indexes if each.keys == index.keys and each.parent is None), None)
        if twin is not None:
            indexes = tuple(
                replace(each, parent=index.name) if each is twin else each for each in child.indexes
            )
        else:
            indexes = (*child.indexes, _copied(index, name))
        schema = schema.put(replace(child, indexes=indexes))
    return schema


def _drop_index(schema: Schema, change: DropIndex) -> Schema:
    return _without_index(schema, change.index)


def _without_index(schema: Schema, name: str) -> Schema:
    table = schema.table_of_index(name)
    if table is None:
        return schema
    schema = schema.put(replace(table, indexes=tuple(each for each in table.indexes if each.name != name)))
    for child in [schema.tables[each] for each in schema.children(table.name)]:
        for index in child.indexes:
            if index.parent == name:
                schema = _without_index(schema, index.name)
    return schema


def _change_index(schema: Schema, change: ChangeIndex) -> Schema:
    if change.action != "attach" or change.part is None or change.index is None:
        return schema
    child, parent = schema.table_of_index(change.part), schema.table_of_index(change.index)
    if child is None or parent is None:
        return schema
    indexes = tuple(
        replace(each, parent=change.index) if each.name == change.part else each for each in child.indexes
    )
    schema = schema.put(replace(child, indexes=indexes))
    attached = [
        each
        for name in schema.children(parent.name)
        for each in schema.tables[name].indexes
        if each.parent == change.index
    ]
    if len(attached) == len(schema.children(parent.name)):
        done = tuple(
            replace(each, valid=True) if each.name == change.index else each
            for each in schema.tables[parent.name].indexes
        )
        schema = schema.put(replace(schema.tables[parent.name], indexes=done))
    return schema


def _attach(schema: Schema, change: AttachPartition) -> Schema:
    child, parent = schema.known_or_stub(change.partition), schema.tables.get(change.table)
    for index in parent.indexes if parent else ():
        twin = next((each for each in child.indexes if each.keys == index.keys and each.parent is None), None)
        if twin is None:
            child = replace(child, indexes=(*child.indexes, _copied(index, child.name)))
        else:
            child = replace(
                child,
                indexes=tuple(
                    replace(each, parent=index.name) if each is twin else each for each in child.indexes
                ),
            )
    return schema.put(
        replace(child, parents=(change.table,), is_partition=True, is_default=change.is_default)
    )


def _detach(schema: Schema, change: DetachPartition) -> Schema:
    child = schema.known_or_stub(change.partition)
    indexes = tuple(replace(each, parent=None) for each in child.indexes)
    return schema.put(replace(child, parents=(), is_partition=False, is_default=False, indexes=indexes))


def _insert(schema: Schema, change: Insert) -> Schema:
    table = schema.tables.get(change.table)
    if table is None or not table.empty:
        return schema
    targets = (table.name, *schema.children(table.name))
    for name in targets:
        schema = schema.put(replace(schema.tables[name], empty=False))
    return schema


def _truncate(schema: Schema, change: Truncate) -> Schema:
    for name in change.tables:
        table = schema.tables.get(name)
        if table is not None:
            schema = schema.put(replace(table, empty=True))
    return schema


def _create_view(schema: Schema, change: CreateView) -> Schema:
    if change.view in schema.tables and not change.replace:
        return schema
    kind = "materialized view" if change.materialized else "view"
    return schema.put(
        Table(change.view, kind=kind, known=False, reads=change.reads, view_columns=change.columns)
    )


def _refresh(schema: Schema, change: RefreshView) -> Schema:
    return schema


def _create_type(schema: Schema, change: CreateType) -> Schema:
    made = Type(change.name, change.kind, change.labels, change.base, change.constrained)
    return replace(schema, types={**schema.types, change.name: made})


def _enum_value(schema: Schema, change: AddEnumValue) -> Schema:
    known = schema.types.get(change.name)
    if known is None or change.label in known.labels:
        return schema
    return replace(
        schema, types={**schema.types, change.name: replace(known, labels=(*known.labels, change.label))}
    )


def _rename_enum_value(schema: Schema, change: RenameEnumValue) -> Schema:
    known = schema.types.get(change.name)
    if known is None:
        return schema
    labels = tuple(change.new_label if each == change.label else each for each in known.labels)
    return replace(schema, types={**schema.types, change.name: replace(known, labels=labels)})


def _change_domain(schema: Schema, change: ChangeDomain) -> Schema:
    known = schema.types.get(change.name)
    if known is None or change.constrains is None:
        return schema
    return replace(schema, types={**schema.types, change.name: replace(known, constrained=change.constrains)})


def _create_sequence(schema: Schema, change: CreateSequence) -> Schema:
    return replace(schema, sequences={**schema.sequences, change.name: change.owned_by})


def _change_sequence(schema: Schema, change: ChangeSequence) -> Schema:
    if change.owned_by is None:
        return schema
    return replace(schema, sequences={**schema.sequences, change.name: change.owned_by or None})


def _create_function(schema: Schema, change: CreateFunction) -> Schema:
    return replace(schema, functions={**schema.functions, change.name: change.volatility})


def _create_trigger(schema: Schema, change: CreateTrigger) -> Schema:
    table = schema.known_or_stub(change.table)
    functions = (*table.trigger_functions, (change.name, change.function))
    return schema.put(
        replace(table, parts=table.parts | {("trigger", change.name)}, trigger_functions=functions)
    )


def _change_part(schema: Schema, change: ChangePart) -> Schema:
    table = schema.known_or_stub(change.table)
    part = (change.kind, change.name)
    parts = (
        table.parts - {part}
        if change.verb == "drop"
        else table.parts | {part}
        if change.verb == "create"
        else table.parts
    )
    return schema.put(replace(table, parts=parts))


def _drop_object(schema: Schema, change: DropObject) -> Schema:
    match change.kind:
        case "view" | "materialized view":
            return schema.without(change.name)
        case "type" | "domain":
            schema = replace(
                schema, types={key: value for key, value in schema.types.items() if key != change.name}
            )
            return _without_typed_columns(schema, change.name) if change.cascade else schema
        case "sequence":
            return replace(
                schema,
                sequences={key: value for key, value in schema.sequences.items() if key != change.name},
            )
        case "function":
            return replace(
                schema,
                functions={key: value for key, value in schema.functions.items() if key != change.name},
            )
        case "schema":
            for name in [each for each in schema.tables if each.startswith(change.name + ".")]:
                schema = schema.without(name)
            return schema
        case _:
            return schema


def _without_typed_columns(schema: Schema, type_name: str) -> Schema:
    for table in tuple(schema.tables.values()):
        for column in table.columns:
            if column.type.name == type_name:
                schema = _drop_column(schema, DropColumn(table.name, column.name, cascade=True))
    return schema


def _rename_object(schema: Schema, change: RenameObject) -> Schema:
    new = beside(change.name, change.new_name)
    if change.kind in ("type", "domain") and change.name in schema.types:
        types = {new if key == change.name else key: value for key, value in schema.types.items()}
        schema = replace(schema, types=types)
        for table in tuple(schema.tables.values()):
            if any(each.type.name == change.name for each in table.columns):
                columns = tuple(
                    replace(each, type=replace(each.type, name=new))
                    if each.type.name == change.name
                    else each
                    for each in table.columns
                )
                schema = schema.put(replace(table, columns=columns))
    if change.kind == "schema":
        for name in [each for each in schema.tables if each.startswith(change.name + ".")]:
            schema = _moved(schema, name, f"{change.new_name}.{bare_name(name)}")
    return schema


def evolved(schema: Schema, change: Change) -> Schema:
    """The schema once the change is complete; one that changes no schema gives the schema itself."""
    step = _STEPS.get(type(change))
    return schema if step is None else step(schema, change)


def _change_server(schema: Schema, change: ChangeServer) -> Schema:
    if change.action != "create statistics" or change.subject is None:
        return schema
    for name in change.relations:
        table = schema.known_or_stub(name)
        schema = schema.put(replace(table, parts=table.parts | {("statistics", change.subject)}))
    return schema


_STEPS: dict[type, Callable[[Schema, Any], Schema]] = {
    CreateTable: _create_table, DropTable: _drop_table, RenameTable: _rename_table, MoveTable: _move_table,
    AddColumn: _add_column, DropColumn: _drop_column, RenameColumn: _rename_column, AlterColumnType: _alter_type,
    SetNotNull: _set_not_null, DropNotNull: _drop_not_null, SetDefault: _set_default, DropDefault: _drop_default,
    ChangeIdentity: _change_identity, ChangeExpression: _change_expression, AddConstraint: _add_constraint,
    DropConstraint: _drop_constraint, ValidateConstraint: _validate, AlterConstraint: _alter_constraint,
    RenameConstraint: _rename_constraint, CreateIndex: _create_index, DropIndex: _drop_index, ChangeIndex: _change_index,
    AttachPartition: _attach, DetachPartition: _detach, Insert: _insert, Truncate: _truncate, CreateView: _create_view,
    RefreshView: _refresh, CreateType: _create_type, AddEnumValue: _enum_value, RenameEnumValue: _rename_enum_value,
    ChangeDomain: _change_domain, CreateSequence: _create_sequence, ChangeSequence: _change_sequence,
    CreateFunction: _create_function, CreateTrigger: _create_trigger, ChangePart: _change_part, DropObject: _drop_object,
    RenameObject: _rename_object, ChangeServer: _change_server,
}  # fmt: skip
