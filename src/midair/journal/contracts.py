"""What waits behind gates, and what became of it: rows that commit with the work they speak of."""

from collections.abc import Sequence
from datetime import datetime

from midair.database.session import Session
from midair.journal.plans import read_contract, written
from midair.model.address import Product
from midair.model.contract import Archived, Contract, ContractState, Evidence, OpenContract
from midair.model.migration import RevisionId
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


def opened_by(
    tool: str, contract: Contract, actor: str | None, host: str, *, forced: bool, why: str | None
) -> Sql:
    """Who let the contract run, and against what."""
    text = "INSERT INTO midair.gate (tool, contract_id, actor, host, forced, why) VALUES (%s, %s, %s, %s, %s, %s)"
    return Sql(text, (tool, contract.id, actor, host, forced, why))


def put_aside(tool: str, contract: Contract, keep_s: float) -> Sql:
    """What the contract takes away is kept under another name for so long."""
    text = (
        "INSERT INTO midair.archive (tool, contract_id, purge_after) VALUES (%s, %s, now() + make_interval(secs => %s))"
        " ON CONFLICT (tool, contract_id) DO UPDATE SET archived_at = now(), purge_after = excluded.purge_after"
    )
    return Sql(text, (tool, contract.id, keep_s))


def archived(session: Session, tool: str) -> tuple[Archived, ...]:
    """What contracts put aside and nobody has purged, oldest first."""
    if not _has(session, "midair.archive"):
        return ()
    rows = session.query(
        "SELECT c.body, a.purge_after, a.purge_after <= clock_timestamp() FROM midair.contract c"
        " JOIN midair.archive a ON a.tool = c.tool AND a.contract_id = c.id"
        " WHERE c.state = %s AND c.tool = %s ORDER BY a.archived_at, c.id",
        (str(ContractState.ARCHIVED), tool),
    )
    return tuple(Archived(read_contract(body), at, due) for body, at, due in rows)


def ended(
    session: Session, tool: str, limit: int = 5
) -> tuple[tuple[Contract, ContractState, datetime], ...]:
    """The newest contracts that are over, newest first, with their end and when it was."""
    if not _has(session, "midair.contract"):
        return ()
    rows = session.query(
        "SELECT body, state, closed_at FROM midair.contract WHERE tool = %s AND closed_at IS NOT NULL"
        f" ORDER BY closed_at DESC, id LIMIT {limit:d}",
        (tool,),
    )
    return tuple((read_contract(body), ContractState(state), at) for body, state, at in rows)


def sampled(tool: str, contract: Contract, probe: str, value: int) -> Sql:
    """A counter's value now, to be compared with a later one."""
    text = (
        "INSERT INTO midair.evidence (tool, contract_id, probe, value, forced) VALUES (%s, %s, %s, %s, false)"
    )
    return Sql(text, (tool, contract.id, probe, str(value)))


def samples(session: Session, tool: str, contract: Contract, probes: Sequence[str]) -> dict[str, int]:
    """The newest values that `sampled` kept since the contract was opened, by probe."""
    rows = session.query(
        "SELECT DISTINCT ON (e.probe) e.probe, e.value FROM midair.evidence e"
        " JOIN midair.contract c ON c.tool = e.tool AND c.id = e.contract_id"
        " WHERE e.tool = %s AND e.contract_id = %s AND e.sampled_at >= c.ready_at ORDER BY e.probe, e.sampled_at DESC",
        (tool, contract.id),
    )
    return {probe: int(value) for probe, value in rows if probe in probes}


def waiting(session: Session, tool: str | None = None) -> tuple[OpenContract, ...]:
    """Every contract that is open, oldest first; of one tool, or of all."""
    if not _has(session, "midair.contract"):
        return ()
    rows = session.query(
        "SELECT body, ready_at, extract(epoch FROM clock_timestamp() - ready_at)::float8 FROM midair.contract"
        " WHERE state = 'ready' AND (tool = %s OR %s) ORDER BY ready_at, id",
        (tool or "", tool is None),
    )
    return tuple(OpenContract(read_contract(body), at, age) for body, at, age in rows)


def past_return(session: Session, tool: str) -> frozenset[RevisionId]:
    """Migrations of which at least one contract took away what it waited with, for good."""
    if not _has(session, "midair.contract"):
        return frozenset()
    rows = session.query(
        "SELECT DISTINCT revision FROM midair.contract WHERE tool = %s AND state IN (%s, %s)",
        (tool, str(ContractState.CONTRACTED), str(ContractState.PURGED)),
    )
    return frozenset(revision for (revision,) in rows)


def _has(session: Session, table: str) -> bool:
    """The journal has this table: it may be an older midair's, or of a product that has no contracts."""
    return session.product is Product.POSTGRESQL and bool(
        session.query("SELECT to_regclass(%s) IS NOT NULL", (table,))[0][0]
    )
