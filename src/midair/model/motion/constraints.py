"""What a schema is after changes of constraints."""

from midair.model.change import (
    AddConstraint,
    AlterConstraint,
    Constraint,
    ConstraintKind,
    DropConstraint,
    Index,
    RenameConstraint,
    SetNotNull,
    ValidateConstraint,
)
from midair.model.frozen import replace
from midair.model.motion.columns import set_not_null
from midair.model.motion.naming import copied_index, with_free_name
from midair.model.schema import Schema, beside


def add_constraint(schema: Schema, change: AddConstraint) -> Schema:
    constraint, index = with_free_name(schema, change.table, change.constraint, change.index)
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
        elif index is not None and name == change.table:
            indexes = (*indexes, index)
        added = replace(constraint, columns=columns)
        schema = schema.put(replace(table, constraints=(*table.constraints, added), indexes=indexes))
    if index is not None and not change.only and schema.tables[change.table].kind == "partitioned":
        schema = _on_partitions(schema, change.table, constraint, index)
    if constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL):
        table = schema.tables[change.table]
        for column in table.constraints[-1].columns:
            schema = set_not_null(schema, SetNotNull(change.table, column))
    return schema


def _on_partitions(schema: Schema, table: str, constraint: Constraint, index: Index) -> Schema:
    """A key of a partitioned table on its partitions: one they have already is adopted, else one is made."""
    parent = schema.tables[table]
    for name in schema.children(table):
        child = schema.tables[name]
        same = [
            each.name
            for each in child.constraints
            if each.kind is constraint.kind and each.columns == constraint.columns
        ]
        if same:
            indexes = tuple(
                replace(each, parent=index.name) if each.constraint == same[0] else each
                for each in child.indexes
            )
            schema = schema.put(replace(child, indexes=indexes))
            continue
        made = copied_index(index, name, parent)
        key, behind = with_free_name(
            schema, name, replace(constraint, name=made.constraint or made.name, named=False), made
        )
        indexes = child.indexes + ((behind,) if behind else ())
        schema = schema.put(replace(child, constraints=(*child.constraints, key), indexes=indexes))
    return schema


def drop_constraint(schema: Schema, change: DropConstraint) -> Schema:
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


def validate(schema: Schema, change: ValidateConstraint) -> Schema:
    for name in (change.table, *schema.children(change.table)):
        table = schema.known_or_stub(name)
        constraints = tuple(
            replace(each, valid=True) if each.name == change.name else each for each in table.constraints
        )
        if constraints != table.constraints:
            schema = schema.put(replace(table, constraints=constraints))
    return schema


def alter_constraint(schema: Schema, change: AlterConstraint) -> Schema:
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
            deferred=each.deferred if change.deferrable is None else change.deferred,
            valid=(each.valid and enforced) or bool(change.enforced),
        )

    return schema.put(replace(table, constraints=tuple(changed(each) for each in table.constraints)))


def rename_constraint(schema: Schema, change: RenameConstraint) -> Schema:
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
