"""What a statement does to the schema or the data, typed: a closed set, exhausted by `match`.

Names are SQL identifiers as they may be pasted into SQL: quoted where the server would quote them,
`public.` left out (`orders`, `other.thing`, `"Order"`).
"""

from enum import StrEnum

from midair.model.effects import LockLevel
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


class ConstraintKind(StrEnum):
    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    UNIQUE = "unique"
    PRIMARY_KEY = "primary key"
    EXCLUDE = "exclude"
    NOT_NULL = "not null"


@frozen
class Constraint:
    """`columns` are those it is about, for a check those its expression names.

    `named` tells whether the author gave the name; `proves_not_null` are columns a validated check
    shows to hold no NULL; `using_index` adopts that index. `clause` is its SQL from the keyword on,
    without NOT VALID.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    named: bool = True
    valid: bool = True
    enforced: bool = True
    deferrable: bool = False
    references: str | None = None
    referenced_columns: tuple[str, ...] = ()
    cascades: bool = False
    using_index: str | None = None
    proves_not_null: frozenset[str] = frozenset()
    bounds: tuple[str, ...] = ()
    """The conjuncts of a check, normalised: what may prove a partition's bounds."""
    clause: str = ""
    no_inherit: bool = False


@frozen
class Index:
    """`columns` are the plain key columns in order, `mentions` every column it depends on.

    `plain` is false with an expression, predicate or other than default order: such an index backs
    no constraint.
    """

    name: str
    columns: tuple[str, ...]
    mentions: frozenset[str]
    unique: bool = False
    valid: bool = True
    method: str = "btree"
    plain: bool = True
    partial: bool = False
    constraint: str | None = None
    parent: str | None = None
    expressions: frozenset[str] = frozenset()
    """Columns used inside an expression or a predicate."""
    keys: str = ""
    """Everything that makes two indexes equal, as normalised SQL."""


# --- tables


@frozen
class CreateTable:
    table: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    persistence: str = "permanent"
    """`permanent`, `unlogged` or `temporary`."""
    if_not_exists: bool = False
    partition_key: tuple[str, ...] | None = None
    partition_of: str | None = None
    is_default: bool = False
    bounds: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    reads: tuple[str, ...] | None = None
    """Tables a CREATE TABLE AS reads; `None` when it is not one."""
    select_into: bool = False
    of_type: str | None = None
    indexes: tuple[Index, ...] = ()
    """Those of its UNIQUE and PRIMARY KEY constraints."""


@frozen
class DropTable:
    table: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class RenameTable:
    """`kind` is the word the author used: `table`, `view`, `index`, `sequence`, `materialized view`."""

    table: str
    new_name: str
    kind: str = "table"


@frozen
class MoveTable:
    """ALTER TABLE … SET SCHEMA."""

    table: str
    new_schema: str


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


@frozen
class AddConstraint:
    table: str
    constraint: Constraint
    index: Index | None = None
    only: bool = False


@frozen
class DropConstraint:
    table: str
    name: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class ValidateConstraint:
    table: str
    name: str


@frozen
class AlterConstraint:
    """`enforced` or `deferrable` is `None` when the statement leaves it alone."""

    table: str
    name: str
    enforced: bool | None = None
    deferrable: bool | None = None


@frozen
class RenameConstraint:
    table: str
    name: str
    new_name: str


@frozen
class ChangeTable:
    """Any other ALTER TABLE action; `action` is its row in the dialect's table of facts."""

    table: str
    action: str
    subject: str | None = None


@frozen
class AttachPartition:
    table: str
    partition: str
    bounds: tuple[str, ...] = ()
    """Conjuncts that a check on the partition must hold to spare the scan, normalised."""
    is_default: bool = False


@frozen
class DetachPartition:
    table: str
    partition: str
    concurrently: bool = False
    finalize: bool = False


@frozen
class Truncate:
    tables: tuple[str, ...]
    cascade: bool = False
    restart_identity: bool = False


@frozen
class Maintain:
    """VACUUM, ANALYZE, CLUSTER: `verb` is its row in the table of facts; `table` None is every table."""

    verb: str
    table: str | None
    truncates: bool = True


# --- indexes


@frozen
class CreateIndex:
    table: str
    index: Index
    concurrently: bool = False
    if_not_exists: bool = False
    only: bool = False
    named: bool = True
    safe_sql: str = ""
    """The same statement with CONCURRENTLY and without IF NOT EXISTS."""


@frozen
class DropIndex:
    index: str
    concurrently: bool = False
    if_exists: bool = False
    cascade: bool = False
    together: int = 1
    """How many indexes the statement drops."""


@frozen
class Reindex:
    """`kind` is `index`, `table`, `schema`, `database` or `system`."""

    kind: str
    name: str | None
    concurrently: bool = False
    tablespace: bool = False


@frozen
class ChangeIndex:
    """ALTER INDEX: `action` is its row in the table of facts; `part` the index to attach."""

    index: str | None
    action: str
    part: str | None = None


# --- other objects


