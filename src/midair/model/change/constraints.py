"""A table's constraints, and what is done to one of them."""

from enum import StrEnum

from midair.model.change.indexes import Index
from midair.model.frozen import frozen


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
    deferred: bool = False
    """Checked at COMMIT unless a session says otherwise (INITIALLY DEFERRED)."""
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
    deferred: bool = False


@frozen
class RenameConstraint:
    table: str
    name: str
    new_name: str
