"""DROP, ALTER … RENAME, SET SCHEMA, OWNER TO."""

from collections.abc import Iterator
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.names import dotted, identifier, object_name, relation, strings
from midair.model.change import (
    Change,
    ChangeComposite,
    ChangePart,
    ChangeServer,
    ChangeTable,
    DropIndex,
    DropObject,
    DropTable,
    MoveTable,
    RenameColumn,
    RenameConstraint,
    RenameObject,
    RenameTable,
)


def word_of(object_type: int) -> str:
    """An object's kind as SQL says it: `OBJECT_MATVIEW` → `materialized view`."""
    name: str = pb.ObjectType.Name(object_type).removeprefix("OBJECT_").lower().replace("_", " ")
    return {"matview": "materialized view", "statistic ext": "statistics", "tabconstraint": "constraint"}.get(
        name, name
    )


def drop(tree: Any) -> Iterator[Change]:
    """DROP of anything, one change an object."""

    cascade = tree.behavior == pb.DROP_CASCADE
    word = word_of(tree.remove_type)
    for node in tree.objects:
        match word:
            case "table":
                yield DropTable(object_name(node), tree.missing_ok, cascade)
            case "index":
                yield DropIndex(
                    object_name(node), tree.concurrent, tree.missing_ok, cascade, len(tree.objects)
                )
            case "trigger" | "rule" | "policy":
                *table, name = node.list.items
                yield ChangePart("drop", word, dotted(table), identifier(name.string.sval), tree.missing_ok)
            case "procedure" | "routine" | "aggregate":
                yield DropObject("function", object_name(node), tree.missing_ok, cascade)
            case _:
                yield DropObject(word, object_name(node), tree.missing_ok, cascade)


def rename(tree: Any) -> Iterator[Change]:
    """ALTER … RENAME of anything."""

    word, new = word_of(tree.rename_type), identifier(tree.newname)
    match tree.rename_type:
        case (
            pb.OBJECT_TABLE
            | pb.OBJECT_VIEW
            | pb.OBJECT_MATVIEW
            | pb.OBJECT_INDEX
            | pb.OBJECT_SEQUENCE
            | pb.OBJECT_FOREIGN_TABLE
        ):
            yield RenameTable(relation(tree.relation), new, word)
        case pb.OBJECT_COLUMN:
            yield RenameColumn(relation(tree.relation), identifier(tree.subname), new)
        case pb.OBJECT_TABCONSTRAINT:
            yield RenameConstraint(relation(tree.relation), identifier(tree.subname), new)
        case pb.OBJECT_TRIGGER | pb.OBJECT_RULE | pb.OBJECT_POLICY:
            yield ChangePart("rename", word, relation(tree.relation), identifier(tree.subname))
        case pb.OBJECT_ATTRIBUTE:
            yield ChangeComposite(relation(tree.relation), cascade=tree.behavior == pb.DROP_CASCADE)
        case pb.OBJECT_DOMCONSTRAINT:
            yield ChangeServer("rename domain constraint", subject=object_name(tree.object))
        case pb.OBJECT_SCHEMA | pb.OBJECT_DATABASE | pb.OBJECT_ROLE:
            yield RenameObject(word, identifier(tree.subname), new)
        case _:
            name = object_name(tree.object) if tree.HasField("object") else identifier(tree.subname)
            yield RenameObject("function" if word in ("procedure", "routine") else word, name, new)


def set_schema(tree: Any) -> Iterator[Change]:
    """ALTER … SET SCHEMA."""

    if tree.object_type in (
        pb.OBJECT_TABLE,
        pb.OBJECT_VIEW,
        pb.OBJECT_MATVIEW,
        pb.OBJECT_SEQUENCE,
        pb.OBJECT_FOREIGN_TABLE,
    ):
        yield MoveTable(relation(tree.relation), identifier(tree.newschema))
    else:
        yield ChangeServer(f"set schema of {word_of(tree.object_type)}", subject=object_name(tree.object))


def owner(tree: Any) -> Iterator[Change]:
    """ALTER … OWNER TO, for what is not a table."""
    if tree.HasField("relation"):
        yield ChangeTable(relation(tree.relation), "change owner")
    else:
        yield ChangeServer("change owner", subject=object_name(tree.object))


def comment(tree: Any) -> Iterator[Change]:
    """COMMENT ON: a weak lock on a table or index, none worth naming on the rest."""

    if tree.objtype in (
        pb.OBJECT_TABLE,
        pb.OBJECT_VIEW,
        pb.OBJECT_MATVIEW,
        pb.OBJECT_INDEX,
        pb.OBJECT_SEQUENCE,
    ):
        yield ChangeServer("comment", (object_name(tree.object),))
    elif tree.objtype == pb.OBJECT_COLUMN:
        *table, column = tree.object.list.items
        yield ChangeServer("comment", (dotted(table),), dotted([column]))
    elif tree.objtype in (pb.OBJECT_TABCONSTRAINT, pb.OBJECT_TRIGGER, pb.OBJECT_POLICY, pb.OBJECT_RULE):
        yield ChangeServer("comment on part", (dotted(tree.object.list.items[:-1]),))
    else:
        yield ChangeServer("comment elsewhere", subject=" ".join(strings(tree.object.list.items)) or None)
