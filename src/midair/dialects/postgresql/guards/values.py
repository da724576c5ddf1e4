"""What a guard's expressions may be, and the names that the server's own objects have."""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from midair.dialects.postgresql.changes.names import names_in
from midair.model.frozen import frozen
from midair.model.schema import bare_name

Row = Mapping[str, Any]


@frozen
class Unknown:
    """A value that nobody knows from here."""


UNKNOWN = Unknown()
"""Compared with anything, it stays unknown."""


@frozen
class Oid:
    """What an object identifier stands for: `kind` is the catalog, `name` the object's identifier.

    `shown`: as a text it is that identifier, and not a number.
    """

    kind: str
    name: str
    shown: bool = field(default=False, compare=False)


@frozen
class Positive:
    """A number above zero."""


@frozen
class Family:
    """Any of several names that the server gives: a text may be one of them, or is certainly none."""

    may_be: Callable[[str], bool]


@frozen
class Possible:
    """Rows that may be there and may not."""

    row: Row


@cache
def _system_names() -> frozenset[str]:
    """Relations, types and constraints of a new database's own schemas (PostgreSQL 15 and 18) without the prefix of their kind."""
    return frozenset(
        files("midair.dialects.postgresql.guards").joinpath("system_names.txt").read_text("ascii").split()
    )


def is_system_name(text: str) -> bool:
    """The server's own schemas may have a relation, type or constraint of this name."""
    return text.startswith(("pg_", "_pg_")) or text in _system_names()


def is_system_type(text: str) -> bool:
    """The server may have a type of this name, be it an array of another."""
    return text.startswith("_") or is_system_name(text)


def is_system_column(text: str) -> bool:
    """Every table has a column of this name."""
    return text in ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")


SYSTEM_NAME = Family(is_system_name)
SYSTEM_TYPE = Family(is_system_type)
SYSTEM_SCHEMA = Family(lambda text: text.startswith("pg_") or text == "information_schema")
SYSTEM_COLUMN = Family(is_system_column)
SYSTEM_TRIGGER = Family(lambda text: text.startswith("RI_ConstraintTrigger_"))
NOT_NULL_NAME = Family(lambda text: "_not_null" in text)
"""A column's NOT NULL: `orders_total_not_null`, `2200_16385_1_not_null`."""


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """An identifier's last part as it is without quotes."""
    bare = bare_name(name)
    return bare[1:-1].replace('""', '"') if bare.startswith('"') else bare


@lru_cache(maxsize=8192)
def home_of(name: str) -> str:
    """The schema an identifier names."""
    return names_in(name)[0] if bare_name(name) != name else "public"


DATABASE = Oid("database", "")
"""The name of the database at hand, whatever it is."""
