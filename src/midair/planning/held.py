"""Which statements must wait for an earlier migration's contract (expand-contract.md §6.6)."""

from collections.abc import Callable, Sequence

from midair.dialects.postgresql.changes import changes_of
from midair.errors import GateInTheWay, NotOnline
from midair.model.change import AddColumn, AddConstraint, DropConstraint, DropTable
from midair.model.contract import Contract, Held, Hold
from midair.model.migration import Migration, RevisionId
from midair.model.statement import Statement
from midair.rewriting.ground import BESIDE, in_the_way, touches
from midair.rewriting.make_safe import Deferred


def refuse_held(
    statements: Sequence[Statement], waiting: Sequence[Contract], builds_on: Callable[[RevisionId], bool]
) -> None:
    """Raises `GateInTheWay` where a statement touches what a contract holds, and may not go on building on it.

    `builds_on` tells whether the migration goes back together with a contract's own, before it.
    """
    for statement in statements:
        for contract in waiting:
            grounds = [each for each in contract.grounds if each.at == each.held.relation]
            held = in_the_way(statement, contract.holds, grounds if builds_on(contract.revision) else ())
            if held is not None:
                raise GateInTheWay(
                    f"{statement.span} touches {held}, and {contract.revision} still waits for its contract: {contract.summary}",
                    state="nothing was changed",
                    contract=contract.id,
                    hint=f"when the old application is gone: midair contract {contract.revision}; or midair apply --contract-first."
                    " What comes before it can be applied by naming a TARGET",
                )


def closes_way_back(
    migration: Migration, statements: Sequence[Statement], waiting: Sequence[Contract]
) -> list[str]:
    """What the reader of the plan should know of a migration without a downgrade that builds on what waits for contract."""
    if migration.reversible:
        return []
    touched = [
        each.revision
        for each in waiting
        if any(touches(statement, held) for statement in statements for held in each.holds)
    ]
    return [
        f"{migration.span} builds on what {each} left for contract, and has no downgrade: after it {each} cannot be taken back"
        for each in dict.fromkeys(touched)
    ]


def refuse_later(
    statements: Sequence[Statement],
    deferred: Sequence[tuple[Statement, Deferred]],
    contracts: Sequence[Contract],
) -> None:
    """Raises `NotOnline` where one migration goes on with what a recipe has just put into two shapes."""
    for contract in contracts:
        made_by = [each for each in deferred if each[0] == contract.origin]
        here = contract.origin in statements
        after = statements[statements.index(contract.origin) + 1 :] if here else statements
        taken = {each for _, one in made_by for each in one.taken}
        for statement in (contract.origin, *(each for each in after if each not in taken)):
            apart = contract.additive and all(isinstance(each, BESIDE) for each in changes_of(statement.sql))
            holds = [each for each in contract.holds if not (apart and each.how is Hold.SHAPE)]
            if statement is contract.origin:
                held = next((each for each in holds if _makes_again(statement, each)), None)
            else:
                held = (
                    None
                    if _takes_the_rest(statement, contract)
                    else in_the_way(statement, holds, contract.grounds)
                )
            if held is not None:
                why = ", which is in two shapes until contract" if held.how is Hold.SHAPE else ""
                raise NotOnline(
                    f"{statement.span} touches {held}{why}: {contract.summary}",
                    state="nothing was changed",
                    hint="put it into a later migration, to be applied after `midair contract`; or run this one with --strategy direct in a window",
                )


def _takes_the_rest(statement: Statement, contract: Contract) -> bool:
    """It drops the table of which the contract drops a constraint: it waits as well, and comes after it."""
    drops = {each.table for each in changes_of(statement.sql) if isinstance(each, DropTable)}
    leaves = [change for sql in contract.statements for change in changes_of(sql)]
    return all(isinstance(each, DropConstraint) and each.table in drops for each in leaves)


def _makes_again(statement: Statement, held: Held) -> bool:
    """The statement that drops a thing also makes one of its name: there cannot be two until contract."""
    made = [
        each.column.name if isinstance(each, AddColumn) else each.constraint.name
        for each in changes_of(statement.sql)
        if isinstance(each, AddColumn | AddConstraint)
    ]
    return held.part is not None and held.part in made
