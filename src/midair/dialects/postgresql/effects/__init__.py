"""What a statement costs: changes and schema → effects, by server version.

Takes changes, a schema and a major version; gives `Effects`. May import: `facts`, `conversions`,
`model`. Must not know: rules, wording.
"""

from collections.abc import Callable, Sequence
from typing import Any

from midair.dialects.postgresql.effects import columns, constraints, indexes, objects, rows, tables
from midair.dialects.postgresql.effects.cost import Situation, both, everyone, locks, missing
from midair.dialects.postgresql.facts import LOCKS
from midair.model import change as c
from midair.model.change import Change
from midair.model.effects import NO_EFFECTS, Effects, LockLevel
from midair.model.frozen import replace
from midair.model.schema import Schema

_COSTS: dict[type, Callable[[Any, Situation], Effects]] = {
    c.CreateTable: tables.create_table,
    c.DropTable: tables.drop_table,
    c.RenameTable: tables.rename_table,
    c.MoveTable: tables.move_table,
    c.ChangeTable: tables.change_table,
    c.AttachPartition: tables.attach_partition,
    c.DetachPartition: tables.detach_partition,
    c.Truncate: tables.truncate,
    c.Maintain: tables.maintain,
    c.AddColumn: columns.add_column,
    c.DropColumn: columns.drop_column,
    c.AlterColumnType: columns.alter_column_type,
    c.SetNotNull: columns.set_not_null,
    c.DropNotNull: columns.drop_not_null,
    c.ChangeIdentity: columns.change_identity,
    c.ChangeExpression: columns.change_expression,
    c.AddConstraint: constraints.add_constraint,
    c.DropConstraint: constraints.drop_constraint,
    c.ValidateConstraint: constraints.validate_constraint,
    c.AlterConstraint: constraints.alter_constraint,
    c.CreateIndex: indexes.create_index,
    c.DropIndex: indexes.drop_index,
    c.Reindex: indexes.reindex,
    c.ChangeIndex: indexes.change_index,
    c.CreateView: objects.create_view,
    c.RefreshView: objects.refresh,
    c.CreateTrigger: objects.create_trigger,
    c.ChangePart: objects.change_part,
    c.DropObject: objects.drop_object,
    c.CreateSequence: objects.create_sequence,
    c.ChangeSequence: objects.change_sequence,
    c.ChangeDomain: objects.change_domain,
    c.ChangeComposite: objects.change_composite,
    c.ChangeServer: objects.change_server,
    c.Insert: rows.insert,
    c.Update: rows.update,
    c.Delete: rows.delete,
    c.Query: rows.query,
    c.RenameColumn: lambda change, at: locks("rename column", *everyone(at.schema, change.table)),
    c.SetDefault: lambda change, at: locks("set default", *everyone(at.schema, change.table)),
    c.DropDefault: lambda change, at: locks("drop default", *everyone(at.schema, change.table)),
    c.RenameConstraint: lambda change, at: _rename_constraint(change, at),
    c.LockTables: lambda change, at: tables.lock_tables(change.tables, change.level, at),
    c.Opaque: lambda change, at: Effects(assumed=(change.reason,)),
}
_FREE = (
    c.CreateType, c.AddEnumValue, c.RenameEnumValue, c.RenameObject, c.CreateFunction, c.SetSetting, c.Transaction, c.Block,
)  # fmt: skip
"""Changes that lock no relation anyone else can see."""


def _rename_constraint(change: c.RenameConstraint, at: Situation) -> Effects:
    table = at.schema.tables.get(change.table)
    index = (
        next((each.name for each in table.indexes if each.constraint == change.name), None) if table else None
    )
    found = locks("rename constraint", *everyone(at.schema, change.table))
    return both(found, locks("rename index", index)) if index else found


