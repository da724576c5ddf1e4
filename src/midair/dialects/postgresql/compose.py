"""A statement's text made from another's tree: what rewrites need to say the same thing in safe steps.

Everything here gives `None` where the grammar's library cannot write the tree back, or the tree is
not of the shape asked for: the caller then leaves the statement as its author wrote it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.parse import NotParsed, deparse, statement_of, walk


def actions_of(sql: str) -> tuple[str, ...] | None:
    """Each action of an ALTER TABLE as a statement of its own, in the order the server performs them.

    The server works in passes whatever the order in the text: drops, types, new columns, keys, the
    rest. Source: PostgreSQL 18, tablecmds.c, AlterTablePass.
    """
    kind, tree = statement_of(sql)
    if kind != "alter_table_stmt":
        return None
    commands = sorted(tree.cmds, key=lambda node: _pass_of(node.alter_table_cmd))
    return _all(_with_commands(tree, [each]) for each in commands)


def _pass_of(command: Any) -> int:

    dropped = (pb.AT_DropColumn, pb.AT_DropConstraint, pb.AT_DropNotNull, pb.AT_DropIdentity)
    passes: dict[int, int] = {
        **dict[int, int].fromkeys(dropped, 0),
        pb.AT_AlterColumnType: 1,
        pb.AT_AddColumn: 2,
        pb.AT_SetNotNull: 3,
        pb.AT_AddConstraint: 5,
        pb.AT_ColumnDefault: 5 if command.HasField("def") else 0,
    }
    if command.subtype == pb.AT_AddConstraint:
        kind = getattr(command, "def").constraint.contype
        return 4 if kind in (pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE, pb.CONSTR_EXCLUSION) else 5
    return passes.get(command.subtype, 6)


def parts_of_drop(sql: str) -> tuple[str, ...] | None:
    """DROP INDEX a, b as one statement an object."""
    kind, tree = statement_of(sql)
    if kind != "drop_stmt":
        return None

    def only(position: int) -> Callable[[Any], None]:
        def change(copy: Any) -> None:
            kept = type(tree.objects[position])()
            kept.CopyFrom(tree.objects[position])
            del copy.objects[:]
            copy.objects.append(kept)

        return change

    return _all(deparsed(kind, tree, only(position)) for position in range(len(tree.objects)))


def concurrently(sql: str) -> str | None:
    """The same CREATE INDEX, DROP INDEX, REINDEX, REFRESH or DETACH in its concurrent form."""

    kind, tree = statement_of(sql)

    def change(copy: Any) -> None:
        if kind == "alter_table_stmt":
            getattr(copy.cmds[0].alter_table_cmd, "def").partition_cmd.concurrent = True
        elif kind == "reindex_stmt":
            option = pb.Node()
            option.def_elem.defname, option.def_elem.defaction = "concurrently", pb.DEFELEM_UNSPEC
            copy.params.append(option)
        else:
            copy.concurrent = True

    return deparsed(kind, tree, change) if tree is not None else None


def constraint_not_valid(sql: str, name: str) -> str | None:
    """ALTER TABLE … ADD CONSTRAINT with this name (no quotes), NOT VALID."""

    def change(copy: Any) -> None:
        part = getattr(copy.cmds[0].alter_table_cmd, "def").constraint
        part.conname, part.skip_validation, part.initially_valid = name, True, False

    kind, tree = statement_of(sql)
    return deparsed(kind, tree, change) if _one_constraint(kind, tree) else None


def on_table(sql: str, table: tuple[str, ...]) -> str | None:
    """The same ALTER TABLE on another table."""
    kind, tree = statement_of(sql)
    return (
        deparsed(kind, tree, lambda copy: _point(copy.relation, table))
        if kind == "alter_table_stmt"
        else None
    )


def with_name(sql: str, name: str) -> str | None:
    """ALTER TABLE … ADD CONSTRAINT with this name (no quotes)."""

    def change(copy: Any) -> None:
        getattr(copy.cmds[0].alter_table_cmd, "def").constraint.conname = name

    kind, tree = statement_of(sql)
    return deparsed(kind, tree, change) if _one_constraint(kind, tree) else None


def constraint_only(sql: str, name: str) -> str | None:
    """ALTER TABLE ONLY … ADD CONSTRAINT with this name: the partitions get theirs one by one."""

    def change(copy: Any) -> None:
        getattr(copy.cmds[0].alter_table_cmd, "def").constraint.conname = name
        copy.relation.inh = False

    kind, tree = statement_of(sql)
    return deparsed(kind, tree, change) if _one_constraint(kind, tree) else None


def key_index(sql: str, name: str, table: tuple[str, ...] | None = None) -> str | None:
    """CREATE UNIQUE INDEX CONCURRENTLY for the key an ADD CONSTRAINT asks for, on its table or on this partition."""

    kind, tree = statement_of(sql)
    if not _one_constraint(kind, tree):
        return None
    part = getattr(tree.cmds[0].alter_table_cmd, "def").constraint
    if part.contype not in (pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE) or part.without_overlaps:
        return None
    result = pb.ParseResult()
    made = result.stmts.add().stmt.index_stmt
    made.idxname, made.unique, made.concurrent = name, True, True
    made.relation.CopyFrom(tree.relation)
    if table is not None:
        _point(made.relation, table)
    made.relation.inh, made.access_method = True, "btree"
    made.nulls_not_distinct, made.table_space = part.nulls_not_distinct, part.indexspace
    made.options.extend(part.options)
    for target, names in ((made.index_params, part.keys), (made.index_including_params, part.including)):
        for each in names:
            element = target.add().index_elem
            element.name = each.string.sval
            element.ordering, element.nulls_ordering = pb.SORTBY_DEFAULT, pb.SORTBY_NULLS_DEFAULT
    try:
        return deparse(result)
    except NotParsed:
        return None


def key_using_index(sql: str, name: str, index: str, table: tuple[str, ...] | None = None) -> str | None:
    """ALTER TABLE … ADD CONSTRAINT name UNIQUE or PRIMARY KEY USING INDEX, deferrable as the author said."""

    def change(copy: Any) -> None:
        part = getattr(copy.cmds[0].alter_table_cmd, "def").constraint
        part.conname, part.indexname, part.indexspace = name, index, ""
        part.nulls_not_distinct = False
        del part.keys[:], part.including[:], part.options[:]
        if table is not None:
            _point(copy.relation, table)

    kind, tree = statement_of(sql)
    return deparsed(kind, tree, change) if _one_constraint(kind, tree) else None


def index_on(sql: str, name: str, table: tuple[str, ...], *, only: bool) -> str | None:
    """The same CREATE INDEX on another table; `only` leaves its partitions out, else it is built concurrently."""

    def change(copy: Any) -> None:
        copy.idxname, copy.concurrent, copy.if_not_exists = name, not only, False
        copy.relation.inh = not only
        _point(copy.relation, table)

    kind, tree = statement_of(sql)
    return deparsed(kind, tree, change) if kind == "index_stmt" else None


def _point(range_var: Any, table: tuple[str, ...]) -> None:
    *schema, name = table
    range_var.schemaname, range_var.relname = (schema[0] if schema else ""), name


def _one_constraint(kind: str, tree: Any) -> bool:

    return (
        kind == "alter_table_stmt"
        and len(tree.cmds) == 1
        and tree.cmds[0].alter_table_cmd.subtype == pb.AT_AddConstraint
    )


def _with_commands(tree: Any, commands: list[Any]) -> str | None:
    def change(copy: Any) -> None:
        del copy.cmds[:]
        copy.cmds.extend(commands)

    return deparsed("alter_table_stmt", tree, change)


def deparsed(kind: str, tree: Any, change: Callable[[Any], None]) -> str | None:
    """The text of a changed copy of a tree, and only where reading it again gives that very tree."""
    text, copy = _text_of(kind, tree, change)
    if text is None:
        return None
    again_kind, again = statement_of(text)
    return text if again_kind == kind and _placeless(again) == _placeless(copy) else None


def worded(kind: str, tree: Any, change: Callable[[Any], None]) -> str | None:
    """The text of a changed copy of a tree, for people: nobody runs it unread, so it is not read again."""
    return _text_of(kind, tree, change)[0]


def _text_of(kind: str, tree: Any, change: Callable[[Any], None]) -> tuple[str | None, Any]:
    result = pb.ParseResult()
    copy = getattr(result.stmts.add().stmt, kind)
    copy.CopyFrom(tree)
    change(copy)
    try:
        return deparse(result), copy
    except NotParsed:
        return None, copy


def _placeless(tree: Any) -> Any:
    """The tree without the places of its words in the text."""
    copy = type(tree)()
    copy.CopyFrom(tree)
    for _, node in walk(copy):
        for name in _places_of(node.DESCRIPTOR):
            node.ClearField(name)
    return copy


@cache
def _places_of(kind: Any) -> tuple[str, ...]:
    """Which fields of a kind of node tell places: asked once a kind, for trees have thousands of nodes."""
    return tuple(each.name for each in kind.fields if each.name in _PLACES)


_PLACES = frozenset(
    ["location", "list_start", "list_end", "rexpr_list_start", "rexpr_list_end", "name_location"]
)


def _all(texts: Any) -> tuple[str, ...] | None:
    found = tuple(texts)
    return None if any(each is None for each in found) else found
