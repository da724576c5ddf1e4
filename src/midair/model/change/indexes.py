"""Indexes, and what is done to one of them."""

from midair.model.frozen import frozen


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