def effects_of(
    changes: Sequence[Change], schema: Schema, version: int, time_zone: str | None = None
) -> Effects:
    """What one statement costs on a server of this major version, met with this schema before it.

    All actions of an ALTER TABLE share the strongest lock any of them needs (fact 21), and the server
    drops constraints before it looks at anything else (fact 20). `time_zone` is the session's, `None`
    when it is not known.
    """
    dropped = frozenset(each.name for each in changes if isinstance(each, c.DropConstraint))
    in_block = any(isinstance(each, c.Block) for each in changes)
    at = Situation(schema, version, time_zone, dropped, in_block)
    if in_block:
        return both(*(_one(each, at) for each in changes))
    found = both(*(_one(each, _meeting(at, changes, position)) for position, each in enumerate(changes)))
    return replace(found, refused=None, may_fail=found.may_fail) if _undone(changes, found) else found


def _undone(changes: Sequence[Change], found: Effects) -> bool:
    """DROP TABLE a, b: keys between the two are no reason to refuse."""
    return (
        found.refused == "2BP01"
        and len(changes) > 1
        and all(isinstance(each, c.DropTable) for each in changes)
    )


def _meeting(at: Situation, changes: Sequence[Change], position: int) -> Situation:
    """Columns added by the same statement are there; constraints it validates are not yet a proof."""
    added = [each for each in changes[:position] if isinstance(each, c.AddColumn)]
    if not added or not isinstance(changes[position], (c.AddConstraint, c.SetDefault, c.SetNotNull)):
        return at
    schema = at.schema
    for each in added:
        schema = schema.after(each)
    return replace(at, schema=schema)


def _one(change: Change, at: Situation) -> Effects:
    if isinstance(change, _FREE):
        return NO_EFFECTS
    table = getattr(change, "table", None)
    if isinstance(table, str) and table != "*" and missing(at.schema, table) and _alters(change):
        return NO_EFFECTS  # IF EXISTS, or the server says 42P01; nobody is locked out either way
    return _COSTS[type(change)](change, at)


def _alters(change: Change) -> bool:
    return not isinstance(
        change, (c.CreateTable, c.DropTable, c.Insert, c.Update, c.Delete, c.RenameTable, c.Maintain)
    )


def transaction_effects(
    statements: Sequence[Sequence[Change]], schema: Schema, version: int, time_zone: str | None = None
) -> Effects:
    """What statements of one transaction cost together; tables made in it are seen by nobody else."""
    found, born = NO_EFFECTS, set[str]()
    fresh_labels: dict[str, bool] = {}
    for changes in statements:
        for each in changes:
            if isinstance(each, c.SetSetting) and each.name == "timezone":
                time_zone = each.value
        here = effects_of(changes, schema, version, time_zone)
        visible = tuple((name, level) for name, level in here.locks if name not in born)
        found = found.and_then(
            replace(
                here,
                locks=visible,
                scans=here.scans - born,
                rewrites=here.rewrites - born,
                rebuilds=here.rebuilds - born,
            )
        )
        if any(_uses(each, fresh_labels, version) for each in changes):
            found = replace(found, refused=found.refused or "55P04")
        for each in changes:
            if isinstance(each, c.AddEnumValue):
                fresh_labels[each.label] = f"type {each.name}" in born
            known = set(schema.tables) | set(schema.index_tables) | set(schema.sequences)
            schema = schema.after(each)
            born |= (set(schema.tables) | set(schema.index_tables) | set(schema.sequences)) - known
            if isinstance(each, c.CreateType):
                born.add(f"type {each.name}")
    return found


def _uses(change: Change, labels: dict[str, bool], version: int) -> bool:
    """A label added in the same transaction is used; `labels` tells whether its type was made there too."""
    from midair.dialects.postgresql.facts import SINCE

    match change:
        case c.Update(enum_labels=used) | c.Query(labels=used):
            texts = used
        case c.SetDefault(default=default) | c.AddColumn(column=c.Column(default=c.Default() as default)):
            texts = frozenset(label for label in labels if f"'{label}'" in default.sql)
        case _:
            return False
    return any(
        label in labels and not (labels[label] and version >= SINCE["use new enum value of new type"])
        for label in texts
    )


__all__ = ["LOCKS", "LockLevel", "effects_of", "transaction_effects"]
