"""Data types as Liquibase maps them (liquibase.md §2.4; golden `tables/types.json`)."""

import re
from collections.abc import Mapping

_SHAPE = re.compile(r"\s*([^()]+)(?:\(([^()]*)\)([^()]*))?", re.DOTALL)
_FAMILIES: Mapping[str, str] = {
    name: family
    for family, names in {
        "bigint": "bigint int8 bigserial serial8",
        "int": "int integer int4 serial",
        "smallint": "smallint int2",
        "tinyint": "tinyint",
        "boolean": "boolean bool",
        "bit": "bit",
        "blob": "blob",
        "longblob": "longblob image longvarbinary",
        "binary": "binary",
        "varbinary": "varbinary",
        "bytea": "bytea",
        "char": "char character",
        "varchar": "varchar varchar2",
        "nvarchar": "nvarchar nvarchar2",
        "nchar": "nchar",
        "clob": "clob longtext longvarchar longnvarchar ntext",
        "nclob": "nclob",
        "text": "text",
        "mediumtext": "mediumtext",
        "tinytext": "tinytext",
        "currency": "currency money smallmoney",
        "number": "number numeric",
        "decimal": "decimal",
        "float": "float",
        "real": "real",
        "double": "double",
        "date": "date",
        "time": "time",
        "datetime": "datetime datetime2 smalldatetime",
        "timestamp": "timestamp",
        "timestamptz": "timestamptz",
        "uuid": "uuid uniqueidentifier",
        "xml": "xml",
    }.items()
    for name in names.split()
}
# `*` keeps the parameters; on PostgreSQL the words of time types are added below
_POSTGRESQL = {
    "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "SMALLINT", "boolean": "BOOLEAN",
    "bit": "BIT*", "blob": "OID", "longblob": "BYTEA", "binary": "BYTEA", "varbinary": "BYTEA", "bytea": "BYTEA",
    "char": "CHAR*", "varchar": "VARCHAR*", "nvarchar": "VARCHAR*", "nchar": "NCHAR*", "clob": "TEXT", "nclob": "TEXT",
    "text": "TEXT", "mediumtext": "TEXT", "tinytext": "TEXT", "currency": "DECIMAL", "number": "numeric*",
    "decimal": "DECIMAL*", "float": "FLOAT*", "real": "REAL", "double": "DOUBLE PRECISION", "date": "date", "uuid": "UUID",
    "xml": "XML", "java binary": "BYTEA",
}  # fmt: skip
_SQLITE = {
    "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "TINYINT*", "boolean": "BOOLEAN",
    "bit": "BOOLEAN*", "blob": "BLOB*", "longblob": "BLOB*", "binary": "BLOB*", "varbinary": "BLOB*", "bytea": "BYTEA*",
    "char": "CHAR*", "varchar": "VARCHAR*", "nvarchar": "NVARCHAR*", "nchar": "NCHAR*", "clob": "TEXT", "nclob": "TEXT",
    "text": "TEXT", "mediumtext": "TEXT", "tinytext": "TEXT", "currency": "REAL", "number": "NUMBER*",
    "decimal": "DECIMAL*", "float": "FLOAT*", "real": "FLOAT", "double": "DOUBLE*", "date": "date", "time": "time",
    "datetime": "TEXT", "timestamp": "TEXT", "timestamptz": "TEXT", "uuid": "TEXT", "xml": "TEXT",
    "java binary": "BLOB*",
}  # fmt: skip
_MARIADB = {
    "bigint": "BIGINT", "int": "INT", "smallint": "SMALLINT", "tinyint": "TINYINT*", "boolean": "TINYINT(1)",
    "bit": "BIT*", "blob": "BLOB*", "longblob": "LONGBLOB", "binary": "BINARY*", "varbinary": "VARBINARY*",
    "bytea": "BYTEA", "char": "CHAR*", "varchar": "VARCHAR*", "nvarchar": "NVARCHAR*", "nchar": "NCHAR*",
    "clob": "LONGTEXT", "nclob": "LONGTEXT CHARACTER SET utf8", "text": "TEXT*", "mediumtext": "MEDIUMTEXT",
    "tinytext": "TINYTEXT", "currency": "DECIMAL", "number": "numeric*", "decimal": "DECIMAL*", "float": "FLOAT*",
    "real": "REAL", "double": "DOUBLE*", "date": "date", "time": "time*", "datetime": "datetime*",
    "timestamp": "timestamp*", "timestamptz": "timestamp", "uuid": "UUID", "xml": "LONGTEXT",
    "java binary": "LONGBLOB",
}  # fmt: skip
_MYSQL = {**_MARIADB, "boolean": "TINYINT", "uuid": "char(36)", "time": "time"}
_MAPS = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE, "mariadb": _MARIADB, "mysql": _MYSQL}
_JAVA = "java.sql.types."
_JAVA_OWN = {"real": "float", "binary": "java binary", "varbinary": "java binary", "nclob": "clob"}
"""Where `java.sql.Types.X` is not what the name X is."""
_JAVA_UNKNOWN = {"bit", "array"}
_SERIALS = {"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"}


