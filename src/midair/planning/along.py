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
    """It undoes what a statement did that the contract's way back takes back."""
    undoes = _subject(change, contract)
    if undoes is None:
        return False
    makes, subject = undoes
    for one in contract.along:
        for each in changes_of(one.sql):
            made = _subject(each, contract)
            if made is not None and made[1] == subject and (makes is None or made[0] is not makes):
                return True
    return False


def _subject(change: Change, contract: Contract) -> tuple[bool | None, _Subject] | None:
    """What the change makes (`True`), unmakes (`False`) or sets, under the new names; `None` for what no statement can take along."""
    match change:
        case CreateIndex(index=index):
            return True, ("index", index.name)
        case DropIndex(index=name):
            return False, ("index", name)
        case AddConstraint(table=table, constraint=constraint):
            return True, ("constraint", *_now(table, None, contract), constraint.name)
        case DropConstraint(table=table, name=name):
            return False, ("constraint", *_now(table, None, contract), name)
        case AddColumn(table=table, column=column):
            return True, ("column", *_now(table, column.name, contract))
        case DropColumn(table=table, column=name):
            return False, ("column", *_now(table, name, contract))
        case SetNotNull(table=table, column=name):
            return True, ("not null", *_now(table, name, contract))
        case DropNotNull(table=table, column=name):
            return False, ("not null", *_now(table, name, contract))
        case SetDefault(table=table, column=name) | DropDefault(table=table, column=name):
            return None, ("default", *_now(table, name, contract))
        case RenameColumn(table=table, column=old, new_name=new):
            return None, ("name", _now(table, None, contract)[0], *sorted((old, new)))
        case RenameConstraint(table=table, name=old, new_name=new):
            return None, ("constraint name", _now(table, None, contract)[0], *sorted((old, new)))
        case ChangeTable(table=table, action=action, subject=name):
            return None, (action, *_now(table, name, contract))
        case ChangeServer(action="comment", relations=(table,), subject=name):
            return None, ("comment", *_now(table, name, contract))
        case _:
            return None


def _now(table: str, column: str | None, contract: Contract) -> tuple[str, str | None]:
    """A downgrade may say the new names or the old ones."""
    for ground in contract.grounds:
        if table in (ground.held.relation, ground.was):
            old = {was: new for new, was in ground.columns}
            return ground.held.relation, old.get(column, column) if column is not None else None
    return table, column
