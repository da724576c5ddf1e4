"""What changes of columns cost."""

from midair.dialects.postgresql.conversions import Conversion, base_of, conversion, may_cut
from midair.dialects.postgresql.effects.constraints import foreign_key, proven
from midair.dialects.postgresql.effects.cost import (
    Situation,
    both,
    everyone,
    filled,
    locks,
    refused,
    rewrite,
    scans,
    unknown,
)
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import (
    AddColumn,
    AlterColumnType,
    ChangeExpression,
    ChangeIdentity,
    Constraint,
    ConstraintKind,
    Default,
    DropColumn,
    DropNotNull,
    SetNotNull,
    Volatility,
)
from midair.model.effects import Effects
from midair.model.frozen import replace
from midair.model.schema import Schema, Table


def volatility(default: Default, schema: Schema) -> Volatility:
    """How often a default is evaluated, with the project's own functions; an unknown function stays unknown."""
    if default.volatility is not Volatility.UNKNOWN:
        return default.volatility
    found = [schema.functions.get(each) for each in default.functions]
    if None in found:
        return Volatility.UNKNOWN
    order = (Volatility.IMMUTABLE, Volatility.STABLE, Volatility.VOLATILE)
    return max((each for each in found if each is not None), key=order.index, default=Volatility.UNKNOWN)


def add_column(change: AddColumn, at: Situation) -> Effects:
    """ADD COLUMN with everything behind it."""
    schema, column = at.schema, change.column
    tables = everyone(schema, change.table)
    found = locks("add column", *tables)
    table = schema.tables.get(change.table)
    if table is not None and table.column(column.name) is not None and change.if_not_exists:
        return found
    if (reason := _not_understood(change, at)) is not None:
        return refused(reason)
    if is_rewriting(change, schema):
        found = both(found, rewrite(schema, change.table))
    if column.default is not None and volatility(column.default, schema) is Volatility.UNKNOWN:
        found = replace(found, assumed=tuple(f"{each}() is volatile" for each in column.default.functions))
    if column.generated == "virtual" and column.not_null:
        found = both(found, scans(filled(schema, change.table)))
    for constraint in change.constraints:
        found = both(found, _inline(change, constraint, at))
    if column.not_null and not has_value(change) and filled(schema, change.table):
        found = replace(found, may_fail=found.may_fail | {"23502"})
    return found


def has_value(change: AddColumn) -> bool:
    """Old rows get a value."""
    column = change.column
    filled_in = column.default is not None and not column.default.null
    return filled_in or column.serial or column.identity is not None or column.generated is not None


def is_rewriting(change: AddColumn, schema: Schema) -> bool:
    """Old rows get a value that differs from row to row, so each is written again."""
    column = change.column
    if column.serial or column.identity or column.generated == "stored":
        return True
    if column.generated is None and base_of(column.type, schema)[1]:
        return True  # the domain's check is evaluated row by row, NULLs included
    return column.default is not None and volatility(column.default, schema) in (
        Volatility.VOLATILE,
        Volatility.UNKNOWN,
    )


def _not_understood(change: AddColumn, at: Situation) -> str | None:
    table = at.schema.tables.get(change.table)
    if change.column.generated == "virtual" and at.version < SINCE["virtual generated column"]:
        return "42601"
    partitioned = table is not None and table.kind == "partitioned"
    if change.column.identity and partitioned and at.version < SINCE["identity on partitioned"]:
        return "42P16"
    return None


def _inline(change: AddColumn, constraint: Constraint, at: Situation) -> Effects:
    own = filled(at.schema, change.table)
    match constraint.kind:
        case ConstraintKind.CHECK if constraint.valid:
            return scans(own)
        case ConstraintKind.UNIQUE | ConstraintKind.PRIMARY_KEY:
            default = change.column.default
            same = (
                default is not None
                and not default.null
                and volatility(default, at.schema) is not Volatility.VOLATILE
            )
            return replace(scans(own), may_fail=frozenset({"23505"} if same and own else ()))
        case ConstraintKind.FOREIGN_KEY:
            default = change.column.default
            if default is None:
                return foreign_key(change.table, replace(constraint, valid=False), at)
            if default.null:
                return both(foreign_key(change.table, replace(constraint, valid=False), at), scans(own))
            return foreign_key(change.table, constraint, at)
        case _:
            return Effects()


