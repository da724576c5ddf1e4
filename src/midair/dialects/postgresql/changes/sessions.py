"""Settings, transactions, maintenance, rights and the server's own objects."""

from collections.abc import Iterator
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.create import owner_of
from midair.dialects.postgresql.changes.expressions import sql_of
from midair.dialects.postgresql.changes.names import dotted, identifier, object_name, relation
from midair.model.change import (
    AddEnumValue,
    Change,
    ChangeDomain,
    ChangePart,
    ChangeSequence,
    ChangeServer,
    ChangeTable,
    Maintain,
    RefreshView,
    Reindex,
    RenameEnumValue,
    SetSetting,
    Transaction,
)


def setting(tree: Any) -> Iterator[Change]:
    """SET, SET LOCAL, RESET."""

    if tree.kind == pb.VAR_SET_VALUE:
        value = ", ".join(_value(each) for each in tree.args)
        yield SetSetting(tree.name.lower(), value, tree.is_local)
    elif tree.kind == pb.VAR_SET_MULTI:
        yield SetSetting(tree.name.lower(), "", tree.is_local)
    else:
        yield SetSetting(tree.name.lower(), None, tree.is_local)


def _value(node: Any) -> str:
    if node.WhichOneof("node") == "a_const" and node.a_const.HasField("sval"):
        return node.a_const.sval.sval
    return sql_of(node)


_VERBS = {
    "BEGIN": "begin", "START": "begin", "COMMIT": "commit", "ROLLBACK": "rollback", "SAVEPOINT": "savepoint",
    "RELEASE": "release", "ROLLBACK_TO": "rollback to", "PREPARE": "prepare", "COMMIT_PREPARED": "commit prepared",
    "ROLLBACK_PREPARED": "rollback prepared",
}  # fmt: skip


def transaction(tree: Any) -> Iterator[Change]:
    """BEGIN, COMMIT and kin."""

    yield Transaction(_VERBS[pb.TransactionStmtKind.Name(tree.kind).removeprefix("TRANS_STMT_")])


def vacuum(tree: Any) -> Iterator[Change]:
    """VACUUM and ANALYZE."""
    options = {each.def_elem.defname.lower(): each.def_elem.arg for each in tree.options}
    tables = [relation(each.vacuum_relation.relation) for each in tree.rels] or [None]
    verb = "vacuum full" if _is_on(options, "full") else "vacuum" if tree.is_vacuumcmd else "analyze"
    for table in tables:
        yield Maintain(verb, table, truncates="truncate" not in options or _is_on(options, "truncate"))


def _is_on(options: dict[str, Any], name: str) -> bool:
    if name not in options:
        return False
    node = options[name]
    match node.WhichOneof("node"):
        case None:
            return True
        case "string":
            return node.string.sval.lower() in ("true", "on", "1")
        case "boolean":
            return bool(node.boolean.boolval)
        case _:
            return bool(node.integer.ival)


def cluster(tree: Any) -> Iterator[Change]:
    """CLUSTER, of one table or of all."""
    yield Maintain("cluster", relation(tree.relation) if tree.HasField("relation") else None)


def reindex(tree: Any) -> Iterator[Change]:
    """REINDEX."""

    kind = pb.ReindexObjectType.Name(tree.kind).removeprefix("REINDEX_OBJECT_").lower()
    options = {each.def_elem.defname: each.def_elem.arg for each in tree.params}
    name = (
        relation(tree.relation) if tree.HasField("relation") else identifier(tree.name) if tree.name else None
    )
    yield Reindex(kind, name, _is_on(options, "concurrently"), "tablespace" in options)


def refresh(tree: Any) -> Iterator[Change]:
    """REFRESH MATERIALIZED VIEW."""
    yield RefreshView(relation(tree.relation), tree.concurrent, not tree.skip_data)


def enum(tree: Any) -> Iterator[Change]:
    """ALTER TYPE … ADD VALUE and RENAME VALUE."""
    name = dotted(tree.type_name)
    if tree.old_val:
        yield RenameEnumValue(name, tree.old_val, tree.new_val)
    else:
        yield AddEnumValue(name, tree.new_val, tree.skip_if_new_val_exists, bool(tree.new_val_neighbor))


def domain(tree: Any) -> Iterator[Change]:
    """ALTER DOMAIN."""

    name = dotted(tree.type_name)
    match chr(tree.subtype) if isinstance(tree.subtype, int) else tree.subtype:
        case "C":
            valid = not getattr(tree, "def").constraint.skip_validation
            yield ChangeDomain(name, "add constraint" if valid else "add constraint not valid", True)
        case "V":
            yield ChangeDomain(name, "validate")
        case "O":
            yield ChangeDomain(name, "set not null", True)
        case "X":
            yield ChangeDomain(
                name, "drop constraint cascade" if tree.behavior == pb.DROP_CASCADE else "drop constraint"
            )
        case _:
            yield ChangeDomain(name, "other")


def sequence(tree: Any) -> Iterator[Change]:
    """ALTER SEQUENCE."""
    restarts = any(each.def_elem.defname in ("restart", "start") for each in tree.options)
    yield ChangeSequence(relation(tree.sequence), owner_of(tree.options), restarts)


def policy(tree: Any, verb: str) -> Iterator[Change]:
    """CREATE and ALTER POLICY."""
    yield ChangePart(verb, "policy", relation(tree.table), identifier(tree.policy_name))


def rule(tree: Any) -> Iterator[Change]:
    """CREATE RULE."""
    yield ChangePart("create", "rule", relation(tree.relation), identifier(tree.rulename))


def grant(tree: Any) -> Iterator[Change]:
    """GRANT and REVOKE."""

    on_tables = (
        tree.objtype in (pb.OBJECT_TABLE, pb.OBJECT_SEQUENCE) and tree.targtype == pb.ACL_TARGET_OBJECT
    )
    relations = tuple(relation(each.range_var) for each in tree.objects) if on_tables else ()
    yield ChangeServer("grant" if tree.is_grant else "revoke", relations)


def publication(tree: Any) -> Iterator[Change]:
    """CREATE and ALTER PUBLICATION, with the tables they name."""
    objects = [each.publication_obj_spec for each in tree.pubobjects]
    tables = tuple(relation(each.pubtable.relation) for each in objects if each.HasField("pubtable"))
    yield ChangeServer("publication", tables, identifier(tree.pubname))


def table_trigger(tree: Any) -> Iterator[Change]:
    """ALTER TABLE … in forms that have a statement of their own."""
    yield ChangeTable(relation(tree.relation), "change owner")


def server(kind: str, tree: Any) -> Iterator[Change]:
    """A statement that touches no table of the schema, by its kind: `create_extension_stmt`."""
    words = kind.removesuffix("_stmt").replace("_", " ")
    subject = getattr(tree, "extname", "") or getattr(tree, "dbname", "") or getattr(tree, "schemaname", "")
    if kind == "comment_stmt":
        subject = object_name(tree.object)
    yield ChangeServer(words, subject=identifier(subject) if subject else None)
