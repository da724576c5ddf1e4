"""DATABASECHANGELOGLOCK: one row, taken by whoever changes it (liquibase.md §6.4).

The row outlives its owner, so ours says whose it is: `midair HOST (pid N, backend B)`. On PostgreSQL and
MariaDB the backend tells a live owner from one that is gone.
"""

import os
import re
import socket
from collections.abc import Generator
from contextlib import contextmanager

from midair.database.session import Session
from midair.errors import AlreadyRunning
from midair.model.address import Product
from midair.model.statement import Sql
from midair.sources.tools.liquibase.table import KINDS, Tables, columns_of, lock_table

_OWNER = 0x6D69_646C << 32
"""First half of the key of an owner's session lock on MariaDB."""
_OURS = re.compile(r"midair (\S+) \(pid (\d+), backend (\d+)\)")

_LIVES = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = %s AND application_name LIKE 'midair%%'"
"""A number is given to new backends again; one of an application is not our owner come back."""

_AS_OLD = (
    "SELECT 1 FROM pg_catalog.pg_stat_activity AS a, {} AS l WHERE l.ID = 1 AND a.datname = current_database()"
    " AND a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()"
    " AND (a.backend_start IS NULL OR a.backend_start <= l.LOCKGRANTED + interval '1 second') LIMIT 1"
)


def refuse_held(session: Session, tables: Tables) -> None:
    """Refuses to go on while another holds the row.

    Raises:
        AlreadyRunning: it is held; the message says by whom, since when, and how to release it.
    """
    if not columns_of(session, tables.lock):
        return
    rows = session.query(f"SELECT LOCKED, LOCKEDBY, LOCKGRANTED FROM {tables.lock} WHERE ID = 1")
    if not rows or not rows[0][0] or rows[0][1] == owner_mark(session):
        return
    _, owner, since = rows[0]
    word = (
        "nobody who is connected was there then: it looks left behind"
        if looks_left_behind(session, tables)
        else "Liquibase, or another midair, is at work"
    )
    raise AlreadyRunning(
        f"Could not acquire change log lock: {tables.lock} is held by {owner or 'somebody'} since {since} ({word})",
        state="nothing was changed",
        hint="wait for it (`--wait 5min` does); if nobody is at work any more, `midair repair --release-lock`",
    )


def releasing(session: Session, tables: Tables) -> tuple[tuple[str, Sql], ...]:
    """What lets go of a row that nobody alive holds; nothing when it is free.

    Raises:
        AlreadyRunning: its owner can be seen at work.
    """
    if not columns_of(session, tables.lock):
        return ()
    rows = session.query(f"SELECT LOCKED, LOCKEDBY, LOCKGRANTED FROM {tables.lock} WHERE ID = 1")
    if not rows or not rows[0][0]:
        return ()
    _, owner, since = rows[0]
    if _OURS.fullmatch(str(owner or "")) and not is_gone(session, str(owner)):
        raise AlreadyRunning(
            f"{tables.lock} is held by {owner} since {since}, which is at work",
            state="nothing was changed",
            hint="wait for it, or end its process first",
        )
    same = "<=>" if session.product is Product.MARIADB else "IS NOT DISTINCT FROM"
    text = (
        f"UPDATE {tables.lock} SET LOCKED = {KINDS[session.product].false}, LOCKEDBY = NULL, LOCKGRANTED = NULL"
        f" WHERE ID = 1 AND LOCKEDBY {same} %s"
    )
    return ((f"lock of {owner or 'somebody'} since {since} released", Sql(text, (owner,))),)


def owner_mark(session: Session) -> str:
    """What our row says in LOCKEDBY."""
    return f"midair {socket.gethostname()[:150]} (pid {os.getpid()}, backend {_backend(session)})"


def _backend(session: Session) -> int:
    """The server's number of our connection; SQLite has none."""
    match session.product:
        case Product.POSTGRESQL:
            return int(session.query("SELECT pg_catalog.pg_backend_pid()")[0][0])
        case Product.MARIADB:
            return int(session.query("SELECT connection_id()")[0][0])
        case _:
            return 0


def is_gone(session: Session, owner: str) -> bool:
    """Whether the owner is a midair whose connection (on SQLite: whose process, on this host) has ended."""
    found = _OURS.fullmatch(owner)
    if found is None:
        return False
    host, process, backend = found.group(1), int(found.group(2)), int(found.group(3))
    if session.product is Product.POSTGRESQL:
        return not session.query(_LIVES, (backend,))
    if session.product is Product.MARIADB:
        return _lets_go(session, backend)
    if host != socket.gethostname()[:150]:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and is another user's
        return False
    return False


def _owner_key(backend: int) -> int:
    """The session lock whose holder is the owner: any user may ask for it, while connections are shown to few."""
    return _OWNER | backend


def _lets_go(session: Session, backend: int) -> bool:
    free = session.try_lock(_owner_key(backend))
    if free:
        session.unlock(_owner_key(backend))
    return free


def looks_left_behind(session: Session, tables: Tables) -> bool:
    """Whether no session but ours is as old as the lock: Liquibase keeps its own open while it holds it.

    A pooler in between can make this wrong, so it is only told, never acted upon.
    """
    if session.product is not Product.POSTGRESQL:
        return False
    return not session.query(_AS_OLD.format(tables.lock))


@contextmanager
def held(session: Session, tables: Tables) -> Generator[None]:
    """Holds the row as Liquibase does, so that it waits for us; a stale one of ours is taken over.

    Raises:
        AlreadyRunning: another holds it.
    """
    if not columns_of(session, tables.lock):
        session.run(lock_table(session, tables), atomic=True)
    mark = owner_mark(session)
    kinds = KINDS[session.product]
    true, false, now = kinds.true, kinds.false, kinds.now
    rows = session.query(f"SELECT LOCKED, LOCKEDBY FROM {tables.lock} WHERE ID = 1")
    if not rows:  # whoever made the table came no further
        session.run([Sql(f"INSERT INTO {tables.lock} (ID, LOCKED) VALUES (1, {false})")], atomic=True)
    stale = str(rows[0][1]) if rows and rows[0][0] and is_gone(session, str(rows[0][1] or "")) else None
    taking = Sql(
        f"UPDATE {tables.lock} SET LOCKED = {true}, LOCKEDBY = %s, LOCKGRANTED = {now}"
        f" WHERE ID = 1 AND (LOCKED = {false} OR LOCKEDBY = %s)",
        (mark, stale),
    )
    if session.product is Product.MARIADB:
        session.try_lock(_owner_key(_backend(session)))  # it ends with the connection, as the mark does not
    session.run([taking], atomic=True)
    refuse_held(session, tables)
    try:
        yield
    finally:
        release = Sql(
            f"UPDATE {tables.lock} SET LOCKED = {false}, LOCKEDBY = NULL, LOCKGRANTED = NULL WHERE ID = 1 AND LOCKEDBY = %s",
            (mark,),
        )
        if columns_of(session, tables.lock):  # drop-all takes the table itself away
            session.run([release], atomic=True)
