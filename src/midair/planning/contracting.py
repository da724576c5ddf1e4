"""Contracts in plans: made at a recipe, opened with the migration's record, run or taken back later."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from midair.dialects.postgresql.changes import changes_of
from midair.errors import Irreversible
from midair.model.change import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    Change,
    CreateTable,
    DropColumn,
    DropDefault,
    DropTable,
    Insert,
    RenameColumn,
    RenameTable,
    SetDefault,
    Update,
)
from midair.model.concealed import title_of
from midair.model.contract import Contract, ContractState
from midair.model.effects import LockLevel
from midair.model.migration import Block, Direction, RevisionId, Script
from midair.model.plan import CloseGate, Gate, Phase, Plan, RunStatement, Segment, Step, step_id
from midair.model.statement import Statement
from midair.planning.along import goes_along, left_of
from midair.planning.lay_out import Item
from midair.rewriting.following import Way
from midair.rewriting.make_safe import Deferred, Made, as_pieces
from midair.rewriting.piece import Piece
from midair.rewriting.recipe import NoWay
from midair.rewriting.scene import Scene

UNCUT = NoWay(
    "changes what the running application uses, in a migration whose transaction must stay as it is",
    "put this statement into a migration of its own",
)


@dataclass(frozen=True, slots=True)
class Undoing:
    """A statement of a downgrade in whose place an open contract is taken back."""

    statement: Statement
    contract: Contract


def contract_of(revision: RevisionId, number: int, statement: Statement, deferred: Deferred) -> Contract:
    """What waits, as the journal keeps it; `number` counts the migration's contracts from 0."""
    phases = deferred.phases
    return Contract(
        id=f"{revision}:{number}",
        revision=revision,
        recipe=deferred.recipe,
        summary=phases.summary,
        origin=statement,
        holds=phases.holds,
        statements=phases.contract,
        locks=phases.locks,
        undo=phases.undo,
        undo_first=phases.undo_first,
        undo_after=phases.undo_after,
        undo_locks=phases.undo_locks,
        undo_needs=phases.undo_needs,
        reverses=phases.reverses,
        verify=phases.verify,
        old=phases.old,
        also=phases.also,
        # One of several that a downgrade undoes one by one: the recipe's way back is all of it.
        along=tuple(each for each in (statement, *deferred.taken) if _only_renames(each)),
        cascades=phases.cascades,
        wire=phases.wire,
        archive=phases.archive,
        comes_back=phases.comes_back,
        additive=phases.additive,
        grounds=phases.grounds,
    )


def _only_renames(statement: Statement) -> bool:
    return all(isinstance(each, RenameColumn) for each in changes_of(statement.sql))


def along_with(contract: Contract, way: Way) -> Contract:
    """The same where its way back takes another statement back too, made after what it takes back so far."""
    locks = tuple(sorted({**dict(way.locks), **dict(contract.undo_locks)}.items()))
    return replace(
        contract,
        statements=(*contract.statements, *way.contract),
        undo_after=(*(way.undo or ()), *contract.undo_after),
        undo_locks=locks if way.locks else contract.undo_locks,
        along=(*contract.along, way.statement),
    )


def contracts_of(segments: Sequence[Segment]) -> list[Contract]:
    """What waits behind the gates of these segments."""
    return [step.action.contract for each in segments for step in each.steps if isinstance(step.action, Gate)]


def gate_step(contract: Contract, position: int) -> Step:
    """Both versions are supported from here on."""
    identity = step_id(contract.revision, Direction.UP, position, f"gate {contract.id} {contract.statements}")
    title = f"gate: {contract.summary}, until `midair contract`"
    return Step(
        identity,
        contract.revision,
        Direction.UP,
        Phase.CONTRACT,
        title,
        Gate(contract),
        rewrite=contract.recipe,
    )


def close_step(contract: Contract, state: ContractState, direction: Direction, position: int) -> Step:
    """The gate is of the past."""
    identity = step_id(contract.revision, direction, position, f"{state} {contract.id}")
    title = f"{state}: no longer {contract.summary}"
    return Step(identity, contract.revision, direction, Phase.CONTRACT, title, CloseGate(contract, state))


