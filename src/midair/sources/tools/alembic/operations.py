"""Calls of Alembic's `op` with literal arguments, as the PostgreSQL statements they send.

Takes a call's syntax tree; gives SQL. Whatever is not literal raises `NotLiteral`: never guessed.
"""

import ast
from collections.abc import Callable, Sequence

from midair.dialects.postgresql.changes.names import identifier, qualified
from midair.model.frozen import frozen
from midair.sources.tools.alembic.column_types import NotLiteral, dotted, literal_sql, type_sql


@frozen
class Call:
    """One call. `constants` are the module's literal names, `batch` the table of the batch operation it belongs to."""

    method: str
    node: ast.Call
    constants: dict[str, object]
    batch: str | None

    def expression(self, name: str, position: int) -> ast.expr | None:
        """The argument as it is written, or `None` when it is left out."""
        if position >= 0 and position < len(self.node.args):
            found = self.node.args[position]
            if isinstance(found, ast.Starred):
                raise NotLiteral(f"passes *arguments to op.{self.method}")
            return found
        if any(each.arg is None for each in self.node.keywords):
            raise NotLiteral(f"passes **arguments to op.{self.method}")
        return next((each.value for each in self.node.keywords if each.arg == name), None)

    def value(self, name: str, position: int = -1, default: object = None) -> object:
        """The argument's literal value.

        Raises:
            NotLiteral: it is computed.
        """
        found = self.expression(name, position)
        return default if found is None else self.literal(found, name)

    def literal(self, node: ast.expr, name: str) -> object:
        """A literal, a name of one, or `op.f("name")`."""
        if isinstance(node, ast.Name) and node.id in self.constants:
            return self.constants[node.id]
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".f") and len(node.args) == 1:
            return self.literal(node.args[0], name)
        try:
            return ast.literal_eval(node)
        except ValueError as error:
            raise NotLiteral(f"computes {name} of op.{self.method}") from error

    def text(self, name: str, position: int = -1) -> str:
        """A literal text that must be there."""
        found = self.value(name, position)
        if not isinstance(found, str):
            raise NotLiteral(f"gives op.{self.method} no literal {name}")
        return found

    def names(self, name: str, position: int = -1) -> str:
        """A list of columns, quoted and parted by commas."""
        return ", ".join(identifier(each) for each in self.texts(name, position))

    def texts(self, name: str, position: int = -1) -> tuple[str, ...]:
        """A literal list of texts that is not empty."""
        node = self.expression(name, position)
        parts = node.elts if isinstance(node, ast.List | ast.Tuple) else []
        texts = tuple(each for part in parts if isinstance(each := self.literal(part, name), str))
        if not texts or len(texts) < len(parts):
            raise NotLiteral(f"gives op.{self.method} no literal {name}")
        return texts

    def qualified(self, name: str, position: int, schema: str | None = "schema") -> str:
        """A table's name with its schema."""
        if self.batch is not None and name in ("table_name", "source_table"):
            return self.batch
        within = self.value(schema or "schema")
        return qualified(*((within,) if isinstance(within, str) else ()), self.text(name, position))

    def at(self, position: int) -> int:
        """Where an argument stands in a batch operation, which leaves its table out."""
        return position - 1 if self.batch is not None else position

    def flag(self, name: str) -> bool:
        """A literal truth, false when left out."""
        return bool(self.value(name, default=False))


def sql_of(call: Call) -> tuple[str, ...]:
    """The statements a call sends, in order.

    Raises:
        NotLiteral: an argument is computed, or the operation is not one of those understood here.
    """
    write = _OPERATIONS.get(call.method)
    if write is None:
        raise NotLiteral(f"calls op.{call.method}, which is not read from its text")
    return tuple(write(call))


def _execute(call: Call) -> Sequence[str]:
    node = call.expression("sqltext", 0)
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in ("text", "DDL") and node.args:
        node = node.args[0]
    found = call.literal(node, "the SQL") if node is not None else None
    if not isinstance(found, str):
        raise NotLiteral("computes the SQL of op.execute")
    return (found,)


