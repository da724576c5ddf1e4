"""Tables and their partitions, and what is done to one as a whole."""

from midair.model.change.columns import Column
from midair.model.change.constraints import Constraint
from midair.model.change.indexes import Index
from midair.model.effects import LockLevel
from midair.model.frozen import frozen


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


@frozen
class LockTables:
    tables: tuple[str, ...]
    level: LockLevel
