"""Strong locks without a queue behind them: the two-step protocol (expand-contract.md §3.1).

A transaction first takes SHARE UPDATE EXCLUSIVE on every table it will lock strongly. No read or
write waits for that, so it can wait long enough for the server to send an autovacuum worker away.
Then it asks for the strong locks all at once, in short tries with pauses between them, and looks
before it asks: while a holder is older than a second, asking would only make others queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from midair.database.session import Session
from midair.errors import LockTimeout, StatementFailed
from midair.execution.locks import CONFLICTS
from midair.execution.services import Bounds
from midair.model.address import Product
from midair.model.effects import LockLevel
from midair.model.plan import Step
from midair.model.statement import Sql, Statement

_PATIENCE_MS = 5_000
"""Longer than `deadlock_timeout` (1 s), after which the server cancels an autovacuum worker in the way."""
_FIRST_TRY_MS = 10
_OLD_S = 1.0
"""A transaction this old will hardly end within one short try."""
_DENIED = ("42501", "42809", "42P01", "0A000")
"""No right to lock it by itself, no table, or not there yet: the statement itself then asks for the lock."""
_CANCELLED = "57014"

_OLDEST_HOLDER = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)), 0)::float8
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.granted AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest(string_to_array(%s, chr(31))) AS name)
  AND (l.mode = ANY (string_to_array(%s, ',')))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The table locks of one transaction, strongest per table, in one fixed order for every run."""

    locks: tuple[tuple[str, LockLevel], ...]

    @property
    def strong(self) -> tuple[tuple[str, LockLevel], ...]:
        """Those that reads or writes wait for."""
        return tuple(each for each in self.locks if each[1] >= LockLevel.SHARE)

    @property
    def strong_tables(self) -> tuple[str, ...]:
        """Their tables."""
        return tuple(name for name, _ in self.strong)


def wanted_by(session: Session, steps: Sequence[Step]) -> Wanted | None:
    """The locks to ask for before these steps; `None` where there are none, or the product has no such locks."""
    if session.product is not Product.POSTGRESQL:
        return None
    levels: dict[str, LockLevel] = {}
    for step in steps:
        for name, level in step.locks:
            levels[name] = max(level, levels.get(name, LockLevel.NONE))
    return Wanted(tuple(sorted(levels.items()))) if levels else None


def commit(
    session: Session, wanted: Wanted, batch: Sequence[Sql | Statement], bounds: Bounds, attempt: int
) -> None:
    """Takes the locks, sends everything and commits: one try, numbered from 1.

    Raises:
        LockTimeout: a lock was out of reach for this try; nothing is left of it.
        StatementFailed: with `index` counted in the batch; nothing is left of it.
    """
    if not _began(session, wanted):
        session.run(batch, atomic=True)
        return
    asking = _asking(wanted, bounds, attempt)
    try:
        if wanted.strong and _is_hopeless(session, wanted):
            raise LockTimeout("a transaction that has been open for more than a second is in the way")
        session.run([*asking, *batch, Sql("COMMIT")], atomic=False)
    except StatementFailed as error:
        session.abandon()
        asked_in_vain = error.sqlstate == _CANCELLED and error.index < len(asking)
        error.index = max(0, error.index - len(asking))
        if asked_in_vain:
            raise LockTimeout(error.message, sqlstate=error.sqlstate) from error
        raise


def _began(session: Session, wanted: Wanted) -> bool:
    """Begins a transaction that holds SHARE UPDATE EXCLUSIVE on every table; false when the server forbids it."""
    tables = ", ".join(f"ONLY {name}" for name, _ in wanted.locks)
    batch = [
        Sql("BEGIN"),
        Sql(f"SET LOCAL lock_timeout = {_PATIENCE_MS}"),
        Sql(f"LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE"),
    ]
    try:
        session.run(batch, atomic=False)
    except StatementFailed as error:
        session.abandon()
        if isinstance(error, LockTimeout) or error.sqlstate not in _DENIED:
            error.index = 0
            raise
        return False
    return True


def _asking(wanted: Wanted, bounds: Bounds, attempt: int) -> list[Sql]:
    """One LOCK statement a level, bounded as a whole: `lock_timeout` alone counts per lock."""
    longest = max(1, round(bounds.lock_wait_s * 1000))
    # The first tries are shorter still: most holders are gone in a moment, and nobody notices those.
    wait_ms = min(longest, _FIRST_TRY_MS * 2 ** min(attempt - 1, 6))
    asking = [Sql(f"SET LOCAL lock_timeout = {wait_ms}")]
    for level in sorted({each for _, each in wanted.strong}, reverse=True):
        tables = [name for name, each in wanted.strong if each is level]
        if len(tables) > 1:
            asking.append(Sql(f"SET LOCAL statement_timeout = {wait_ms}"))
        names = ", ".join(f"ONLY {name}" for name in tables)
        asking.append(Sql(f"LOCK TABLE {names} IN {level} MODE"))
        if len(tables) > 1:
            asking.append(Sql("SET LOCAL statement_timeout TO DEFAULT"))
    return asking


def _is_hopeless(session: Session, wanted: Wanted) -> bool:
    """A transaction that is not about to end holds one of the tables: asking would only make others queue."""
    for level in {each for _, each in wanted.strong}:
        names = chr(31).join(name for name, each in wanted.strong if each is level)
        rows = session.query(_OLDEST_HOLDER, (names, CONFLICTS[level]))
        if rows[0][0] > _OLD_S:
            return True
    return False
