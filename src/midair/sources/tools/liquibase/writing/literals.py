"""A column's default value in the shape its type wants, as Liquibase's own types shape it."""

import re
from typing import Protocol

from midair.errors import BadMigration
from midair.model.statement import Span
from midair.sources.tools.liquibase.writing.types import family_of

DEFAULTS = ("defaultValue", "defaultValueNumeric", "defaultValueBoolean", "defaultValueDate")
_TRUE, _FALSE = ("true", "t", "1", "yes", "y", "on"), ("false", "f", "0", "no", "n", "off")
_BOOLEANS = frozenset({"boolean", "bit"})
_NUMBERS = frozenset(
    {"int", "bigint", "smallint", "tinyint", "number", "decimal", "double", "float", "real", "currency"}
)
_TEXTS = frozenset(
    {"char", "varchar", "nvarchar", "nchar", "clob", "nclob", "text", "mediumtext", "tinytext", "xml"}
)
_NOW = re.compile(r"(?i)(now\s*\(|current_)")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BITS = re.compile(r"(?i)b'([01]+)'(::.*)?")
_ZEROS = re.compile(r"\.0+$")


class Literals(Protocol):
    """What of a writer is needed here."""

    @property
    def is_postgresql(self) -> bool: ...

    def text(self, value: str) -> str: ...

    def boolean(self, value: str) -> str: ...

    def date(self, value: str) -> str: ...

    def computed(self, expression: str) -> str: ...


def default_literal(kind: str, value: str, type_name: str | None, span: Span, to: Literals) -> str:
    """The default in one of the four attributes of `DEFAULTS` as SQL.

    Raises:
        BadMigration: it is no value of a boolean type.
    """
    family = family_of(type_name) if type_name else None
    if kind == "defaultValueDate" and not value[:1].isdigit():
        return to.computed(value)
    if value.lower() == "null" and family is not None:
        return "NULL"
    if family in _BOOLEANS:
        return _boolean(kind, value, span, to)
    if family in _TEXTS:
        literal = to.text(_plain(kind, value))
        return f"xml {literal}" if family == "xml" and to.is_postgresql else literal
    match kind:
        case "defaultValueNumeric":
            return _number(value) if family else to.text(value)
        case "defaultValueBoolean":
            return _truth(value, family, to)
        case "defaultValueDate":
            return to.date(value)
        case _:
            return _typed(value, family, to)


def plain_literal(kind: str, value: str, to: Literals) -> str:
    """The default of addDefaultValue, which heeds its own attribute and not the column's type."""
    if value.lower() == "null":
        return "NULL"
    match kind:
        case "defaultValueNumeric":
            return _number(value)
        case "defaultValueBoolean":
            return to.boolean(value)
        case "defaultValueDate":
            return to.date(value) if value[:1].isdigit() else to.computed(value)
        case _:
            return to.text(value)


def _plain(kind: str, value: str) -> str:
    """As Java writes the object: a moment with its fraction."""
    if kind != "defaultValueDate" or "T" not in value:
        return value
    return value.replace("T", " ") + ("" if "." in value else ".0")


def _boolean(kind: str, value: str, span: Span, to: Literals) -> str:
    word = value.strip().lower()
    if kind == "defaultValueNumeric":
        return to.boolean("true" if word == "1" else "false")
    if bits := _BITS.fullmatch(value.strip()):
        return (
            f"b'{bits.group(1)}'::\"bit\""
            if to.is_postgresql
            else to.boolean(str("1" in bits.group(1)).lower())
        )
    if word not in (*_TRUE, *_FALSE):
        raise BadMigration(f"{span} the default {value!r} is no boolean", hint="write true or false")
    return to.boolean("true" if word in _TRUE else "false")


def _truth(value: str, family: str | None, to: Literals) -> str:
    if family == "smallint":
        return "1" if value == "true" else "0"
    if family in _NUMBERS or family in ("uuid", "blob", "longblob"):
        return value
    return to.text(value) if family is None else to.boolean(value)


def _typed(value: str, family: str | None, to: Literals) -> str:
    if family in _NUMBERS:
        return _number(value)
    if family in ("timestamp", "datetime", "timestamptz") and _NOW.match(value.strip()):
        return value
    if family == "uuid" and not _UUID.fullmatch(value):
        return value
    return to.text(value)


def _number(value: str) -> str:
    return str(int(value)) if value.lstrip("+-").isdecimal() else _ZEROS.sub("", value)
