"""Asks a server whether anybody still needs what a contract would take away (expand-contract.md §6.6)."""

import re
from collections.abc import Iterator

from midair.database.session import Session
from midair.model.contract import Contract, Evidence, Light, OpenContract
from midair.model.schema import bare_name

_CONNECTIONS = """
SELECT coalesce(nullif(application_name, ''), usename, '?'), count(*)::int, count(*) FILTER (WHERE backend_start IS NULL)::int
FROM pg_stat_activity
WHERE datname = current_database() AND coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid()
  AND coalesce(application_name, '') NOT LIKE 'midair%%' AND (backend_start < %s::timestamptz OR backend_start IS NULL)
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_DEPENDENTS = """
SELECT DISTINCT c.oid::regclass::text
FROM pg_depend d
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
JOIN pg_class c ON c.oid = r.ev_class
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(%s) AND c.oid <> d.refobjid
  AND (%s = '' OR d.refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = d.refobjid AND attname = %s))
ORDER BY 1
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'midair')
  AND p.prosrc ~* %s AND p.prosrc ~* %s
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""
_STATEMENTS = r"""
SELECT coalesce(sum(s.calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query ~* %s AND s.query ~* %s
  AND s.query !~* '^\s*(alter|create|drop|comment|grant|lock)\M'
"""


def evidence_of(session: Session, waiting: OpenContract, calls_before: int | None) -> tuple[Evidence, ...]:
    """Everything the server can tell about one contract; reads catalogs and statistics only.

    `calls_before`: what `calls` gave at an earlier time since the contract was opened; `None`: nobody asked then.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    contract = waiting.contract
    found = [_verified(session, contract), _connections(session, waiting)]
    if contract.old is not None:
        found += _named(session, contract, *contract.old)
        found.append(_statements(calls(session, contract), calls_before))
    return tuple(found)


def calls(session: Session, contract: Contract) -> int | None:
    """How often statements that say the old name were called, as pg_stat_statements counts; `None` where it is not installed."""
    if contract.old is None:
        return None
    if not session.query("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'")[0][0]:
        return None
    return session.query(_STATEMENTS, _words(*contract.old))[0][0]


def _verified(session: Session, contract: Contract) -> Evidence:
    wrong = session.query(contract.verify.count.text, contract.verify.count.parameters)[0][0]
    if wrong:
        return Evidence("verify", Light.RED, contract.verify.otherwise, final=True)
    return Evidence("verify", Light.GREEN, "both shapes are as they were made")


def _connections(session: Session, waiting: OpenContract) -> Evidence:
    rows = session.query(_CONNECTIONS, (waiting.ready_at.isoformat(),))
    if any(unseen for _, _, unseen in rows):
        text = "this role cannot see since when others are connected; grant it pg_monitor"
        return Evidence("connections", Light.MISSING, text)
    if rows:
        names = ", ".join(f"{name} ({number})" for name, number, _ in rows)
        return Evidence("connections", Light.RED, f"connected since before the migration was ready: {names}")
    return Evidence("connections", Light.GREEN, "nobody is connected since before the migration was ready")


def _named(session: Session, contract: Contract, relation: str, column: str | None) -> Iterator[Evidence]:
    raw_column = _raw(column) if column and not contract.recipe.startswith("rename") else ""
    views = [row[0] for row in session.query(_DEPENDENTS, (relation, raw_column, raw_column))]
    if views:
        yield Evidence(
            "dependents", Light.RED, f"made on it: {', '.join(views)}", final=not contract.cascades
        )
    else:
        yield Evidence("dependents", Light.GREEN, "no view is made on it")
    functions = [row[0] for row in session.query(_FUNCTIONS, _words(relation, column))]
    if functions:
        yield Evidence("functions", Light.RED, f"say the old name: {', '.join(functions)}")
    else:
        yield Evidence("functions", Light.GREEN, "no function says the old name")


def _statements(now: int | None, before: int | None) -> Evidence:
    if now is None:
        return Evidence("statements", Light.MISSING, "pg_stat_statements is not installed")
    if before is None:
        return Evidence("statements", Light.MISSING, "calls are counted from now on: look again later")
    if now > before:
        return Evidence(
            "statements", Light.RED, f"statements with the old name ran {now - before} times since"
        )
    return Evidence("statements", Light.GREEN, "no statement with the old name ran since")


def _words(relation: str, column: str | None) -> tuple[str, str]:
    return _word(relation), _word(column or relation)


def _word(name: str) -> str:
    return rf"\m{re.escape(_raw(bare_name(name)))}\M"


def _raw(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