def lay_out_contracts(
    tool: str,
    contracts: Sequence[Contract],
    checksums: Sequence[tuple[RevisionId, str]],
    *,
    archives: bool = False,
) -> Plan:
    """The destructive rest of these contracts, in their order, each one transaction with its record.

    `archives`: what can be put aside is not dropped.
    """
    segments: list[Segment] = []
    for contract in contracts:
        aside = contract.archive if archives else None
        state = ContractState.ARCHIVED if aside is not None else ContractState.CONTRACTED
        sent = aside.statements if aside is not None else contract.statements
        why = f"{contract.revision}: from here on only the new version is supported"
        segments.append(_ending(contract, sent, contract.locks, state, why))
    return _plan_of(tool, segments, contracts, checksums)


def lay_out_purge(
    tool: str, contracts: Sequence[Contract], checksums: Sequence[tuple[RevisionId, str]]
) -> Plan:
    """The end of what these contracts put aside, each one transaction with its record."""
    segments = [
        _ending(
            each,
            each.archive.purge,
            each.archive.locks,
            ContractState.PURGED,
            f"{each.revision}: its archive ends",
        )
        for each in contracts
        if each.archive is not None
    ]
    return _plan_of(tool, segments, contracts, checksums)


def _plan_of(
    tool: str,
    segments: Sequence[Segment],
    contracts: Sequence[Contract],
    checksums: Sequence[tuple[RevisionId, str]],
) -> Plan:
    revisions = tuple(dict.fromkeys(each.revision for each in contracts))
    return Plan(
        tool, Direction.UP, tuple(segments), revisions, checksums=tuple(checksums), strategy="contract"
    )


def _ending(
    contract: Contract,
    sent: Sequence[str],
    locks: tuple[tuple[str, LockLevel], ...],
    state: ContractState,
    why: str,
) -> Segment:
    steps = [_contract_step(contract, position, sql, locks) for position, sql in enumerate(sent)]
    return Segment((*steps, close_step(contract, state, Direction.UP, len(steps))), True, why)


def _contract_step(
    contract: Contract, position: int, sql: str, locks: tuple[tuple[str, LockLevel], ...]
) -> Step:
    statement = Statement(sql, contract.origin.span)
    identity = step_id(contract.revision, Direction.UP, position, f"contract {contract.id} {sql}")
    return Step(
        identity,
        contract.revision,
        Direction.UP,
        Phase.CONTRACT,
        title_of(sql),
        RunStatement(statement),
        origin=contract.origin,
        rewrite=contract.recipe,
        locks=locks,
    )


def from_archive(contract: Contract) -> Contract:
    """A contracted one as if it were still open: its way back begins with what was put aside."""
    if contract.archive is None:
        return contract
    return replace(contract, undo=contract.archive.undo, undo_locks=(), undo_needs=contract.archive.needs)


def _is_put_aside(contract: Contract) -> bool:
    return contract.archive is not None and contract.undo == contract.archive.undo