def drop_column(change: DropColumn, at: Situation) -> Effects:
    """DROP COLUMN with the keys, views and sequences that go with it."""
    schema = at.schema
    found = locks("drop column", *everyone(schema, change.table))
    table = schema.tables.get(change.table)
    column = table.column(change.column) if table else None
    if table is None or column is None:
        return replace(found, assumed=unknown(schema, change.table))
    if not change.cascade and _is_needed(table, change.column, schema):
        return refused("2BP01")
    parents = [
        each.references for each in table.constraints if each.references and change.column in each.columns
    ]
    found = both(found, locks("referenced by dropped foreign key", *(each for each in parents if each)))
    if change.cascade:
        children = [
            other.name
            for other, key in schema.referencing(table.name)
            if change.column in key.referenced_columns
        ]
        views = [each.name for each in schema.around(table.name) if _shows(each, table.name, change.column)]
        found = both(found, locks("drop column", *children), locks("drop view", *views))
    if column.serial or column.identity:
        owned = [name for name, owner in schema.sequences.items() if owner == table.name]
        found = both(found, locks("drop sequence", *owned))
    return found


def _is_needed(table: Table, column: str, schema: Schema) -> bool:
    if any(column in each.generated_from for each in table.columns):
        return True
    if any(_shows(each, table.name, column) for each in schema.around(table.name)):
        return True
    return any(column in key.referenced_columns for _, key in schema.referencing(table.name))


def _shows(view: Table, table: str, column: str) -> bool:
    return (table, column) in view.depends_on


def set_not_null(change: SetNotNull, at: Situation) -> Effects:
    """SET NOT NULL: a scan of every table whose column is not proved."""
    schema = at.schema
    unproved = [
        name
        for name in filled(schema, change.table)
        if not proven(schema.tables.get(name), change.column, at)
    ]
    found = both(locks("set not null", *everyone(schema, change.table)), scans(unproved))
    return replace(
        found,
        may_fail=frozenset({"23502"} if unproved else ()),
        assumed=unknown(schema, change.table) if unproved else (),
    )


def drop_not_null(change: DropNotNull, at: Situation) -> Effects:
    """DROP NOT NULL, refused on keys and identity columns."""
    table = at.schema.tables.get(change.table)
    column = table.column(change.column) if table else None
    if column is not None and column.identity:
        return refused("42601")
    if table is not None and table.primary_key is not None and change.column in table.primary_key.columns:
        return refused("42P16")
    return locks("drop not null", *everyone(at.schema, change.table))


def alter_column_type(change: AlterColumnType, at: Situation) -> Effects:
    """ALTER COLUMN TYPE, with the keys on either side of it."""
    schema = at.schema
    found = locks("alter column type", *everyone(schema, change.table))
    table = schema.tables.get(change.table)
    column = table.column(change.column) if table else None
    if table is not None and (reason := _type_refused(table, change, schema)):
        return refused(reason)
    cost = type_cost(change, at)
    found = both(found, _type_work(change, cost, at), _type_keys(change, cost, at))
    if column is not None and column.identity:
        owned = [name for name, owner in schema.sequences.items() if owner == change.table]
        found = both(found, locks("alter sequence", *owned))
    if may_cut(column.type if column else None, change.type) and filled(schema, change.table):
        found = replace(found, may_fail=found.may_fail | {"22001", "22003", "22P02", "22026"})
    if (
        column is not None
        and column.type.name == "bit"
        and change.type.name == "bit"
        and change.using is None
    ):
        found = replace(found, may_fail=found.may_fail | {"22026"})
    return (
        found
        if column is not None
        else replace(found, assumed=(f"the type of {change.table}.{change.column} is not known",))
    )


