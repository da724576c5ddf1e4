"""What a schema is after changes of indexes."""

from midair.model.change import ChangeIndex, CreateIndex, DropIndex
from midair.model.frozen import replace
from midair.model.motion.naming import copied_index, free_name
from midair.model.schema import Schema, bare_name, beside


def create_index(schema: Schema, change: CreateIndex) -> Schema:
    table = schema.known_or_stub(change.table)
    wanted = change.index
    if not change.named:
        wanted = replace(
            wanted, name=beside(change.table, free_name(schema, change.table, bare_name(wanted.name)))
        )
    if wanted.name in schema.index_tables:
        return schema
    index = replace(wanted, valid=not (change.only and table.kind == "partitioned"))
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
            indexes = (*child.indexes, copied_index(index, name, table))
        schema = schema.put(replace(child, indexes=indexes))
    return schema


def drop_index(schema: Schema, change: DropIndex) -> Schema:
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


def change_index(schema: Schema, change: ChangeIndex) -> Schema:
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
