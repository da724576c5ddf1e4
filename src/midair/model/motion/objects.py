"""What a schema is after changes of types, sequences, functions and parts of tables."""

from midair.model.change import (
    AddEnumValue,
    ChangeDomain,
    ChangePart,
    ChangeSequence,
    ChangeServer,
    CreateFunction,
    CreateSequence,
    CreateTrigger,
    CreateType,
    DropColumn,
    DropObject,
    Opaque,
    RenameEnumValue,
    RenameObject,
)
from midair.model.frozen import replace
from midair.model.motion.columns import drop_column
from midair.model.motion.tables import moved
from midair.model.schema import Schema, Type, bare_name, beside


def not_understood(schema: Schema, change: Opaque) -> Schema:
    """It may have made or dropped anything: from now on, what is not known may still be there."""
    return replace(schema, complete=False)


def create_type(schema: Schema, change: CreateType) -> Schema:
    made = Type(change.name, change.kind, change.labels, change.base, change.constrained)
    return replace(schema, types={**schema.types, change.name: made})


def enum_value(schema: Schema, change: AddEnumValue) -> Schema:
    known = schema.types.get(change.name)
    if known is None or change.label in known.labels:
        return schema
    return replace(
        schema, types={**schema.types, change.name: replace(known, labels=(*known.labels, change.label))}
    )


def rename_enum_value(schema: Schema, change: RenameEnumValue) -> Schema:
    known = schema.types.get(change.name)
    if known is None:
        return schema
    labels = tuple(change.new_label if each == change.label else each for each in known.labels)
    return replace(schema, types={**schema.types, change.name: replace(known, labels=labels)})


def change_domain(schema: Schema, change: ChangeDomain) -> Schema:
    known = schema.types.get(change.name)
    if known is None or change.constrains is None:
        return schema
    return replace(schema, types={**schema.types, change.name: replace(known, constrained=change.constrains)})


def create_sequence(schema: Schema, change: CreateSequence) -> Schema:
    return replace(schema, sequences={**schema.sequences, change.name: change.owned_by})


def change_sequence(schema: Schema, change: ChangeSequence) -> Schema:
    if change.owned_by is None:
        return schema
    return replace(schema, sequences={**schema.sequences, change.name: change.owned_by or None})


def create_function(schema: Schema, change: CreateFunction) -> Schema:
    return replace(schema, functions={**schema.functions, change.name: change.volatility})


def create_trigger(schema: Schema, change: CreateTrigger) -> Schema:
    table = schema.known_or_stub(change.table)
    functions = (*table.trigger_functions, (change.name, change.function))
    return schema.put(
        replace(table, parts=table.parts | {("trigger", change.name)}, trigger_functions=functions)
    )


def change_part(schema: Schema, change: ChangePart) -> Schema:
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


def drop_object(schema: Schema, change: DropObject) -> Schema:
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
                schema = drop_column(schema, DropColumn(table.name, column.name, cascade=True))
    return schema


def rename_object(schema: Schema, change: RenameObject) -> Schema:
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
            schema = moved(schema, name, f"{change.new_name}.{bare_name(name)}")
    return schema


def change_server(schema: Schema, change: ChangeServer) -> Schema:
    if change.action != "create statistics" or change.subject is None:
        return schema
    for name in change.relations:
        table = schema.known_or_stub(name)
        schema = schema.put(replace(table, parts=table.parts | {("statistics", change.subject)}))
    return schema
