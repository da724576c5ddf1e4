"""One at a time: midair's own lock and the tool's, both polled for, and who stands in the way."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from zlib import crc32

from midair.database.session import Session
from midair.errors import AlreadyRunning, StatementFailed
from midair.execution.services import Bounds, Clock, Reporter, pause_s
from midair.model.address import Product
from midair.model.effects import LockLevel
from midair.model.event import Noticed, Waiting

_OURS = 0x6D69_6461
"""First half of midair's advisory key: "mida" in ASCII. The second half is a digest of the history's name."""

_BLOCKERS = """
SELECT DISTINCT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?'), a.state,
       round(extract(epoch FROM clock_timestamp() - a.xact_start))::int,
       left(regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 60)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.granted AND l.locktype = 'relation' AND a.pid <> pg_backend_pid() AND l.mode = ANY (string_to_array(%s, ','))
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest(string_to_array(%s, chr(31))) AS name)
ORDER BY 4 DESC NULLS LAST LIMIT 5
"""
_TERMINATE = """
SELECT pid, name, age
FROM (SELECT DISTINCT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?') AS name,
             round(extract(epoch FROM clock_timestamp() - a.xact_start))::int AS age
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.granted AND l.locktype = 'relation' AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
        AND l.mode = ANY (string_to_array(%s, ',')) AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.relation IN (SELECT to_regclass(name)::oid FROM unnest(string_to_array(%s, chr(31))) AS name)
        AND clock_timestamp() - a.xact_start > make_interval(secs => %s)) AS blocking
WHERE pg_terminate_backend(pid)
"""
_HOLDERS = """
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?'), host(a.client_addr), date_trunc('second', a.backend_start)::text
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid IN (1, 2)
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
"""


CONFLICTS = {
    LockLevel.SHARE: "RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock",
    LockLevel.SHARE_ROW_EXCLUSIVE: "RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock",
    LockLevel.EXCLUSIVE: "RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock",
    LockLevel.ACCESS_EXCLUSIVE: "AccessShareLock,RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock",
}
"""Which held modes each strong lock waits for. Source: PostgreSQL manual, 13.3.1, table 13.2."""


def own_key(history: str) -> int:
    """midair's advisory key for one history table of one database."""
    return (_OURS << 32) | crc32(history.encode())


def database_key() -> int:
    """midair's advisory key for the whole database: what one tool's migrations have under way, another's plan must see."""
    return _OURS << 32


def take(
    session: Session, name: str, keys: Sequence[int], bounds: Bounds, clock: Clock, reporter: Reporter
) -> None:
    """Takes every key by trying: a blocking wait would hold a snapshot that index builds wait for.

    `name` is whose lock it is, for people: `midair` or the tool.

    Raises:
        AlreadyRunning: another process held one for longer than `wait_s`.
    """
    began = clock.now()
    for key in keys:
        attempt = 0
        while not session.try_lock(key):
            waited = clock.now() - began
            who = _holder(session, key)
            if waited >= bounds.wait_s:
                raise AlreadyRunning(
                    f"another {name} run is at work on this database{f': {who}' if who else ''}",
                    state="nothing was changed",
                    hint="wait for it to end (`--wait 5min` does), or look with `midair status`",
                )
            if attempt % 8 == 0:
                reporter.hear(Waiting(f"another {name} run{f' ({who})' if who else ''}", waited))
            clock.sleep(pause_s(attempt))
            attempt += 1


@contextmanager
def holding(
    hold: Callable[[Session], AbstractContextManager[None]] | None,
    session: Session,
    name: str,
    bounds: Bounds,
    clock: Clock,
    reporter: Reporter,
) -> Generator[None]:
    """Holds the tool's lock that is a row of a table, while the context lasts; `None`: the tool has none.

    Raises:
        AlreadyRunning: another held it for longer than `wait_s`.
    """
    began, attempt = clock.now(), 0
    with ExitStack() as held:
        while hold is not None:
            try:
                held.enter_context(hold(session))
                break
            except AlreadyRunning as error:
                waited = clock.now() - began
                if waited >= bounds.wait_s:
                    raise
                if attempt % 8 == 0:
                    reporter.hear(Waiting(f"another {name} run ({error.message})", waited))
            clock.sleep(pause_s(attempt))
            attempt += 1
        yield


def blockers(
    session: Session, relations: Sequence[str], level: LockLevel = LockLevel.ACCESS_EXCLUSIVE
) -> tuple[str, ...]:
    """Who holds locks on the relations that one of this level waits for, longest transaction first, as people name them."""
    if session.product is not Product.POSTGRESQL or not relations:
        return ()
    try:
        rows = session.query(_BLOCKERS, (CONFLICTS[level], chr(31).join(relations)))
    except StatementFailed:
        return ()  # a name that is no name here; the wait itself is reported all the same
    return tuple(
        f"pid {pid} ({name}, {state}, transaction open for {age or 0} s): {query}"
        for pid, name, state, age, query in rows
    )


def end_blockers(
    session: Session, relations: Sequence[str], level: LockLevel, bounds: Bounds, reporter: Reporter
) -> None:
    """Ends the sessions whose transaction has been in the way for longer than allowed, where that was asked for.

    In the way are only those whose locks conflict with `level`: nobody else is ended.
    """
    if bounds.terminate_after_s is None or session.product is not Product.POSTGRESQL or not relations:
        return
    try:
        ended = session.query(
            _TERMINATE, (CONFLICTS[level], chr(31).join(relations), bounds.terminate_after_s)
        )
    except StatementFailed as error:
        reporter.hear(Noticed(None, "WARNING", f"may not end those in the way: {error.message}"))
        return
    for pid, name, age in ended:
        reporter.hear(
            Noticed(None, "WARNING", f"ended pid {pid} ({name}): its transaction was open for {age} s")
        )


def _holder(session: Session, key: int) -> str:
    if session.product is not Product.POSTGRESQL:
        return ""
    rows = session.query(_HOLDERS, (key,))
    return ", ".join(
        f"pid {pid} ({name}{f', from {address}' if address else ''}, since {since})"
        for pid, name, address, since in rows
    )