def type_cost(change: AlterColumnType, at: Situation) -> Conversion:
    """Free, indexes only, or a rewrite."""
    table = at.schema.tables.get(change.table)
    column = table.column(change.column) if table else None
    if column is not None and column.generated == "stored":
        return Conversion.REWRITE
    if change.using is not None and not change.plain_cast:
        return Conversion.REWRITE
    cost = conversion(column.type if column else None, change.type, at.schema, at.time_zone)
    if (
        cost is Conversion.FREE
        and column is not None
        and (change.collation or None) != (column.collation or None)
    ):
        return Conversion.REINDEX
    return cost


def _type_work(change: AlterColumnType, cost: Conversion, at: Situation) -> Effects:
    if cost is Conversion.REWRITE:
        return rewrite(at.schema, change.table)
    rebuilt: list[str] = []
    for name in filled(at.schema, change.table):
        table = at.schema.tables.get(name)
        for index in table.indexes if table else ():
            if change.column in index.expressions or (
                cost is Conversion.REINDEX and change.column in index.mentions
            ):
                rebuilt.append(name)
    return Effects(scans=frozenset(rebuilt), rebuilds=frozenset(rebuilt))


def _type_keys(change: AlterColumnType, cost: Conversion, at: Situation) -> Effects:
    """Foreign keys on either side are checked again when the values may differ; the tables are locked in any case."""
    schema = at.schema
    table = schema.tables.get(change.table)
    others = (
        [each.references for each in table.constraints if each.references and change.column in each.columns]
        if table
        else []
    )
    others += [
        other.name for other, key in schema.referencing(change.table) if _refers(key, change.column, table)
    ]
    found = locks("alter column type", *(each for each in others if each))
    if cost is Conversion.FREE or not others:
        return found
    touched = (change.table, *(each for each in others if each))
    return both(found, scans(name for each in touched for name in filled(schema, each)))


def _refers(key: Constraint, column: str, table: Table | None) -> bool:
    if key.referenced_columns:
        return column in key.referenced_columns
    return table is not None and table.primary_key is not None and column in table.primary_key.columns


def _type_refused(table: Table, change: AlterColumnType, schema: Schema) -> str | None:
    if change.column in table.partition_key:
        return "42P16"
    if any(change.column in each.generated_from for each in table.columns):
        return "0A000"
    if any(_shows(each, table.name, change.column) for each in schema.around(table.name)):
        return "0A000"
    column = table.column(change.column)
    enum = column is not None and schema.types.get(column.type.name)
    if (
        enum
        and enum.kind == "enum"
        and column
        and column.default is not None
        and change.type.name not in ("text", "varchar", column.type.name)
    ):
        return "42804"
    return None


def change_identity(change: ChangeIdentity, at: Situation) -> Effects:
    """ADD, SET and DROP of an identity."""
    found = locks(f"{change.verb} identity", *everyone(at.schema, change.table))
    if change.verb == "add":
        return found
    owned = [name for name, owner in at.schema.sequences.items() if owner == change.table]
    return both(found, locks("drop sequence" if change.verb == "drop" else "alter sequence", *owned))


def change_expression(change: ChangeExpression, at: Situation) -> Effects:
    """SET and DROP EXPRESSION of a generated column."""
    found = locks(f"{change.verb} expression", *everyone(at.schema, change.table))
    if change.verb == "drop":
        return found
    if at.version < SINCE["set expression"]:
        return refused("42601")
    table = at.schema.tables.get(change.table)
    column = table.column(change.column) if table else None
    if column is not None and column.generated == "virtual":
        # The server refuses it while an index, a constraint or a publication could need the values.
        return (
            refused("0A000")
            if table is not None and any(each.kind is ConstraintKind.CHECK for each in table.constraints)
            else found
        )
    return both(found, rewrite(at.schema, change.table))
