"""ADD COLUMN taken apart: the bare column, its default, and each constraint as a statement of its own."""

from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.compose import deparsed
from midair.dialects.postgresql.parse import statement_of
from midair.model.frozen import frozen


@frozen
class ColumnParts:
    """`bare` adds the column with its type and collation alone, a serial as the integer it is.

    `default` sets its default, `None` when it has none. `constraints` add what stood behind it, keys
    first, in the order the server makes them; NOT NULL is not among them.
    """

    bare: str
    default: str | None
    constraints: tuple[str, ...]


_SERIALS = {"smallserial": "int2", "serial2": "int2", "serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8"}  # fmt: skip


def column_parts(sql: str) -> ColumnParts | None:
    """The parts of an ALTER TABLE with ADD COLUMN as its only action; `None` when it cannot be written so."""

    kind, tree = statement_of(sql)
    if kind != "alter_table_stmt" or len(tree.cmds) != 1:
        return None
    column = getattr(tree.cmds[0].alter_table_cmd, "def").column_def
    default, made = None, list[str | None]()
    for part in _merged(column.constraints):
        if part.contype == pb.CONSTR_DEFAULT:
            default = part.raw_expr
        elif part.contype in _TABLE_KINDS():
            made.append(_as_table_constraint(tree, column.colname, part))
    bare = deparsed(kind, tree, _bare)
    setting = _set_default(tree, column.colname, default) if default is not None else None
    if bare is None or any(each is None for each in made) or (default is not None and setting is None):
        return None
    return ColumnParts(bare, setting, tuple(sorted((each for each in made if each), key=_keys_first)))


def _TABLE_KINDS() -> tuple[int, ...]:  # noqa: N802 - a constant that needs the grammar

    return (pb.CONSTR_CHECK, pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE, pb.CONSTR_FOREIGN)


def _keys_first(sql: str) -> int:
    return 0 if " UNIQUE" in sql or " PRIMARY KEY" in sql else 1


def _merged(nodes: Any) -> list[Any]:
    """The constraints, each with the DEFERRABLE and kin that stood behind it."""

    found: list[Any] = []
    for node in nodes:
        part = pb.Constraint()
        part.CopyFrom(node.constraint)
        match part.contype:
            case pb.CONSTR_ATTR_DEFERRABLE if found:
                found[-1].deferrable = True
            case pb.CONSTR_ATTR_DEFERRED if found:
                found[-1].deferrable = found[-1].initdeferred = True
            case pb.CONSTR_ATTR_NOT_DEFERRABLE | pb.CONSTR_ATTR_IMMEDIATE:
                pass
            case _:
                found.append(part)
    return found


def _bare(copy: Any) -> None:
    column = getattr(copy.cmds[0].alter_table_cmd, "def").column_def
    del column.constraints[:]
    names = column.type_name.names
    if len(names) == 1 and names[0].string.sval in _SERIALS:
        name = _SERIALS[names[0].string.sval]
        del names[:]
        for each in ("pg_catalog", name):
            names.add().string.sval = each


def _as_table_constraint(tree: Any, column: str, part: Any) -> str | None:

    if part.contype in (pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE):
        part.keys.add().string.sval = column
    if part.contype == pb.CONSTR_FOREIGN:
        part.fk_attrs.add().string.sval = column

    def change(copy: Any) -> None:
        command = _only_command(copy)
        command.subtype, command.behavior = pb.AT_AddConstraint, pb.DROP_RESTRICT
        getattr(command, "def").constraint.CopyFrom(part)

    return deparsed("alter_table_stmt", tree, change)


def _set_default(tree: Any, column: str, expression: Any) -> str | None:

    def change(copy: Any) -> None:
        command = _only_command(copy)
        command.subtype, command.name, command.behavior = pb.AT_ColumnDefault, column, pb.DROP_RESTRICT
        getattr(command, "def").CopyFrom(expression)

    return deparsed("alter_table_stmt", tree, change)


def _only_command(copy: Any) -> Any:
    del copy.cmds[:]
    return copy.cmds.add().alter_table_cmd