def _add_column(call: Call) -> Sequence[str]:
    node = call.expression("column", call.at(1))
    table = call.qualified("table_name", 0)
    missing = " IF NOT EXISTS" if call.flag("if_not_exists") else ""
    column, after = _column(call, node, table)
    return (f"ALTER TABLE {table} ADD COLUMN{missing} {column}", *after)


def _drop_column(call: Call) -> Sequence[str]:
    table, column = call.qualified("table_name", 0), identifier(call.text("column_name", call.at(1)))
    exists = " IF EXISTS" if call.flag("if_exists") else ""
    return (f"ALTER TABLE {table} DROP COLUMN{exists} {column}",)


def _create_table(call: Call) -> Sequence[str]:
    table = call.qualified("table_name", 0)
    parts: list[str] = []
    after: list[str] = []
    numbered = _numbered(call)
    for node in call.node.args[1:]:
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "Column":
            column, more = _column(call, node, table)
            if node is numbered:
                name, kind, *rest = column.split(" ")
                column = " ".join((name, _SERIALS[kind], *rest))
            parts.append(column)
            after += more
        else:
            parts.append(_table_constraint(call, node))
    missing = " IF NOT EXISTS" if call.flag("if_not_exists") else ""
    return (f"CREATE TABLE{missing} {table} ({', '.join(parts)})", *after)


_SERIALS = {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}


def _numbered(call: Call) -> ast.Call | None:
    """The column that SQLAlchemy numbers by itself: a whole number, alone in the primary key, with no source of its own."""
    columns: dict[object, ast.Call] = {}
    keys: list[object] = []
    for node in call.node.args[1:]:
        if not isinstance(node, ast.Call):
            continue
        part = Call(call.method, node, call.constants, None)
        if dotted(node.func).endswith("Column"):
            name = part.value("name", 0)
            columns[name] = node
            keys += [name] if part.flag("primary_key") else []
        elif dotted(node.func).endswith("PrimaryKeyConstraint"):
            keys += [part.literal(each, "columns") for each in node.args]
    found = columns.get(keys[0]) if len(keys) == 1 else None
    if found is None or len(found.args) > 2:
        return None
    part = Call(call.method, found, call.constants, None)
    wanted = part.value("autoincrement", default="auto")
    plain = part.expression("server_default", -1) is None and wanted in (True, "auto")
    return found if plain and type_sql(part.expression("type_", 1)) in _SERIALS else None


def _drop_table(call: Call) -> Sequence[str]:
    exists = " IF EXISTS" if call.flag("if_exists") else ""
    return (f"DROP TABLE{exists} {call.qualified('table_name', 0)}",)


def _rename_table(call: Call) -> Sequence[str]:
    new = identifier(call.text("new_table_name", 1))
    return (f"ALTER TABLE {call.qualified('old_table_name', 0)} RENAME TO {new}",)


def _alter_column(call: Call) -> Sequence[str]:
    table, column = call.qualified("table_name", 0), identifier(call.text("column_name", call.at(1)))
    alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
    sent: list[str] = []
    kind = call.expression("type_", -1)
    if kind is not None:
        using = call.value("postgresql_using")
        cast = f" USING {using}" if isinstance(using, str) else ""
        sent.append(f"{alter} TYPE {type_sql(kind)}{cast}")
    nullable = call.value("nullable", default=None)
    if nullable is not None:
        sent.append(f"{alter} {'DROP' if nullable else 'SET'} NOT NULL")
    default = call.expression("server_default", -1)
    if default is not None and not (isinstance(default, ast.Constant) and default.value is False):
        nothing = isinstance(default, ast.Constant) and default.value is None
        sent.append(f"{alter} DROP DEFAULT" if nothing else f"{alter} SET DEFAULT {literal_sql(default)}")
    new = call.value("new_column_name")
    if isinstance(new, str):
        sent.append(f"ALTER TABLE {table} RENAME COLUMN {column} TO {identifier(new)}")
    return sent