@frozen
class CreateType:
    """`kind` is `enum`, `composite`, `range`, `domain` or `base`."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: DataType | None = None
    constrained: bool = False


@frozen
class AddEnumValue:
    name: str
    label: str
    if_not_exists: bool = False
    placed: bool = False


@frozen
class RenameEnumValue:
    name: str
    label: str
    new_label: str


@frozen
class ChangeDomain:
    """`verb`: `add constraint`, `add constraint not valid`, `validate`, `set not null`, `other`."""

    name: str
    verb: str
    constrains: bool | None = None


@frozen
class ChangeComposite:
    """ALTER TYPE … ATTRIBUTE; `retypes` when it changes a type, `cascade` reaches typed tables."""

    name: str
    retypes: bool = False
    cascade: bool = False


@frozen
class CreateView:
    view: str
    reads: tuple[str, ...]
    columns: tuple[str, ...] | None
    materialized: bool = False
    replace: bool = False
    if_not_exists: bool = False
    mentions: frozenset[str] = frozenset()
    """Columns of its tables that its query names."""
    everything: bool = False
    """Its query has a `*`: it depends on every column its tables have now."""


@frozen
class RefreshView:
    view: str
    concurrently: bool = False
    with_data: bool = True


@frozen
class CreateSequence:
    name: str
    owned_by: str | None = None
    if_not_exists: bool = False


@frozen
class ChangeSequence:
    name: str
    owned_by: str | None = None
    restarts: bool = False


@frozen
class CreateFunction:
    """`body` are the changes found in it, when it could be read; they happen when it is called."""

    name: str
    volatility: Volatility
    replace: bool = False
    security_definer: bool = False
    fixed_search_path: bool = False


@frozen
class CreateTrigger:
    table: str
    name: str
    replace: bool = False
    constraint: bool = False
    references: str | None = None
    function: str = ""


@frozen
class ChangePart:
    """Creates, changes or drops a part of a table: `verb` + `kind` is its row in the table of facts.

    `kind` is `rule`, `policy`, `trigger` or `statistics`.
    """

    verb: str
    kind: str
    table: str
    name: str
    if_exists: bool = False


@frozen
class DropObject:
    """DROP of anything that has no class of its own; `kind` is the word of the statement (`type`, `view`)."""

    kind: str
    name: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class RenameObject:
    kind: str
    name: str
    new_name: str


@frozen
class ChangeServer:
    """Touches no table, or only its catalog entry: `action` is its row in the table of facts."""

    action: str
    relations: tuple[str, ...] = ()
    subject: str | None = None


# --- data


@frozen
class Update:
    """`bounded` when the WHERE limits it by equality or range on `filters`; `filtered` when there is a WHERE.

    `sets` are the columns, `from_itself` those computed from their own old value.
    """

    table: str
    sets: tuple[str, ...]
    filtered: bool
    filters: frozenset[str]
    narrowed: frozenset[str]
    """Columns compared for equality or membership with constants, at the top of the WHERE."""
    from_itself: frozenset[str] = frozenset()
    reads: tuple[str, ...] = ()
    unchanged: frozenset[str] = frozenset()
    """Columns set to themselves."""
    limited: bool = False
    """The WHERE picks rows by a range of keys or a limited sub-select: one batch."""
    enum_labels: frozenset[str] = frozenset()


@frozen
class Delete:
    table: str
    filtered: bool
    filters: frozenset[str]
    narrowed: frozenset[str]
    reads: tuple[str, ...] = ()
    limited: bool = False


@frozen
class Insert:
    """`rows` is the number of literal rows, `None` when it selects or copies them."""

    table: str
    rows: int | None
    reads: tuple[str, ...] = ()
    has_columns: bool = True
    conflict: bool = False


@frozen
class Query:
    """A SELECT, or CALL: what it reads, which rows it locks, and functions with effects it calls."""

    reads: tuple[str, ...]
    locks_rows: bool = False
    sequences: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    calls_procedure: bool = False
    whole: bool = False
    """No WHERE and no LIMIT: it reads its tables from end to end."""
    labels: frozenset[str] = frozenset()


@frozen
class LockTables:
    tables: tuple[str, ...]
    level: LockLevel


# --- session


@frozen
class SetSetting:
    """`value` is `None` for RESET and for DEFAULT."""

    name: str
    value: str | None
    local: bool = False


@frozen
class Transaction:
    """`verb`: `begin`, `commit`, `rollback`, `savepoint`, `release`, `rollback to`, `prepare`."""

    verb: str


@frozen
class Block:
    """The changes after it come from a DO block: some of them may not happen, or only there."""


@frozen
class Opaque:
    """Could not be read or is not understood; never guessed, rehearsal finds out what it does."""

    sql: str
    reason: str


Change = (
    CreateTable | DropTable | RenameTable | MoveTable | AddColumn | DropColumn | RenameColumn | AlterColumnType
    | SetNotNull | DropNotNull | SetDefault | DropDefault | ChangeIdentity | ChangeExpression | AddConstraint
    | DropConstraint | ValidateConstraint | AlterConstraint | RenameConstraint | ChangeTable | AttachPartition
    | DetachPartition | Truncate | Maintain | CreateIndex | DropIndex | Reindex | ChangeIndex | CreateType
    | AddEnumValue | RenameEnumValue | ChangeDomain | ChangeComposite | CreateView | RefreshView | CreateSequence
    | ChangeSequence | CreateFunction | CreateTrigger | ChangePart | DropObject | RenameObject | ChangeServer
    | Update | Delete | Insert | Query | LockTables | SetSetting | Transaction | Block | Opaque
)  # fmt: skip