def is_serial(type_name: str | None) -> bool:
    """Whether the type itself asks for automatic numbers."""
    return (type_name or "").strip().lower() in _SERIALS


def family_of(type_name: str) -> str | None:
    """The kind of a type, by our word for it; `None` for one Liquibase passes through."""
    return _parsed(type_name)[0]


def sql_type(type_name: str, dbms: str) -> str:
    """The type as it goes into SQL."""
    family, written, parameters, tail = _parsed(type_name)
    known = _MAPS.get(dbms, _POSTGRESQL)
    if family in ("time", "timestamp", "datetime", "timestamptz") and dbms == "postgresql":
        return _moment(family, parameters, tail)
    if (
        family in ("time", "timestamp", "datetime")
        and dbms in ("mysql", "mariadb")
        and tail
        and family != "time"
    ):
        return type_name.strip()
    if family is None or family not in known:
        return _passed_through(written, parameters, tail)
    word = known[family]
    if family == "double" and tail and dbms != "postgresql":
        return f"DOUBLE {tail if dbms == 'sqlite' else tail.upper()}"
    if not word.endswith("*"):
        return word
    return word[:-1] + _in_parentheses(parameters, dbms)


def _parsed(type_name: str) -> tuple[str | None, str, list[str], str]:
    found = _SHAPE.fullmatch(type_name)
    if found is None:
        return None, type_name.strip(), [], ""
    name, inside, tail = found.group(1).strip(), found.group(2), (found.group(3) or "").strip()
    parameters = [each.strip() for each in inside.split(",")] if inside is not None else []
    lower = " ".join(name.lower().split())
    if lower.startswith(_JAVA):
        own = lower.removeprefix(_JAVA)
        family = None if own in _JAVA_UNKNOWN else _JAVA_OWN.get(own, _FAMILIES.get(own))
        return family, name, parameters, tail
    if lower == "character varying":
        return "varchar", name, parameters, tail
    if tail.startswith("["):
        return None, name, parameters, tail
    first, _, rest = lower.partition(" ")
    if first in ("time", "timestamp", "double", "datetime") and rest:
        return _FAMILIES[first], first, parameters, name[len(first) :].strip()
    return _FAMILIES.get(lower), name, parameters, tail


def _moment(family: str, parameters: list[str], tail: str) -> str:
    word = "time" if family == "time" else "TIMESTAMP"
    if family == "timestamptz":
        return "TIMESTAMP WITH TIME ZONE"
    given = f"({', '.join(parameters)})" if parameters else ""
    if tail and family == "time":
        return f"{word}{given} {tail.upper()}"
    return f"{word}{given} {tail or 'WITHOUT TIME ZONE'}"


def _in_parentheses(parameters: list[str], dbms: str) -> str:
    if dbms == "postgresql":
        parameters = [each.removesuffix(" CHAR").removesuffix(" char").strip() for each in parameters]
    return f"({', '.join(parameters)})" if parameters else ""


def _passed_through(written: str, parameters: list[str], tail: str) -> str:
    """An unknown type in upper case. Liquibase writes `VARCHAR[](10)`, which no server takes; brackets go last here."""
    given = f"({', '.join(parameters)})" if parameters else ""
    extra = tail if tail.startswith("[") else f" {tail}" if tail else ""
    return f"{written.upper()}{given}{extra}"
