"""SQLAlchemy's column types and defaults, written literally, as PostgreSQL writes them."""

import ast


class NotLiteral(Exception):
    """Something is computed or unknown: only running the file could tell. Its text ends the sentence "line 12 …"."""


def dotted(node: ast.expr) -> str:
    """`sa.dialects.postgresql.UUID` as text; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_PLAIN = {
    "Integer": "integer", "INTEGER": "integer", "INT": "integer", "BigInteger": "bigint", "BIGINT": "bigint",
    "SmallInteger": "smallint", "SMALLINT": "smallint", "Text": "text", "TEXT": "text", "UnicodeText": "text",
    "Boolean": "boolean", "BOOLEAN": "boolean", "Date": "date", "DATE": "date", "Float": "double precision",
    "FLOAT": "double precision", "Double": "double precision", "REAL": "real", "LargeBinary": "bytea", "BYTEA": "bytea",
    "JSON": "json", "JSONB": "jsonb", "UUID": "uuid", "Uuid": "uuid", "INET": "inet", "CIDR": "cidr", "TSVECTOR": "tsvector",
    "Interval": "interval", "INTERVAL": "interval", "HSTORE": "hstore", "CITEXT": "citext", "DOUBLE_PRECISION": "double precision",
}  # fmt: skip
_TEXTS = {"String": "varchar", "VARCHAR": "varchar", "Unicode": "varchar", "CHAR": "char"}
_CLOCKS = {"DateTime": "timestamp", "TIMESTAMP": "timestamp", "DATETIME": "timestamp", "Time": "time"}


def type_sql(node: ast.expr | None) -> str:
    """A type as SQL.

    Raises:
        NotLiteral: it is not one of SQLAlchemy's own, or has computed arguments.
    """
    call = node if isinstance(node, ast.Call) else None
    name = dotted(call.func if call else node).rpartition(".")[2] if node is not None else ""
    arguments = (
        [_number(each) for each in call.args] if call and name not in ("ARRAY", "Enum", "ENUM") else []
    )
    named = {each.arg: each.value for each in call.keywords} if call else {}
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _TEXTS:
        length = arguments[0] if arguments else _number(named["length"]) if "length" in named else None
        return f"{_TEXTS[name]}({length})" if length is not None else _TEXTS[name]
    if name in _CLOCKS:
        zone = named.get("timezone")
        return _CLOCKS[name] + ("tz" if isinstance(zone, ast.Constant) and zone.value is True else "")
    if name in ("Numeric", "NUMERIC", "DECIMAL"):
        sizes = arguments or [_number(named[each]) for each in ("precision", "scale") if each in named]
        return f"numeric({', '.join(str(each) for each in sizes)})" if sizes else "numeric"
    if name == "ARRAY" and call and call.args:
        return type_sql(call.args[0]) + "[]"
    raise NotLiteral(f"uses the type {name or 'of an expression'}, which is not read from its text")


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and (node.value is None or type(node.value) is int):
        return node.value
    raise NotLiteral("computes a type's length")


def literal_sql(node: ast.expr) -> str:
    """A `server_default` as SQL: a text is a quoted literal, `sa.text(…)` an expression.

    Raises:
        NotLiteral: it is computed.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "'" + node.value.replace("'", "''") + "'"
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        inner = node.args[0] if node.args else None
        if name.endswith("text") and isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            return inner.value
        if name.endswith("func.now") and not node.args:
            return "now()"
        if name.endswith((".true", ".false")) and not node.args:
            return name.rpartition(".")[2]
    raise NotLiteral("computes a server_default")
