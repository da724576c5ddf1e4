"""ALTER TABLE and its kin: one change an action."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.bounds import bounds_as_conditions
from midair.dialects.postgresql.changes.constraints import column, constraint, index_of
from midair.dialects.postgresql.changes.expressions import column_of, default_of, sql_of
from midair.dialects.postgresql.changes.names import identifier, relation, strings
from midair.dialects.postgresql.changes.types import data_type
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterConstraint,
    AttachPartition,
    Change,
    ChangeComposite,
    ChangeExpression,
    ChangeIdentity,
    ChangeIndex,
    ChangeSequence,
    ChangeTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Opaque,
    SetDefault,
    SetNotNull,
    ValidateConstraint,
)


def alter_table(tree: Any) -> Iterator[Change]:
    """The changes of an ALTER TABLE, INDEX, VIEW, SEQUENCE or TYPE, in the order the author wrote them."""

    table = relation(tree.relation)
    for node in tree.cmds:
        command = node.alter_table_cmd
        if tree.objtype == pb.OBJECT_INDEX:
            yield _index_action(table, command)
        elif tree.objtype == pb.OBJECT_TYPE:
            retypes = command.subtype == pb.AT_AlterColumnType
            yield ChangeComposite(table, retypes, command.behavior == pb.DROP_CASCADE)
        elif tree.objtype == pb.OBJECT_SEQUENCE:
            yield (
                ChangeSequence(table)
                if command.subtype == pb.AT_ChangeOwner
                else ChangeTable(table, _action(command))
            )
        elif tree.objtype in (pb.OBJECT_VIEW, pb.OBJECT_MATVIEW):
            yield ChangeTable(table, _view_action(command))
        else:
            yield _table_action(table, command, tree.relation.inh)


def _action(command: Any) -> str:
    """An action's row in the table of facts: `AT_SetStatistics` → `set statistics`."""

    name = pb.AlterTableType.Name(command.subtype).removeprefix("AT_")
    return "".join(" " + each.lower() if each.isupper() else each for each in name).strip()


def _view_action(command: Any) -> str:

    weak = command.subtype in (pb.AT_SetStatistics, pb.AT_ClusterOn, pb.AT_DropCluster)
    return _action(command) if weak else "view setting"


def _table_action(table: str, command: Any, inherits: bool) -> Change:
    if command.subtype == pb.AT_AddConstraint:
        return _add_constraint(table, command, not inherits)
    maker = _makers().get(command.subtype)
    return _other(table, command) if maker is None else maker(table, command)


@cache
def _makers() -> dict[int, Callable[[str, Any], Change]]:
    return {
        pb.AT_AddColumn: _add_column,
        pb.AT_DropColumn: lambda t, c: DropColumn(
            t, identifier(c.name), c.missing_ok, c.behavior == pb.DROP_CASCADE
        ),
        pb.AT_AlterColumnType: _alter_type,
        pb.AT_SetNotNull: lambda t, c: SetNotNull(t, identifier(c.name)),
        pb.AT_DropNotNull: lambda t, c: DropNotNull(t, identifier(c.name)),
        pb.AT_ColumnDefault: _default,
        pb.AT_DropConstraint: lambda t, c: DropConstraint(
            t, identifier(c.name), c.missing_ok, c.behavior == pb.DROP_CASCADE
        ),
        pb.AT_ValidateConstraint: lambda t, c: ValidateConstraint(t, identifier(c.name)),
        pb.AT_AlterConstraint: _alter_constraint,
        pb.AT_AddIdentity: lambda t, c: ChangeIdentity(
            t, identifier(c.name), "add", _part(c).constraint.generated_when == "a"
        ),
        pb.AT_SetIdentity: lambda t, c: ChangeIdentity(t, identifier(c.name), "set", _becomes_always(c)),
        pb.AT_DropIdentity: lambda t, c: ChangeIdentity(t, identifier(c.name), "drop"),
        pb.AT_SetExpression: lambda t, c: ChangeExpression(t, identifier(c.name), "set"),
        pb.AT_DropExpression: lambda t, c: ChangeExpression(t, identifier(c.name), "drop"),
        pb.AT_AttachPartition: _attach,
        pb.AT_DetachPartition: lambda t, c: DetachPartition(
            t, _partition(c), _part(c).partition_cmd.concurrent
        ),
        pb.AT_DetachPartitionFinalize: lambda t, c: DetachPartition(t, _partition(c), finalize=True),
    }


