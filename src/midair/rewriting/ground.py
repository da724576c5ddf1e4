"""What is in two shapes until contract, and which later statements may go on building on it (expand-contract.md §6.6)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

from midair.dialects.postgresql import compose, twins
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    Change,
    ChangePart,
    ChangeServer,
    ChangeTable,
    Column,
    ConstraintKind,
    CreateFunction,
    CreateIndex,
    CreateTable,
    CreateTrigger,
    CreateView,
    Delete,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropIndex,
    DropNotNull,
    Index,
    Insert,
    Query,
    RenameColumn,
    RenameConstraint,
    SetDefault,
    SetNotNull,
    SetSetting,
    Transaction,
    Update,
    ValidateConstraint,
)
from midair.model.contract import Ground, Held, Hold
from midair.model.frozen import replace
from midair.model.schema import bare_name, beside
from midair.model.statement import Statement
from midair.rewriting.names import raw

ROWS = (Insert, Update, Delete, Query, Transaction, SetSetting)
"""They work through either name, and change no shape."""
BESIDE = (
    AddColumn, AddConstraint, AlterColumnType, CreateIndex, CreateTable, DropColumn, DropConstraint, DropDefault, DropNotNull, SetDefault,
    SetNotNull, ValidateConstraint,
)  # fmt: skip
"""What leaves a table's other parts, and its name, as they are. A new table may refer to it."""
_SETTINGS = ("set statistics", "set storage", "set compression", "set options", "reset options")
"""Actions that change how a column, or the table, is kept, and nothing that a statement could see."""
_TOLD = ("comment", "comment on part", "grant")
_KINDS = (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY, ConstraintKind.UNIQUE, ConstraintKind.NOT_NULL)


def in_the_way(statement: Statement, holds: Sequence[Held], grounds: Sequence[Ground]) -> Held | None:
    """The first of these objects that the statement needs in one shape, and cannot go on building on as it is."""
    for part in actions(statement):
        for held in holds:
            if touches(part, held) and not any(_covers(each, held) and bears(part, each) for each in grounds):
                return held
    return None


def _covers(ground: Ground, held: Held) -> bool:
    """The ground is what is held; where it makes a thing of a name again, it has one for it until then."""
    return ground.held == held or (ground.again and held.how is Hold.NAME)


def actions(statement: Statement) -> tuple[Statement, ...]:
    """Each action of an ALTER TABLE by itself, where it has several and can be taken apart."""
    parts = compose.actions_of(statement.sql) if len(changes_of(statement.sql)) > 1 else None
    return tuple(replace(statement, sql=each) for each in parts) if parts else (statement,)


def touches(statement: Statement, held: Held) -> bool:
    """The statement needs the held object in one shape, as far as its text can tell."""
    changes = changes_of(statement.sql)
    if held.how is Hold.KEY:
        return any(_drops(each, held) for each in changes)
    if held.how is Hold.TARGET:
        return any(_refers(each, held) for each in changes)
    if held.how is Hold.NAME:
        return any(_takes(each, held) for each in changes)
    if all(isinstance(each, ROWS) for each in changes):
        return False
    if all(isinstance(each, CreateFunction) for each in changes):
        # A body that is a text is read when it is called, whatever stands behind the names by then.
        bound = twins.without_body(statement.sql) or statement.sql
        return says(bound, held.relation) and (held.part is None or says(bound, held.part))
    if not any(_names(each, held.relation) for each in changes) and not _unclear(
        statement, changes, held.relation
    ):
        return False
    return held.part is None or any(_concerns(each, statement.sql, held.part) for each in changes)


def _drops(change: Change, key: Held) -> bool:
    match change:
        case DropConstraint(table=table, name=name):
            return (table, name) == (key.relation, key.part)
        case DropIndex(index=name):
            return name == beside(key.relation, key.part or "")
        case _:
            return False


def _refers(change: Change, target: Held) -> bool:
    """It makes a foreign key to these very columns: of two keys on them the server takes the older one."""
    match change:
        case AddConstraint(constraint=made):
            constraints = (made,)
        case AddColumn(constraints=constraints) | CreateTable(constraints=constraints):
            pass
        case _:
            return False
    columns = set((target.part or "").split(", "))
    return any(
        each.references == target.relation and set(each.referenced_columns) == columns for each in constraints
    )


