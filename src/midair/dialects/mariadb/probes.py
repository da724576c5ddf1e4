"""Asks a MariaDB server whether a statement that commits by itself is already done.

A statement of the catalog happens there whole or not at all (MariaDB manual, "Atomic DDL", 10.6), so what it makes or
takes away tells. It is asked only about a statement that was sent and whose answer never came: one that the
server refused is known not to have happened.
"""

from collections.abc import Iterator
from typing import Any

from midair.model.statement import Parameter, Sql, Statement

_RELATION = "EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = coalesce(%s, database()) AND table_name = %s)"
_COLUMN = (
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = coalesce(%s, database())"
    " AND table_name = %s AND column_name = %s)"
)
_INDEX = (
    "EXISTS (SELECT 1 FROM information_schema.statistics WHERE table_schema = coalesce(%s, database())"
    " AND table_name = %s AND index_name = %s)"
)
_CONSTRAINT = (
    "EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE table_schema = coalesce(%s, database())"
    " AND table_name = %s AND constraint_name = %s)"
)

Fact = tuple[bool, str, tuple[Parameter, ...]]
"""Whether it must hold, the condition, its parameters."""


def probe(statement: Statement) -> Sql | None:
    """One row, one boolean; `None` where what the statement leaves cannot be told from what was there before."""
    tree = _tree(statement)
    facts = tuple(_facts(tree)) if tree is not None else (None,)
    known = tuple(each for each in facts if each is not None)
    if not known or len(known) < len(facts):
        return None
    text = " AND ".join(condition if holds else f"NOT {condition}" for holds, condition, _ in known)
    return Sql(f"SELECT {text}", tuple(value for _, _, values in known for value in values))


def restates(statement: Statement) -> bool:
    """`ALTER TABLE` that says what shall be from now on, and not how it is to change: twice is once."""
    from sqlglot import exp

    tree = _tree(statement)
    if not isinstance(tree, exp.Alter):
        return False
    parts: list[Any] = [*(tree.args.get("actions") or ()), *(tree.args.get("options") or ())]
    told = (exp.AlterColumn, exp.AutoIncrementProperty, exp.SchemaCommentProperty)
    return bool(parts) and all(
        isinstance(each, told) or (isinstance(each, exp.ModifyColumn) and not _renames(each))
        for each in parts
    )


def _renames(change: Any) -> bool:
    former = change.args.get("rename_from")
    return former is not None and former.name.lower() != change.this.name.lower()


def locked(statement: Statement) -> tuple[str, ...]:
    """The tables it names."""
    from sqlglot import exp

    tree = _tree(statement)
    return tuple(dict.fromkeys(each.name for each in tree.find_all(exp.Table))) if tree is not None else ()


def _tree(statement: Statement) -> Any:
    """The statement as a tree; `None` for what the grammar does not know."""
    import logging

    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what it leaves as it is
    try:
        tree = parse_one(statement.sql, read="mysql")
    except SqlglotError:
        return None
    return None if isinstance(tree, exp.Command) else tree


def _facts(tree: Any) -> Iterator[Fact | None]:
    """What holds once the statement is done; `None` for a part about which nothing can be asked."""
    from sqlglot import exp

    match tree:
        case exp.Create():
            yield _made(tree)
        case exp.Drop() if tree.kind in ("TABLE", "VIEW", "SEQUENCE") and len(tree.args["tables"]) == 1:
            yield False, _RELATION, _place(tree.args["tables"][0])
        case exp.Drop() if tree.kind == "INDEX" and isinstance(tree.args.get("cluster"), exp.OnProperty):
            table = tree.args["cluster"].this
            yield False, _INDEX, (*_place(table), tree.args["tables"][0].name)
        case exp.Alter() if tree.kind == "TABLE" and not tree.args.get("options"):
            for action in tree.args.get("actions") or (None,):
                yield _altered(_place(tree.this), action)
        case _:
            yield None


def _made(tree: Any) -> Fact | None:
    from sqlglot import exp

    if tree.args.get("replace") or tree.args.get("exists"):
        return None  # it may have been there before
    target = tree.this
    if tree.kind == "INDEX":
        return True, _INDEX, (*_place(target.args["table"]), target.name)
    filled = tree.kind == "TABLE" and tree.args.get("expression") is not None
    if tree.kind not in ("TABLE", "VIEW", "SEQUENCE") or filled:
        return None
    return True, _RELATION, _place(target.this if isinstance(target, exp.Schema) else target)


def _altered(table: tuple[Parameter, ...], action: Any) -> Fact | None:
    from sqlglot import exp

    match action:
        case exp.ColumnDef():
            return True, _COLUMN, (*table, action.name)
        case exp.AddConstraint() if [type(each) for each in action.expressions] == [exp.Constraint]:
            return True, _CONSTRAINT, (*table, action.expressions[0].name)
        case exp.AddConstraint() if [type(each) for each in action.expressions] == [exp.PrimaryKey]:
            return True, _CONSTRAINT, (*table, "PRIMARY")
        case exp.DropPrimaryKey():
            return False, _CONSTRAINT, (*table, "PRIMARY")
        case exp.Drop(kind="COLUMN"):
            return False, _COLUMN, (*table, action.args["tables"][0].name)
        case exp.Drop(kind="INDEX"):
            return False, _INDEX, (*table, action.args["tables"][0].name)
        case exp.Drop(kind="FOREIGN KEY" | "CONSTRAINT"):
            return False, _CONSTRAINT, (*table, action.args["tables"][0].name)
        case exp.ModifyColumn() if _renames(action):
            return True, _COLUMN, (*table, action.this.name)
        case exp.AlterRename():
            return True, _RELATION, _place(action.this)
        case _:
            return None


def _place(table: Any) -> tuple[Parameter, ...]:
    """Database and name; `None` is the session's database."""
    return table.args["db"].name if table.args.get("db") else None, table.name
