"""Statements of a downgrade that undo what a contract's way back undoes as well: they are left out, for it is gone by then."""

from collections.abc import Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Change,
    ChangeServer,
    ChangeTable,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropIndex,
    DropNotNull,
    RenameColumn,
    RenameConstraint,
    SetDefault,
    SetNotNull,
)
from midair.model.contract import Contract
from midair.model.statement import Statement
from midair.rewriting.ground import actions

_Subject = tuple[str | None, ...]


def left_of(statement: Statement, contracts: Sequence[Contract]) -> tuple[Statement, ...]:
    """The statement without the actions that these contracts' ways back do; empty where that is all of it."""
    parts = actions(statement)
    left = tuple(each for each in parts if not is_undone(each, contracts))
    return (statement,) if len(left) == len(parts) else left


def is_undone(statement: Statement, contracts: Sequence[Contract]) -> bool:
    """All that it does is to undo statements that go along with these contracts."""
    return all(
        any(goes_along(each, contract) for contract in contracts) for each in changes_of(statement.sql)
    )


def goes_along(change: Change, contract: Contract) -> bool:
    """It undoes, or does, what a statement did that the contract's way back takes back."""
    subject = _subject(change, contract)
    made = {_subject(each, contract) for one in contract.along for each in changes_of(one.sql)}
    return subject is not None and subject in made


def _subject(change: Change, contract: Contract) -> _Subject | None:
    """What the change makes, unmakes or sets, under the new names; `None` for what no statement can take along."""
    match change:
        case CreateIndex(index=index):
            return "index", index.name
        case DropIndex(index=name):
            return "index", name
        case AddConstraint(table=table, constraint=constraint):
            return "constraint", *_now(table, None, contract), constraint.name
        case DropConstraint(table=table, name=name):
            return "constraint", *_now(table, None, contract), name
        case AddColumn(table=table, column=column):
            return "column", *_now(table, column.name, contract)
        case DropColumn(table=table, column=name):
            return "column", *_now(table, name, contract)
        case SetNotNull(table=table, column=name) | DropNotNull(table=table, column=name):
            return "not null", *_now(table, name, contract)
        case SetDefault(table=table, column=name) | DropDefault(table=table, column=name):
            return "default", *_now(table, name, contract)
        case RenameColumn(table=table, column=old, new_name=new):
            return "name", _now(table, None, contract)[0], *sorted((old, new))
        case RenameConstraint(table=table, name=old, new_name=new):
            return "constraint name", _now(table, None, contract)[0], *sorted((old, new))
        case ChangeTable(table=table, action=action, subject=name):
            return action, *_now(table, name, contract)
        case ChangeServer(action="comment", relations=(table,), subject=name):
            return "comment", *_now(table, name, contract)
        case _:
            return None


def _now(table: str, column: str | None, contract: Contract) -> tuple[str, str | None]:
    """A downgrade may say the new names or the old ones."""
    for ground in contract.grounds:
        if table in (ground.held.relation, ground.was):
            old = {was: new for new, was in ground.columns}
            return ground.held.relation, old.get(column, column) if column is not None else None
    return table, column