def _create_index(call: Call) -> Sequence[str]:
    table = call.qualified("table_name", 1)
    name = call.value("index_name", 0)
    where = call.expression("postgresql_where", -1)
    using = call.value("postgresql_using")
    words = "CREATE UNIQUE INDEX" if call.flag("unique") else "CREATE INDEX"
    words += " CONCURRENTLY" if call.flag("postgresql_concurrently") else ""
    words += " IF NOT EXISTS" if call.flag("if_not_exists") else ""
    method = f" USING {using}" if isinstance(using, str) else ""
    columns = _index_columns(call, call.expression("columns", call.at(2)))
    condition = f" WHERE {_condition(call, where)}" if where is not None else ""
    named = f" {identifier(str(name))}" if isinstance(name, str) else ""
    return (f"{words}{named} ON {table}{method} ({columns}){condition}",)


def _index_columns(call: Call, node: ast.expr | None) -> str:
    if not isinstance(node, ast.List | ast.Tuple):
        raise NotLiteral(f"computes the columns of op.{call.method}")
    return ", ".join(
        _condition(call, each)
        if isinstance(each, ast.Call)
        else identifier(str(call.literal(each, "columns")))
        for each in node.elts
    )


def _condition(call: Call, node: ast.expr) -> str:
    """SQL in a text, `sa.text(…)` or not."""
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "text" and node.args:
        node = node.args[0]
    found = call.literal(node, "an expression")
    if not isinstance(found, str):
        raise NotLiteral(f"computes an expression of op.{call.method}")
    return found


def _drop_index(call: Call) -> Sequence[str]:
    within = call.value("schema")
    name = qualified(*((within,) if isinstance(within, str) else ()), call.text("index_name", 0))
    concurrently = " CONCURRENTLY" if call.flag("postgresql_concurrently") else ""
    exists = " IF EXISTS" if call.flag("if_exists") else ""
    return (f"DROP INDEX{concurrently}{exists} {name}",)


def _create_foreign_key(call: Call) -> Sequence[str]:
    name = call.value("constraint_name", 0)
    source = call.qualified("source_table", 1, "source_schema")
    within = call.value("referent_schema")
    target = qualified(
        *((within,) if isinstance(within, str) else ()), call.text("referent_table", call.at(2))
    )
    local, remote = call.names("local_cols", call.at(3)), call.names("remote_cols", call.at(4))
    deleted = call.value("ondelete")
    ending = f" ON DELETE {deleted}" if isinstance(deleted, str) else ""
    ending += " NOT VALID" if call.flag("postgresql_not_valid") else ""
    return (
        f"ALTER TABLE {source} ADD {_named(name)}FOREIGN KEY ({local}) REFERENCES {target} ({remote}){ending}",
    )


def _create_unique(call: Call) -> Sequence[str]:
    table, columns = call.qualified("table_name", 1), call.names("columns", call.at(2))
    return (f"ALTER TABLE {table} ADD {_named(call.value('constraint_name', 0))}UNIQUE ({columns})",)


def _create_primary_key(call: Call) -> Sequence[str]:
    table, columns = call.qualified("table_name", 1), call.names("columns", call.at(2))
    return (f"ALTER TABLE {table} ADD {_named(call.value('constraint_name', 0))}PRIMARY KEY ({columns})",)


def _create_check(call: Call) -> Sequence[str]:
    node = call.expression("condition", call.at(2))
    if node is None:
        raise NotLiteral("gives op.create_check_constraint no condition")
    ending = " NOT VALID" if call.flag("postgresql_not_valid") else ""
    table, name = call.qualified("table_name", 1), _named(call.value("constraint_name", 0))
    return (f"ALTER TABLE {table} ADD {name}CHECK ({_condition(call, node)}){ending}",)


