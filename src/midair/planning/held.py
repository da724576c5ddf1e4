"""Which statements must wait for an earlier migration's contract (expand-contract.md §6.6)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

from midair.dialects.postgresql.changes import changes_of
from midair.errors import GateInTheWay, NotOnline
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    Change,
    CreateIndex,
    CreateTable,
    Delete,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropIndex,
    DropNotNull,
    Index,
    Insert,
    Query,
    SetDefault,
    SetNotNull,
    SetSetting,
    Transaction,
    Update,
    ValidateConstraint,
)
from midair.model.contract import Contract, Held, Hold
from midair.model.schema import bare_name, beside
from midair.model.statement import Statement
from midair.rewriting.make_safe import Deferred
from midair.rewriting.names import raw

_ROWS = (Insert, Update, Delete, Query, Transaction, SetSetting)
"""They work through either name, and change no shape."""
_BESIDE = (
    AddColumn, AddConstraint, AlterColumnType, CreateIndex, CreateTable, DropColumn, DropConstraint, DropDefault, DropNotNull, SetDefault,
    SetNotNull, ValidateConstraint,
)  # fmt: skip
"""What leaves a table's other parts, and its name, as they are. A new table may refer to it."""


def refuse_held(statements: Sequence[Statement], waiting: Sequence[Contract]) -> None:
    """Raises `GateInTheWay` where a statement touches what a contract holds."""
    for statement in statements:
        for contract in waiting:
            held = next((each for each in contract.holds if touches(statement, each)), None)
            if held is not None:
                raise GateInTheWay(
                    f"{statement.span} touches {held}, and {contract.revision} still waits for its contract: {contract.summary}",
                    state="nothing was changed",
                    contract=contract.id,
                    hint=f"when the old application is gone: midair contract {contract.revision}; or midair apply --contract-first."
                    " What comes before it can be applied by naming a TARGET",
                )


def refuse_later(
    statements: Sequence[Statement],
    deferred: Sequence[tuple[Statement, Deferred]],
    contracts: Sequence[Contract],
) -> None:
    """Raises `NotOnline` where one migration goes on with what a recipe has just put into two shapes."""
    for contract in contracts:
        made_by = [each for each in deferred if each[0] == contract.origin]
        after = statements[statements.index(made_by[0][0]) + 1 :] if made_by else statements
        taken = {each for _, one in made_by for each in one.taken}
        for statement in (contract.origin, *(each for each in after if each not in taken)):
            apart = contract.additive and all(isinstance(each, _BESIDE) for each in changes_of(statement.sql))
            clash = _makes_again if statement is contract.origin else touches
            holds = [each for each in contract.holds if not (apart and each.how is Hold.SHAPE)]
            held = next((each for each in holds if clash(statement, each)), None)
            if held is not None:
                why = ", which is in two shapes until contract" if held.how is Hold.SHAPE else ""
                raise NotOnline(
                    f"{statement.span} touches {held}{why}: {contract.summary}",
                    state="nothing was changed",
                    hint="put it into a later migration, to be applied after `midair contract`; or run this one with --strategy direct in a window",
                )


def touches(statement: Statement, held: Held) -> bool:
    """The statement needs the held object in one shape, as far as its text can tell."""
    changes = changes_of(statement.sql)
    if held.how is Hold.KEY:
        return any(_drops(each, held) for each in changes)
    if held.how is Hold.NAME:
        return any(_calls(each) == held.relation for each in changes)
    if all(isinstance(each, _ROWS) for each in changes):
        return False
    if not any(_names(each, held.relation) for each in changes) and not _unclear(
        statement, changes, held.relation
    ):
        return False
    if held.part is None:
        return True
    return not all(isinstance(each, _BESIDE) for each in changes) or _says(statement.sql, held.part)


def _drops(change: Change, key: Held) -> bool:
    match change:
        case DropConstraint(table=table, name=name):
            return (table, name) == (key.relation, key.part)
        case DropIndex(index=name):
            return name == beside(key.relation, key.part or "")
        case _:
            return False


def _calls(change: Change) -> str | None:
    """The name of the index that it makes."""
    match change:
        case CreateIndex(table=table, index=index) | AddConstraint(table=table, index=Index() as index):
            return beside(table, bare_name(index.name))
        case _:
            return None


def _makes_again(statement: Statement, held: Held) -> bool:
    """The statement that drops a thing also makes one of its name: there cannot be two until contract."""
    made = [
        each.column.name if isinstance(each, AddColumn) else each.constraint.name
        for each in changes_of(statement.sql)
        if isinstance(each, AddColumn | AddConstraint)
    ]
    return held.part is not None and held.part in made


def _names(change: Change, relation: str) -> bool:
    return any(each == relation for each in _strings(change))


def _unclear(statement: Statement, changes: Sequence[Change], relation: str) -> bool:
    """Nobody knows what it names, and its text has the relation's name in it."""
    clear = all(getattr(each, "table", None) or getattr(each, "index", None) for each in changes)
    return not clear and _says(statement.sql, relation)


def _says(sql: str, name: str) -> bool:
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
