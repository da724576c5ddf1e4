"""What a statement of a schema dump defines, and the statement that takes it away."""

from dataclasses import dataclass
from typing import Any

from midair.model.statement import quoted


@dataclass(frozen=True, slots=True)
class Named:
    """One object. `table` is the qualified name of the table it is part of, `None` where it stands by itself."""

    kind: str
    name: str
    table: str | None = None

    def drop(self) -> str:
        """What takes it away."""
        match self.kind:
            case "CONSTRAINT":
                return f"ALTER TABLE {self.table} DROP CONSTRAINT {self.name}"
            case "DEFAULT":
                return f"ALTER TABLE {self.table} ALTER COLUMN {self.name} DROP DEFAULT"
            case "TRIGGER":
                return f"DROP TRIGGER {self.name} ON {self.table}"
            case _:
                return f"DROP {self.kind} {self.name}"


REPLACEABLE = frozenset({"INDEX", "VIEW", "MATERIALIZED VIEW", "CONSTRAINT", "TRIGGER"})
"""What is dropped and made again where its definition is another: nothing is kept in it that is not in its table."""


def named(tree: Any) -> Named | None:
    """What a statement defines; `None` for what midair writes no DROP for."""
    kind = tree.WhichOneof("node")
    node = getattr(tree, kind)
    match kind:
        case "create_stmt":
            return Named("TABLE", relation_name(node.relation), relation_name(node.relation))
        case "index_stmt":
            table = relation_name(node.relation)
            return Named("INDEX", quoted(node.relation.schemaname, node.idxname), table)
        case "view_stmt":
            return Named("VIEW", relation_name(node.view))
        case "create_table_as_stmt":
            return Named("MATERIALIZED VIEW", relation_name(node.into.rel))
        case "create_seq_stmt":
            return Named("SEQUENCE", relation_name(node.sequence))
        case "create_trig_stmt":
            return Named("TRIGGER", quoted(node.trigname), relation_name(node.relation))
        case "create_enum_stmt":
            return Named("TYPE", quoted(*(each.string.sval for each in node.type_name)))
        case "create_domain_stmt":
            return Named("DOMAIN", quoted(*(each.string.sval for each in node.domainname)))
        case "alter_table_stmt" if len(node.cmds) == 1:
            return _of_table(node)
        case _:
            return None


def _of_table(node: Any) -> Named | None:
    command, table = node.cmds[0].alter_table_cmd, relation_name(node.relation)
    definition = command.__getattribute__("def")
    if definition.WhichOneof("node") == "constraint" and definition.constraint.conname and not command.name:
        return Named("CONSTRAINT", quoted(definition.constraint.conname), table)
    if definition.WhichOneof("node") == "func_call" and command.name:  # the default of a serial column
        return Named("DEFAULT", quoted(command.name), table)
    return None


def relation_name(relation: Any) -> str:
    """A relation's name with its schema, quoted."""
    return quoted(*(each for each in (relation.schemaname, relation.relname) if each))


def owner_of_sequence(tree: Any) -> tuple[str, str, str] | None:
    """`ALTER SEQUENCE … OWNED BY`: the sequence, the table, the column."""
    if tree.WhichOneof("node") != "alter_seq_stmt":
        return None
    node = tree.alter_seq_stmt
    for each in node.options:
        if each.def_elem.defname == "owned_by":
            *table, column = (item.string.sval for item in each.def_elem.arg.list.items)
            return relation_name(node.sequence), quoted(*table), quoted(column)
    return None
