"""Values as SQL: the text that was sent, with what went beside it put in place."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import datetime
import decimal
import enum
import sys
import uuid

from .channel import Unwritable


def texts_of(conn, cursor, statement, parameters, context, executemany):
    """The SQL with its values in it, one a row; where only midair can put them in, text and literals apart."""
    # Rows come as a list; one row that SQLAlchemy 2 assembled of many is a dict or a tuple.
    rows = parameters if executemany and isinstance(parameters, list) else [parameters]
    bare = getattr(context, "no_parameters", False) and not parameters
    texts = []
    for values in rows:
        try:
            texts.append(_text(conn, cursor, statement, None if bare else values))
        except Unwritable as error:
            texts.append({"sql": statement, "unwritable": str(error)})
    return texts


def _text(conn, cursor, statement, values):
    driver = conn.dialect.driver
    if values is None:
        return {"sql": statement}
    if driver in ("psycopg2", "psycopg2cffi"):
        sent = cursor.mogrify(statement, values)
        return {"sql": sent.decode(_encoding(cursor)) if isinstance(sent, bytes) else sent}
    if driver.startswith("psycopg"):
        psycopg = sys.modules["psycopg"]
        inner = conn.connection.driver_connection
        kind = (
            psycopg.AsyncClientCursor if isinstance(inner, psycopg.AsyncConnection) else psycopg.ClientCursor
        )
        return {"sql": kind(inner).mogrify(statement, values)}
    if not values:
        return {"sql": statement % () if conn.dialect.paramstyle == "format" else statement}
    if isinstance(values, dict):
        raise Unwritable("named parameters")
    write = _sqlite_literal if conn.dialect.name == "sqlite" else _literal
    literals = [write(value) for value in values]
    if conn.dialect.paramstyle == "format":
        return {"sql": statement % tuple(literals)}
    return {"sql": statement, "literals": literals}


def _encoding(cursor):
    return sys.modules["psycopg2.extensions"].encodings.get(cursor.connection.encoding, "utf-8")


def _quoted(text):
    if "\0" in text:
        raise Unwritable("a text with a NUL character")
    return "'" + text.replace("'", "''") + "'"


def _number(value):
    text = str(value)
    if isinstance(value, int) or text.lstrip("-").replace(".", "", 1).isdigit():
        return f"({text})" if text.startswith("-") else text
    return f"'{text}'"  # NaN, Infinity, exponents: as text, which every numeric type reads


def _literal(value):
    """A value as PostgreSQL reads it, untyped where a parameter would be."""
    if value is None:
        return "NULL"
    if isinstance(value, enum.Enum):
        return _literal(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return _number(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"'\\x{bytes(value).hex()}'"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return f"'{value.isoformat()}'"
    if isinstance(value, datetime.timedelta):
        return f"'{value.days} days {value.seconds} seconds {value.microseconds} microseconds'"
    if isinstance(value, uuid.UUID):
        return f"'{value}'"
    if isinstance(value, (list, tuple)):
        inside = [str(_literal(each)) for each in value]
        return "ARRAY[" + ", ".join(inside) + "]" if inside else "'{}'"
    if isinstance(value, str) or hasattr(value, "hex_"):
        return _quoted(str(value))
    if type(value).__module__.startswith("asyncpg"):
        return _quoted(str(value))  # asyncpg's own UUID
    raise Unwritable(f"a value of type {type(value).__name__}")


def _sqlite_literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, datetime.datetime):
        return "'{}'".format(value.isoformat(" "))
    if isinstance(value, datetime.date):
        return f"'{value.isoformat()}'"
    if isinstance(value, str):
        return _quoted(str(value))
    raise Unwritable(f"a value of type {type(value).__name__}")