def _drop_constraint(call: Call) -> Sequence[str]:
    exists = " IF EXISTS" if call.flag("if_exists") else ""
    name = identifier(call.text("constraint_name", 0))
    return (f"ALTER TABLE {call.qualified('table_name', 1)} DROP CONSTRAINT{exists} {name}",)


def _named(name: object) -> str:
    return f"CONSTRAINT {identifier(name)} " if isinstance(name, str) else ""


def _column(call: Call, node: ast.expr | None, table: str) -> tuple[str, tuple[str, ...]]:
    """A column's definition, and the index that `index=True` makes after it."""
    if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] != "Column":
        raise NotLiteral(f"computes a column of op.{call.method}")
    inner = Call(call.method, node, call.constants, None)
    name = inner.text("name", 0)
    extra = [each for each in node.args[2:] if isinstance(each, ast.Call)]
    words = [identifier(name), type_sql(inner.expression("type_", 1))]
    default = inner.expression("server_default", -1)
    if default is not None and not (isinstance(default, ast.Constant) and default.value is None):
        words.append(f"DEFAULT {literal_sql(default)}")
    primary = inner.flag("primary_key")
    if primary or inner.value("nullable", default=True) is False:
        words.append("NOT NULL")
    words += ["PRIMARY KEY"] if primary else []
    words += ["UNIQUE"] if inner.flag("unique") else []
    words += [_column_part(inner, each) for each in extra]
    bare = table.rpartition(".")[2].strip('"')
    index = f"CREATE INDEX {identifier(f'ix_{bare}_{name}')} ON {table} ({identifier(name)})"
    return " ".join(words), (index,) if inner.flag("index") else ()


def _column_part(call: Call, node: ast.Call) -> str:
    part = Call(call.method, node, call.constants, None)
    match dotted(node.func).rpartition(".")[2]:
        case "ForeignKey":
            *table, column = part.text("column", 0).split(".")
            deleted = part.value("ondelete")
            ending = f" ON DELETE {deleted}" if isinstance(deleted, str) else ""
            named = _named(part.value("name"))
            return f"{named}REFERENCES {qualified(*table)} ({identifier(column)}){ending}"
        case "Identity":
            always = "ALWAYS" if part.flag("always") else "BY DEFAULT"
            return f"GENERATED {always} AS IDENTITY"
        case "Computed":
            return f"GENERATED ALWAYS AS ({part.text('sqltext', 0)}) STORED"
        case other:
            raise NotLiteral(f"gives a column {other}, which is not read from its text")


def _table_constraint(call: Call, node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        raise NotLiteral(f"computes a part of op.{call.method}")
    part = Call(call.method, node, call.constants, None)
    kind = dotted(node.func).rpartition(".")[2]
    name = _named(part.value("name"))
    match kind:
        case "PrimaryKeyConstraint" | "UniqueConstraint":
            columns = ", ".join(identifier(str(part.literal(each, "columns"))) for each in node.args)
            return f"{name}{'PRIMARY KEY' if kind.startswith('P') else 'UNIQUE'} ({columns})"
        case "CheckConstraint":
            return f"{name}CHECK ({_condition(part, node.args[0])})"
        case "ForeignKeyConstraint":
            parted = [each.split(".") for each in part.texts("refcolumns", 1)]
            columns = ", ".join(identifier(each[-1]) for each in parted)
            deleted = part.value("ondelete")
            ending = f" ON DELETE {deleted}" if isinstance(deleted, str) else ""
            target = qualified(*parted[0][:-1])
            return f"{name}FOREIGN KEY ({part.names('columns', 0)}) REFERENCES {target} ({columns}){ending}"
        case _:
            raise NotLiteral(f"gives a table {kind}, which is not read from its text")


_OPERATIONS: dict[str, Callable[[Call], Sequence[str]]] = {
    "execute": _execute,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _create_foreign_key,
    "create_unique_constraint": _create_unique,
    "create_primary_key": _create_primary_key,
    "create_check_constraint": _create_check,
    "drop_constraint": _drop_constraint,
}
