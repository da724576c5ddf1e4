"""What waits behind gates, and what became of it: rows that commit with the work they speak of."""

from collections.abc import Sequence

from midair.database.session import Session
from midair.journal.plans import read_contract, written
from midair.model.address import Product
from midair.model.contract import Contract, ContractState, Evidence, OpenContract
from midair.model.statement import Sql


def opened(run_id: str, tool: str, contract: Contract) -> Sql:
    """The migration is ready: its contract waits from now on."""
    row = (tool, contract.id, contract.revision, contract.recipe, contract.summary, written(contract))
    return Sql(
        "INSERT INTO midair.contract (tool, id, revision, recipe, summary, body, state, run_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (tool, id) DO UPDATE SET body = excluded.body,"
        " summary = excluded.summary, recipe = excluded.recipe, state = excluded.state, run_id = excluded.run_id,"
        " ready_at = excluded.ready_at, closed_at = NULL",
        (*row, str(ContractState.READY), run_id),
    )


def moved(tool: str, contract: Contract, state: ContractState) -> Sql:
    """The contract has come to its end."""
    text = "UPDATE midair.contract SET state = %s, closed_at = clock_timestamp() WHERE tool = %s AND id = %s"
    return Sql(text, (str(state), tool, contract.id))


def seen(tool: str, contract: Contract, evidence: Sequence[Evidence], *, forced: bool) -> tuple[Sql, ...]:
    """What the gate showed when it was asked to open; `forced`: a person's word stood against it."""
    text = "INSERT INTO midair.evidence (tool, contract_id, probe, value, forced) VALUES (%s, %s, %s, %s, %s)"
    return tuple(
        Sql(text, (tool, contract.id, each.probe, f"{each.light}: {each.text}", forced)) for each in evidence
    )


def sampled(tool: str, contract: Contract, probe: str, value: int) -> Sql:
    """A counter's value now, to be compared with a later one."""
    text = (
        "INSERT INTO midair.evidence (tool, contract_id, probe, value, forced) VALUES (%s, %s, %s, %s, false)"
    )
    return Sql(text, (tool, contract.id, probe, str(value)))


def sample(session: Session, tool: str, contract: Contract, probe: str) -> int | None:
    """The newest value that `sampled` kept since the contract was opened; `None` when there is none."""
    rows = session.query(
        "SELECT e.value FROM midair.evidence e JOIN midair.contract c ON c.tool = e.tool AND c.id = e.contract_id"
        " WHERE e.tool = %s AND e.contract_id = %s AND e.probe = %s AND e.sampled_at >= c.ready_at"
        " ORDER BY e.sampled_at DESC LIMIT 1",
        (tool, contract.id, probe),
    )
    return int(rows[0][0]) if rows else None


def waiting(session: Session, tool: str | None = None) -> tuple[OpenContract, ...]:
    """Every contract that is open, oldest first; of one tool, or of all."""
    if session.product is not Product.POSTGRESQL:
        return ()
    if not session.query("SELECT to_regclass('midair.contract') IS NOT NULL")[0][0]:
        return ()
    rows = session.query(
        "SELECT body, ready_at, extract(epoch FROM clock_timestamp() - ready_at)::float8 FROM midair.contract"
        " WHERE state = 'ready' AND (tool = %s OR %s) ORDER BY ready_at, id",
        (tool or "", tool is None),
    )
    return tuple(OpenContract(read_contract(body), at, age) for body, at, age in rows)
