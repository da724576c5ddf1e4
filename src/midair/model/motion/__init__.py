"""What a schema is after each kind of change: one function a kind.

Takes a schema and a change; gives a schema. May import: `model`. Must not know: any input or output.
"""

from collections.abc import Callable
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
    Insert,
    MoveTable,
    Opaque,
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
from midair.model.motion import columns, constraints, indexes, objects, tables
from midair.model.schema import Schema


def evolved(schema: Schema, change: Change) -> Schema:
    """The schema once the change is complete; one that changes no schema gives the schema itself."""
    step = _STEPS.get(type(change))
    return schema if step is None else step(schema, change)


_STEPS: dict[type, Callable[[Schema, Any], Schema]] = {
    CreateTable: tables.create_table, DropTable: tables.drop_table, RenameTable: tables.rename_table, MoveTable: tables.move_table,
    AddColumn: columns.add_column, DropColumn: columns.drop_column, RenameColumn: columns.rename_column, AlterColumnType: columns.alter_type,
    SetNotNull: columns.set_not_null, DropNotNull: columns.drop_not_null, SetDefault: columns.set_default, DropDefault: columns.drop_default,
    ChangeIdentity: columns.change_identity, ChangeExpression: columns.change_expression, AddConstraint: constraints.add_constraint,
    DropConstraint: constraints.drop_constraint, ValidateConstraint: constraints.validate, AlterConstraint: constraints.alter_constraint,
    RenameConstraint: constraints.rename_constraint, CreateIndex: indexes.create_index, DropIndex: indexes.drop_index, ChangeIndex: indexes.change_index,
    AttachPartition: tables.attach, DetachPartition: tables.detach, Insert: tables.insert, Truncate: tables.truncate, CreateView: tables.create_view,
    RefreshView: tables.refresh, CreateType: objects.create_type, AddEnumValue: objects.enum_value, RenameEnumValue: objects.rename_enum_value,
    ChangeDomain: objects.change_domain, CreateSequence: objects.create_sequence, ChangeSequence: objects.change_sequence,
    CreateFunction: objects.create_function, CreateTrigger: objects.create_trigger, ChangePart: objects.change_part, DropObject: objects.drop_object,
    RenameObject: objects.rename_object, ChangeServer: objects.change_server, Opaque: objects.not_understood,
}  # fmt: skip
