"""A table's columns, and what is done to one of them."""

from enum import StrEnum

from midair.model.change.constraints import Constraint
from midair.model.change.indexes import Index
from midair.model.frozen import frozen


class Volatility(StrEnum):
    """Of an expression: constant and immutable values are stored once, volatile ones per row."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"
    UNKNOWN = "unknown"
    """A function nobody has told us about; the server's own default is volatile."""


@frozen
class DataType:
    """A column's type by the server's internal name (`int4`, `varchar`), with its modifiers.

    `dimensions` counts the array brackets. A domain or enum is named as the schema names it.
    """

    name: str
    modifiers: tuple[int, ...] = ()
    dimensions: int = 0

    def __str__(self) -> str:
        inside = f"({','.join(str(each) for each in self.modifiers)})" if self.modifiers else ""
        return _SQL_NAMES.get(self.name, self.name) + inside + "[]" * self.dimensions


_SQL_NAMES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "bpchar": "char", "timestamptz": "timestamptz", "timetz": "timetz",
}  # fmt: skip


@frozen
class Default:
    """A default's SQL and how often the server evaluates it; `null` for `DEFAULT NULL`.

    `functions` are those the server's own catalog does not have: the schema may know them.
    """

    sql: str
    volatility: Volatility = Volatility.IMMUTABLE
    null: bool = False
    functions: tuple[str, ...] = ()


@frozen
class Column:
    """`generated` is `stored`, `virtual` or None; `identity` is `always`, `by default` or None.

    `sequence` is the one that a serial or identity column owns, where its name is known; a name the
    server gave outlives renames of table and column.
    """

    name: str
    type: DataType
    not_null: bool = False
    default: Default | None = None
    generated: str | None = None
    identity: str | None = None
    collation: str | None = None
    generated_from: frozenset[str] = frozenset()
    serial: bool = False
    sequence: str | None = None


@frozen
class AddColumn:
    table: str
    column: Column
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    indexes: tuple[Index, ...] = ()


@frozen
class DropColumn:
    table: str
    column: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class RenameColumn:
    table: str
    column: str
    new_name: str


@frozen
class AlterColumnType:
    """`using` is `None`, or the expression's SQL; `plain_cast` when it only casts the column to the type."""

    table: str
    column: str
    type: DataType
    using: str | None = None
    plain_cast: bool = False
    collation: str | None = None


@frozen
class SetNotNull:
    table: str
    column: str


@frozen
class DropNotNull:
    table: str
    column: str


@frozen
class SetDefault:
    table: str
    column: str
    default: Default


@frozen
class DropDefault:
    table: str
    column: str


@frozen
class ChangeIdentity:
    """`verb` is `add`, `set` or `drop`; `always` when GENERATED ALWAYS was asked for."""

    table: str
    column: str
    verb: str
    always: bool = False


@frozen
class ChangeExpression:
    """SET EXPRESSION or DROP EXPRESSION of a generated column."""

    table: str
    column: str
    verb: str