def _takes(change: Change, name: Held) -> bool:
    """It makes an index of this name, or a constraint on this table."""
    match change:
        case CreateIndex(table=table, index=index) | AddConstraint(table=table, index=Index() as index):
            taken = {Held(beside(table, bare_name(index.name)), how=Hold.NAME)}
        case AddConstraint(table=table, constraint=made):
            taken = {Held(table, made.name, Hold.NAME)}
        case AddColumn(table=table, constraints=constraints):
            taken = {Held(table, each.name, Hold.NAME) for each in constraints}
        case RenameConstraint(table=table, new_name=new):
            taken = {Held(table, new, Hold.NAME)}
        case _:
            return False
    return name in taken


def _concerns(change: Change, sql: str, part: str) -> bool:
    """The change is about this part of the table it names, or about all of it."""
    match change:
        case (
            SetDefault(column=column)
            | SetNotNull(column=column)
            | DropNotNull(column=column)
            | DropDefault(column=column)
        ):
            return column == part
        case ChangeServer(action="comment", subject=column):
            return column == part
        case ChangeTable(action=action, subject=column) if action in _SETTINGS:
            return column == part
        case ChangeServer(action=action) if action in _TOLD:
            return says(sql, part)
        case CreateView(everything=everything):
            return everything or says(sql, part)
        case CreateTrigger() | ChangePart():
            return says(sql, part)
        case _:
            return not isinstance(change, BESIDE) or says(sql, part)


def bears(statement: Statement, ground: Ground) -> bool:
    """The statement may be run while the object is in two shapes: contract keeps what it makes, and the way back can be gone."""
    changes = changes_of(statement.sql)
    if ground.again:
        return len(changes) == 1 and _is_made_again(changes[0], ground)
    return all(isinstance(each, ROWS) or _is_borne(each, ground) for each in changes)


def _is_made_again(change: Change, ground: Ground) -> bool:
    return (
        isinstance(change, AddConstraint)
        and (change.table, change.constraint.name) == (ground.held.relation, ground.held.part)
        and change.constraint.using_index is None
        and (change.constraint.kind is not ConstraintKind.FOREIGN_KEY or change.constraint.cascades)
    )


def _is_borne(change: Change, ground: Ground) -> bool:
    relation, column = ground.held.relation, ground.held.part
    taken = {was for _, was in ground.columns}
    match change:
        case SetDefault(table=table):
            return table == relation and ground.defaults
        case DropDefault(table=table):
            return table == relation and ground.defaults
        case SetNotNull(table=table) | DropNotNull(table=table):
            return table == relation
        case CreateIndex(table=table, only=False):
            return table == relation
        case CreateView() | CreateTrigger() | CreateTable() | AddConstraint() if (
            _lasts(ground) and getattr(change, "table", None) != relation
        ):
            return True
        case DropConstraint() | RenameConstraint() | ValidateConstraint():
            return not ground.sheds and column is None
        case AddColumn(column=Column(name=name)) | RenameColumn(new_name=name) if name in taken:
            return False  # the running application means another column by it
        case CreateTrigger() | RenameColumn():
            return _lasts(ground) and column is None
        case AddConstraint(table=table, constraint=made, only=False):
            alone = column is None or made.columns == (column,)
            return table == relation and (
                made.kind in _KINDS or (made.kind is ConstraintKind.PRIMARY_KEY and alone)
            )
        case AddColumn(table=table):
            return table == relation and column is None
        case ChangeTable(table=table, action=action):
            return table == relation and action in _SETTINGS
        case ChangeServer(action=action, relations=relations):
            return (
                relations == (relation,) and action in _TOLD and (action != "grant" or ground.at == relation)
            )
        case _:
            return False


def _lasts(ground: Ground) -> bool:
    """It is the same table before, between and after: what refers to it refers to it for good."""
    return not ground.sheds and ground.at == ground.held.relation


def _names(change: Change, relation: str) -> bool:
    return any(each == relation for each in _strings(change))


def _unclear(statement: Statement, changes: Sequence[Change], relation: str) -> bool:
    """Nobody knows what it names, and its text has the relation's name in it."""
    clear = all(
        getattr(each, "table", None) or getattr(each, "index", None) or getattr(each, "relations", None)
        for each in changes
    )
    return not clear and says(statement.sql, relation)


def says(sql: str, name: str) -> bool:
    """The name stands in the text, as a word."""
    return re.search(rf"(?<![\w$]){re.escape(raw(bare_name(name)))}(?![\w$])", sql, re.IGNORECASE) is not None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for each in cast("tuple[Any, ...]", value):
            yield from _strings(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _strings(getattr(value, each.name))
