"""What a schema is after changes of tables and views."""

from collections.abc import Iterator

from midair.model.change import (
    AttachPartition,
    Constraint,
    ConstraintKind,
    CreateTable,
    CreateView,
    DetachPartition,
    DropTable,
    Insert,
    Mention,
    MoveTable,
    RefreshView,
    RenameTable,
    Truncate,
)
from midair.model.frozen import replace
from midair.model.motion.naming import (
    copied_index,
    handed_down,
    inherited,
    sequence_of,
    with_free_names,
)
from midair.model.schema import Schema, Table, bare_name, beside


def create_table(schema: Schema, change: CreateTable) -> Schema:
    if schema.exists(change.table) and change.if_not_exists:
        return schema
    columns = change.columns
    constraints, indexes = with_free_names(schema, change.table, change.constraints, change.indexes)
    for source in (change.partition_of, *change.inherits, *change.like):
        given = schema.tables.get(source) if source else None
        if given is None:
            continue
        have = {each.name for each in columns}
        columns = tuple(handed_down(each) for each in given.columns if each.name not in have) + columns
        if source == change.partition_of:
            indexes += tuple(copied_index(each, change.table, given) for each in given.indexes)
            constraints += tuple(inherited(each, indexes) for each in given.constraints)
    parents = change.inherits + ((change.partition_of,) if change.partition_of else ())
    checked = tuple(name for name in not_null_by_key(constraints))
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
            name = sequence_of(replace(schema, sequences=sequences), change.table, column.name)
            sequences[name] = change.table
            table = table.with_column(replace(table.column(column.name) or column, sequence=name))
    return replace(schema, sequences=sequences).put(table)


def not_null_by_key(constraints: tuple[Constraint, ...]) -> Iterator[str]:
    for each in constraints:
        if each.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL):
            yield from each.columns


def drop_table(schema: Schema, change: DropTable) -> Schema:
    return schema.without(change.table)


def rename_table(schema: Schema, change: RenameTable) -> Schema:
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
    return moved(schema, change.table, new)


def moved(schema: Schema, name: str, new: str) -> Schema:
    table = schema.tables.get(name)
    if table is None:
        return schema
    schema = schema.put(replace(table, name=new), was=name)
    sequences = {key: new if owner == name else owner for key, owner in schema.sequences.items()}
    schema = replace(schema, sequences=sequences)
    for other in schema.around(name):
        constraints = tuple(
            replace(each, references=new) if each.references == name else each for each in other.constraints
        )
        parents = tuple(new if each == name else each for each in other.parents)
        reads = tuple(new if each == name else each for each in other.reads)
        depends = frozenset((new if each == name else each, column) for each, column in other.depends_on)
        if (constraints, parents, reads) != (other.constraints, other.parents, other.reads):
            schema = schema.put(
                replace(other, constraints=constraints, parents=parents, reads=reads, depends_on=depends)
            )
    return schema


def move_table(schema: Schema, change: MoveTable) -> Schema:
    prefix = "" if change.new_schema == "public" else change.new_schema + "."
    table = schema.tables.get(change.table)
    if table is not None:
        indexes = tuple(replace(each, name=prefix + bare_name(each.name)) for each in table.indexes)
        schema = schema.put(replace(table, indexes=indexes))
    return moved(schema, change.table, prefix + bare_name(change.table))


def attach(schema: Schema, change: AttachPartition) -> Schema:
    child, parent = schema.known_or_stub(change.partition), schema.known_or_stub(change.table)
    for index in parent.indexes:
        twin = next((each for each in child.indexes if each.keys == index.keys and each.parent is None), None)
        if twin is None:
            child = replace(child, indexes=(*child.indexes, copied_index(index, child.name, parent)))
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


def detach(schema: Schema, change: DetachPartition) -> Schema:
    child = schema.known_or_stub(change.partition)
    indexes = tuple(replace(each, parent=None) for each in child.indexes)
    return schema.put(replace(child, parents=(), is_partition=False, is_default=False, indexes=indexes))


def insert(schema: Schema, change: Insert) -> Schema:
    table = schema.tables.get(change.table)
    if table is None or not table.empty:
        return schema
    targets = (table.name, *schema.children(table.name))
    for name in targets:
        schema = schema.put(replace(schema.tables[name], empty=False))
    return schema


def truncate(schema: Schema, change: Truncate) -> Schema:
    for name in change.tables:
        table = schema.tables.get(name)
        if table is not None:
            schema = schema.put(replace(table, empty=True))
    return schema


def create_view(schema: Schema, change: CreateView) -> Schema:
    if change.view in schema.tables and not change.replace:
        return schema
    kind = "materialized view" if change.materialized else "view"
    below = [table for each in change.reads if (table := schema.tables.get(each)) is not None]
    depends = frozenset(pair for each in change.mentions for pair in _meant(each, schema))
    columns = change.columns
    if columns is None and change.everything and len(below) == 1 == len(change.reads):
        columns = _names(below[0])
    return schema.put(
        Table(
            change.view, kind=kind, known=False, reads=change.reads, view_columns=columns, depends_on=depends
        )
    )


def _meant(mention: Mention, schema: Schema) -> Iterator[tuple[str, str]]:
    """The tables and columns a name in a query stands for: those of the nearest query that has it."""
    for level in mention.among:
        found = [
            (table.name, name)
            for each in level
            if (table := schema.tables.get(each)) is not None
            for name in _names(table)
            if mention.column in ("*", name)
        ]
        if found:
            yield from found
            return


def _names(table: Table) -> tuple[str, ...]:
    """A table's or view's columns, as far as they are known."""
    return table.view_columns or tuple(each.name for each in table.columns)


def refresh(schema: Schema, change: RefreshView) -> Schema:
    return schema
