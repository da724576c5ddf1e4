"""What a statement does to the schema or the data, typed: a closed set, exhausted by `match`.

Names are SQL identifiers as they may be pasted into SQL: quoted where the server would quote them,
`public.` left out (`orders`, `other.thing`, `"Order"`).
"""

from midair.model.change.columns import (
    AddColumn,
    AlterColumnType,
    ChangeExpression,
    ChangeIdentity,
    Column,
    DataType,
    Default,
    DropColumn,
    DropDefault,
    DropNotNull,
    RenameColumn,
    SetDefault,
    SetNotNull,
    Volatility,
)
from midair.model.change.constraints import (
    AddConstraint,
    AlterConstraint,
    Constraint,
    ConstraintKind,
    DropConstraint,
    RenameConstraint,
    ValidateConstraint,
)
from midair.model.change.indexes import ChangeIndex, CreateIndex, DropIndex, Index, Reindex
from midair.model.change.objects import (
    AddEnumValue,
    ChangeComposite,
    ChangeDomain,
    ChangePart,
    ChangeSequence,
    ChangeServer,
    CreateFunction,
    CreateSequence,
    CreateTrigger,
    CreateType,
    CreateView,
    DropObject,
    Mention,
    RefreshView,
    RenameEnumValue,
    RenameObject,
)
from midair.model.change.rows import Delete, Insert, Query, Update
from midair.model.change.session import Block, Opaque, SetSetting, Transaction
from midair.model.change.tables import (
    AttachPartition,
    ChangeTable,
    CreateTable,
    DetachPartition,
    DropTable,
    LockTables,
    Maintain,
    MoveTable,
    RenameTable,
    Truncate,
)

__all__ = [
    "AddColumn", "AddConstraint", "AddEnumValue", "AlterColumnType", "AlterConstraint", "AttachPartition",
    "Block", "Change", "ChangeComposite", "ChangeDomain", "ChangeExpression", "ChangeIdentity",
    "ChangeIndex", "ChangePart", "ChangeSequence", "ChangeServer", "ChangeTable", "Column", "Constraint",
    "ConstraintKind", "CreateFunction", "CreateIndex", "CreateSequence", "CreateTable", "CreateTrigger",
    "CreateType", "CreateView", "DataType", "Default", "Delete", "DetachPartition", "DropColumn",
    "DropConstraint", "DropDefault", "DropIndex", "DropNotNull", "DropObject", "DropTable", "Index",
    "Insert", "LockTables", "Maintain", "Mention", "MoveTable", "Opaque", "Query", "RefreshView", "Reindex",
    "RenameColumn", "RenameConstraint", "RenameEnumValue", "RenameObject", "RenameTable", "SetDefault",
    "SetNotNull", "SetSetting", "Transaction", "Truncate", "Update", "ValidateConstraint", "Volatility",
]  # fmt: skip

Change = (
    CreateTable | DropTable | RenameTable | MoveTable | AddColumn | DropColumn | RenameColumn | AlterColumnType
    | SetNotNull | DropNotNull | SetDefault | DropDefault | ChangeIdentity | ChangeExpression | AddConstraint
    | DropConstraint | ValidateConstraint | AlterConstraint | RenameConstraint | ChangeTable | AttachPartition
    | DetachPartition | Truncate | Maintain | CreateIndex | DropIndex | Reindex | ChangeIndex | CreateType
    | AddEnumValue | RenameEnumValue | ChangeDomain | ChangeComposite | CreateView | RefreshView | CreateSequence
    | ChangeSequence | CreateFunction | CreateTrigger | ChangePart | DropObject | RenameObject | ChangeServer
    | Update | Delete | Insert | Query | LockTables | SetSetting | Transaction | Block | Opaque
)  # fmt: skip