def _part(command: Any) -> Any:
    """The command's `def`, a word Python keeps for itself."""
    return getattr(command, "def")


def _add_column(table: str, command: Any) -> Change:
    made, constraints, indexes = column(_part(command).column_def, table)
    return AddColumn(table, made, constraints, command.missing_ok, indexes)


def _alter_type(table: str, command: Any) -> Change:
    definition = _part(command).column_def
    name = identifier(command.name)
    kind, _ = data_type(definition.type_name)
    using: str | None = None
    plain = False
    if definition.HasField("raw_default"):
        using = sql_of(definition.raw_default)
        plain = _is_plain_cast(definition.raw_default, name, kind)
    collation = (
        identifier(strings(definition.coll_clause.collname)[-1])
        if definition.HasField("coll_clause")
        else None
    )
    return AlterColumnType(table, name, kind, using, plain, collation)


def _is_plain_cast(node: Any, name: str, kind: Any) -> bool:
    if column_of(node) == name:
        return True
    if node.WhichOneof("node") != "type_cast":
        return False
    target, _ = data_type(node.type_cast.type_name)
    return target == kind and column_of(node.type_cast.arg) == name


def _default(table: str, command: Any) -> Change:
    name = identifier(command.name)
    return (
        SetDefault(table, name, default_of(_part(command)))
        if command.HasField("def")
        else DropDefault(table, name)
    )


def _becomes_always(command: Any) -> bool:
    options = [each.def_elem for each in _part(command).list.items]
    return any(each.defname == "generated" and each.arg.integer.ival == ord("a") for each in options)


def _add_constraint(table: str, command: Any, only: bool) -> Change:
    made = constraint(_part(command).constraint, table)
    return AddConstraint(table, made, index_of(made, table), only)


def _alter_constraint(table: str, command: Any) -> Change:
    part = _part(command).atalter_constraint
    return AlterConstraint(
        table,
        identifier(part.conname),
        part.is_enforced if part.alter_enforceability else None,
        part.deferrable if part.alter_deferrability else None,
        bool(part.alter_deferrability and part.initdeferred),
    )


def _partition(command: Any) -> str:
    return relation(_part(command).partition_cmd.name)


def _attach(table: str, command: Any) -> Change:
    bound = _part(command).partition_cmd.bound
    return AttachPartition(table, _partition(command), bounds_as_conditions(bound), bound.is_default)


def _other(table: str, command: Any) -> Change:

    action = _action(command)
    subject = identifier(command.name) if command.name else None
    if command.subtype in (pb.AT_SetRelOptions, pb.AT_ResetRelOptions, pb.AT_ReplaceRelOptions):
        names = {each.def_elem.defname for each in _part(command).list.items}
        return ChangeTable(
            table, "set user catalog table" if "user_catalog_table" in names else "set options"
        )
    if command.subtype in (pb.AT_AddInherit, pb.AT_DropInherit):
        return ChangeTable(table, action, relation(_part(command).range_var))
    if command.subtype == pb.AT_AddOf:
        return ChangeTable(table, action, identifier(strings(_part(command).type_name.names)[-1]))
    if command.subtype == pb.AT_ReplicaIdentity:
        name = _part(command).replica_identity_stmt.name
        return ChangeTable(table, action, identifier(name) if name else None)
    return ChangeTable(table, action, subject)


def _index_action(index: str, command: Any) -> Change:

    match command.subtype:
        case pb.AT_AttachPartition:
            return ChangeIndex(index, "attach", _partition(command))
        case pb.AT_SetTableSpace:
            return ChangeIndex(index, "set tablespace")
        case pb.AT_SetRelOptions | pb.AT_ResetRelOptions:
            names = {each.def_elem.defname for each in _part(command).list.items}
            weak = names <= {"fillfactor", "deduplicate_items"}
            return ChangeIndex(index, "set fillfactor" if weak else "set option")
        case pb.AT_SetStatistics:
            return ChangeIndex(index, "set statistics")
        case _:
            return Opaque(f"ALTER INDEX {index}", "this form of ALTER INDEX is not known")


def move_all(tree: Any) -> Iterator[Change]:
    """ALTER … ALL IN TABLESPACE: every table or index there is moved."""

    if tree.objtype == pb.OBJECT_INDEX:
        yield ChangeIndex(None, "set tablespace")
    else:
        yield ChangeTable("*", "set table space")
