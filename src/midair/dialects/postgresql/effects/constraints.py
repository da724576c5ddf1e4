"""What constraints cost: to add, validate, change and drop."""

from midair.dialects.postgresql.effects.cost import (
    Situation,
    both,
    everyone,
    filled,
    locks,
    refused,
    scans,
    unknown,
)
from midair.dialects.postgresql.facts import SINCE, lock
from midair.model.change import (
    AddConstraint,
    AlterConstraint,
    Constraint,
    ConstraintKind,
    DropConstraint,
    ValidateConstraint,
)
from midair.model.effects import Effects, LockLevel
from midair.model.frozen import replace
from midair.model.schema import Schema, Table


def proven(table: Table | None, column: str, at: Situation) -> bool:
    """The server can tell without looking that the column holds no NULL (safety-rules.md, facts 19 and 20)."""
    if table is None:
        return False
    unvalidated = any(
        each.kind is ConstraintKind.NOT_NULL and each.columns == (column,) and not each.valid
        for each in table.constraints
    )
    found = table.column(column)
    if found is not None and found.not_null and not unvalidated:
        return True
    return any(
        column in each.proves_not_null and each.valid and each.enforced and each.name not in at.dropped
        for each in table.constraints
        if each.kind is ConstraintKind.CHECK
    )


def add_constraint(change: AddConstraint, at: Situation) -> Effects:
    """ADD CONSTRAINT of every kind."""
    constraint = change.constraint
    if not constraint.enforced and at.version < SINCE["enforced"]:
        return refused("42601")
    match constraint.kind:
        case ConstraintKind.CHECK:
            return _add_check(change, at)
        case ConstraintKind.FOREIGN_KEY:
            return foreign_key(change.table, constraint, at)
        case ConstraintKind.NOT_NULL:
            return _add_not_null(change, at)
        case ConstraintKind.UNIQUE | ConstraintKind.PRIMARY_KEY:
            return _add_key(change, at)
        case ConstraintKind.EXCLUDE:
            return both(
                locks("add exclude", *everyone(at.schema, change.table)),
                scans(filled(at.schema, change.table)),
            )


def _add_check(change: AddConstraint, at: Situation) -> Effects:
    tables = (change.table,) if change.constraint.no_inherit else everyone(at.schema, change.table)
    found = locks("add check", *tables)
    if not change.constraint.valid:
        return found
    checked = [
        name
        for name in filled(at.schema, change.table)
        if not _has_equal(at.schema.tables.get(name), change.constraint)
    ]
    return replace(both(found, scans(checked)), may_fail=frozenset({"23514"} if checked else ()))


def _has_equal(table: Table | None, constraint: Constraint) -> bool:
    return table is not None and any(
        each.clause == constraint.clause and each.valid and each.name == constraint.name
        for each in table.constraints
    )


def _add_not_null(change: AddConstraint, at: Situation) -> Effects:
    if at.version < SINCE["not null constraint"]:
        return refused("42601")
    found = locks("add not null", *everyone(at.schema, change.table))
    if not change.constraint.valid:
        return found
    (column,) = change.constraint.columns
    unproved = [
        name for name in filled(at.schema, change.table) if not proven(at.schema.tables.get(name), column, at)
    ]
    return replace(both(found, scans(unproved)), may_fail=frozenset({"23502"} if unproved else ()))


def foreign_key(table: str, constraint: Constraint, at: Situation) -> Effects:
    """A new foreign key: both sides are locked, with their partitions; both are read unless nothing is there to check."""
    schema = at.schema
    other = constraint.references or ""
    here = schema.tables.get(table)
    partitioned = here is not None and here.kind == "partitioned"
    if (
        partitioned
        and not constraint.valid
        and constraint.enforced
        and at.version < SINCE["not valid foreign key on partitioned"]
    ):
        return refused("42809")
    locked = both(
        locks("add foreign key", *everyone(schema, table)),
        locks("referenced by new foreign key", *everyone(schema, other)),
    )
    if not constraint.valid:
        return locked
    children = [schema.tables[each] for each in schema.children(table)] if partitioned else []
    if children and all(_has_key(each, constraint) for each in children):
        return both(locked, locks(lock("referenced by dropped foreign key"), other))
    mine = filled(schema, table)
    if not mine:
        return locked
    return replace(both(locked, scans((*mine, *filled(schema, other)))), may_fail=frozenset({"23503"}))


def _has_key(table: Table, constraint: Constraint) -> bool:
    return any(
        each.kind is ConstraintKind.FOREIGN_KEY
        and each.valid
        and each.references == constraint.references
        and each.columns == constraint.columns
        for each in table.constraints
    )