def undoing(item: Item, waiting: Sequence[Contract]) -> tuple[Item, tuple[Undoing, ...]]:
    """The downgrade as it is to be run while contracts of the migration are open, and where each is taken back, newest first.

    A migration that is nothing but recipes is taken back by them alone: its author's downgrade brings back what
    was never gone, and would write over it. So is one without a downgrade whose other statements say what undoes them. Of any other, the statements that undo a contract give it their place,
    and those that only refill what it brings back, or undo what its way back undoes, are left out.

    Raises:
        Irreversible: there is a downgrade, and it says nothing in whose place one of them could be.
    """
    mine = [each for each in reversed(waiting) if each.revision == item.migration.revision]
    if not mine:
        return item, ()
    written = item.migration.reversible
    if all(each.whole or (each.rest is not None and not written) for each in mine):
        blocks = (Block(tuple(dict.fromkeys(each.origin for each in mine))),)
        last = mine[-1]
        mine[-1] = replace(last, undo_after=(*last.undo_after, *(last.rest or ())))
        return replace(item, script=Script(blocks)), tuple(Undoing(each.origin, each) for each in mine)
    found: list[Undoing] = []
    for contract in mine:
        inverse = next((each for each in item.script.statements if _reverses(each, contract, mine)), None)
        if inverse is None and item.script.statements:
            raise Irreversible(
                f"the downgrade of {contract.revision} has no statement that undoes {contract.origin.span}: {contract.summary}",
                state="nothing was changed",
                hint=f"write the inverse as a statement of its own; or close the gate first: midair contract {contract.revision}",
            )
        if inverse is not None:
            found.append(Undoing(inverse, contract))
    # What was put aside at contract is as it was then: what was written since is where the downgrade looks for it.
    reversed_by = {each.contract.reverses for each in found if not _is_put_aside(each.contract)}
    turned = [each.statement for each in found]
    blocks = tuple(
        replace(
            block,
            statements=tuple(
                left
                for each in block.statements
                if not _refills(each, reversed_by)
                for left in ((each,) if each in turned else left_of(each, mine))
            ),
        )
        for block in item.script.blocks
    )
    return replace(item, script=replace(item.script, blocks=blocks)), tuple(found)


def _reverses(statement: Statement, contract: Contract, mine: Sequence[Contract]) -> bool:
    """It undoes this contract, and nothing that is not one: the rest of it would be lost with it."""
    changes = [
        each
        for each in changes_of(statement.sql)
        if not _is_default_of(each, mine) and not any(goes_along(each, one) for one in mine)
    ]
    signatures = {signature(each) for each in changes or changes_of(statement.sql)}
    return contract.reverses in signatures and signatures <= {each.reverses for each in mine}


def _is_default_of(change: Change, mine: Sequence[Contract]) -> bool:
    """It sets or drops a default beside a type: the way back of the type has the old one."""
    return isinstance(change, SetDefault | DropDefault) and any(
        each.reverses == f"change type {change.table}.{change.column}" for each in mine
    )


def _refills(statement: Statement, reversed_by: Set[str]) -> bool:
    """It only writes into columns, or a table, that were there all the time."""
    changes = changes_of(statement.sql)
    return bool(changes) and all(
        (
            isinstance(each, Update)
            and bool(each.sets)
            and all(f"add column {each.table}.{column}" in reversed_by for column in each.sets)
        )
        or (isinstance(each, Insert) and f"create table {each.table}" in reversed_by)
        for each in changes
    )


def signature(change: Change) -> str | None:
    """A change in words that say what it brings back; `None` for one that undoes no recipe."""
    match change:
        case RenameColumn(table=table, column=column, new_name=name):
            return f"rename column {table}.{column} to {name}"
        case CreateTable(table=table):
            return f"create table {table}"
        case DropTable(table=table):
            return f"drop table {table}"
        case RenameTable(table=table, new_name=name):
            return f"rename table {table} to {name}"
        case AddColumn(table=table, column=column):
            return f"add column {table}.{column.name}"
        case DropColumn(table=table, column=column):
            return f"drop column {table}.{column}"
        case AddConstraint(table=table, constraint=constraint):
            return f"add constraint {table}.{constraint.name}"
        case AlterColumnType(table=table, column=column):
            return f"change type {table}.{column}"
        case SetDefault(table=table, column=column):
            return f"set default {table}.{column}"
        case _:
            return None


def taken_back(contracts: Sequence[Contract], statement: Statement, scene: Scene) -> Made:
    """Their expand sides undone: each in one transaction under its own locks, or as naive statements made safe."""
    pieces = tuple(
        Piece(
            sql,
            why=f"takes back {contract.recipe}",
            locks=() if again else contract.undo_locks,
            again=again,
            rewrite=contract.recipe,
            fixed=not again,
        )
        for contract in contracts
        for sql, again in (
            *((each, True) for each in contract.undo_first),
            *((each, not contract.undo_locks) for each in contract.undo),
            *((each, True) for each in contract.undo_after),
        )
    )
    return as_pieces(statement, pieces, scene)