def _add_key(change: AddConstraint, at: Situation) -> Effects:
    schema, constraint = at.schema, change.constraint
    table = schema.tables.get(change.table)
    if constraint.using_index:
        return _adopt(change, table, at)
    if (
        constraint.kind is ConstraintKind.PRIMARY_KEY
        and table is not None
        and at.version >= SINCE["not null constraint"]
    ):
        pending = [
            each.columns
            for each in table.constraints
            if each.kind is ConstraintKind.NOT_NULL and not each.valid
        ]
        if any((column,) in pending for column in constraint.columns):
            return refused("55000")
    row = "add primary key" if constraint.kind is ConstraintKind.PRIMARY_KEY else "add unique"
    if table is None or table.kind != "partitioned" or change.only:
        built = scans(filled(schema, change.table) if not change.only else ())
        return replace(
            both(locks(row, change.table), built), may_fail=frozenset({"23505"} if built.scans else ())
        )
    children = schema.children(change.table)
    level = lock(row) if at.version >= SINCE["partitioned unique locks partitions fully"] else LockLevel.SHARE
    adopted = all(_has_unique(schema.tables[each], constraint) for each in children)
    return both(
        locks(row, change.table),
        locks(level, *children),
        scans(() if adopted else filled(schema, change.table)),
    )


def _has_unique(table: Table, constraint: Constraint) -> bool:
    return any(
        each.kind is constraint.kind and each.columns == constraint.columns for each in table.constraints
    )


def _adopt(change: AddConstraint, table: Table | None, at: Situation) -> Effects:
    """USING INDEX: nothing is built, but the index must fit and a primary key's columns be NOT NULL."""
    found = locks("add unique", change.table)
    if table is None:
        return found
    if table.kind == "partitioned":
        return refused("0A000")
    index = table.index(change.constraint.using_index or "")
    if index is None:
        return replace(found, assumed=unknown(at.schema, change.table))
    if not index.valid:
        return refused("55000")
    if not index.plain or not index.unique:
        return refused("42809")
    if change.constraint.kind is not ConstraintKind.PRIMARY_KEY:
        return found
    unproved = [each for each in index.columns if not proven(table, each, at)]
    return both(found, scans(filled(at.schema, change.table) if unproved else ()))


def validate_constraint(change: ValidateConstraint, at: Situation) -> Effects:
    """VALIDATE: a scan under a weak lock, unless it is valid already."""
    schema = at.schema
    found = locks("validate constraint", *everyone(schema, change.table))
    table = schema.tables.get(change.table)
    constraint = table.constraint(change.name) if table else None
    if constraint is None:
        return replace(
            both(locks("validate constraint", change.table), scans(filled(schema, change.table))),
            assumed=(f"{change.name} is not known",),
        )
    if constraint.valid:
        return locks("validate constraint", change.table)
    codes = {ConstraintKind.FOREIGN_KEY: "23503", ConstraintKind.NOT_NULL: "23502"}
    failure = frozenset({codes.get(constraint.kind, "23514")})
    if constraint.references:
        read = (*filled(schema, change.table), *filled(schema, constraint.references))
        other = locks("referenced by validated foreign key", constraint.references)
        return replace(both(found, other, scans(read)), may_fail=failure)
    return replace(both(found, scans(filled(schema, change.table))), may_fail=failure)


def alter_constraint(change: AlterConstraint, at: Situation) -> Effects:
    """ALTER CONSTRAINT: deferrability is a catalog entry, enforcement is a check of every row."""
    schema = at.schema
    found = locks("alter constraint", *everyone(schema, change.table))
    if change.enforced is None:
        return found
    if at.version < SINCE["enforced"]:
        return refused("42601")
    table = schema.tables.get(change.table)
    constraint = table.constraint(change.name) if table else None
    if constraint is None:
        return replace(found, assumed=(f"{change.name} is not known",))
    if constraint.kind is not ConstraintKind.FOREIGN_KEY or constraint.references is None:
        return refused("42809")
    if not change.enforced:
        return both(found, locks("referenced by dropped foreign key", constraint.references))
    read = (*filled(schema, change.table), *filled(schema, constraint.references))
    return both(found, locks("referenced by new foreign key", constraint.references), scans(read))


def drop_constraint(change: DropConstraint, at: Situation) -> Effects:
    """DROP CONSTRAINT: a foreign key locks the other table too."""
    schema = at.schema
    found = locks("drop constraint", *everyone(schema, change.table))
    table = schema.tables.get(change.table)
    constraint = table.constraint(change.name) if table else None
    if constraint is None:
        return (
            found
            if change.if_exists and table and table.known
            else replace(found, assumed=(f"{change.name} is not known",))
        )
    if constraint.references:
        return both(found, locks("referenced by dropped foreign key", constraint.references))
    users = _users(schema, change.table, constraint)
    if not users:
        return found
    return (
        both(found, locks("referenced by dropped foreign key", *users))
        if change.cascade
        else refused("2BP01")
    )


def _users(schema: Schema, table: str, constraint: Constraint) -> tuple[str, ...]:
    if constraint.kind not in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE):
        return ()
    default = constraint.columns if constraint.kind is ConstraintKind.PRIMARY_KEY else ()
    return tuple(
        other.name
        for other, key in schema.referencing(table)
        if (key.referenced_columns or default) == constraint.columns
    )
