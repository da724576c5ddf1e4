"""Asks a server whether anybody still needs what a contract would take away (expand-contract.md §6.6)."""

import re
from collections.abc import Iterator, Mapping

from midair.database.session import Session
from midair.model.contract import Contract, Evidence, Light, OpenContract, Standard
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
  AND c.oid <> ALL (SELECT oid FROM ({own}) AS own)
ORDER BY 1
"""
_OWN = """
SELECT v.oid, v.relname FROM pg_class v WHERE v.relkind = 'v' AND EXISTS (
  SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = v.oid AND p.pronamespace = to_regnamespace('midair'))
"""
"""Views through which the new version writes until contract: they go before what they stand on."""
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
  AND NOT EXISTS (SELECT FROM ({own}) AS own WHERE position(lower(own.relname) IN lower(s.query)) > 0)
"""


_LAST_USE = """
SELECT coalesce(pg_sequence_last_value(r) > floor(extract(epoch FROM %s::timestamptz)), false),
       extract(epoch FROM clock_timestamp())::float8 - coalesce(pg_sequence_last_value(r), 0)
FROM (SELECT to_regclass(%s)) AS w (r) WHERE r IS NOT NULL
"""
_USES = """
SELECT (n_tup_ins + n_tup_upd + n_tup_del)::bigint, (seq_scan + coalesce(idx_scan, 0))::bigint
FROM pg_stat_all_tables WHERE relid = to_regclass(%s)
"""
CALLS, WRITES, SCANS = "calls", "writes", "scans"
"""Counters that only mean something beside an earlier value of themselves."""


def evidence_of(
    session: Session, waiting: OpenContract, before: Mapping[str, int], standard: Standard | None = None
) -> tuple[Evidence, ...]:
    """Everything the server can tell about one contract; reads catalogs and statistics only.

    `before`: what `counters` gave at an earlier time since the contract was opened; a counter that is not in it
    nobody asked for then. `standard`: what the gate asks for, the usual where it is `None`.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    contract, standard = waiting.contract, standard or Standard()
    found = [_verified(session, contract), _connections(session, waiting)]
    if standard.age_s:
        found.append(_age(waiting, standard))
    if contract.wire is not None:
        found.append(_wire(session, waiting, contract.wire, standard))
    if contract.old is not None:
        now = counters(session, contract)
        found += _named(session, contract, *contract.old)
        found.append(_statements(now.get(CALLS), before.get(CALLS)))
        if WRITES in now:
            found.append(_used(contract.old[0], now, before))
    return tuple(found)


def at_a_glance(
    session: Session, waiting: OpenContract, standard: Standard | None = None
) -> tuple[Evidence, ...]:
    """What can be told of a gate without reading a table: who is connected since before, and when the old shape was last used.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    contract = waiting.contract
    wired = () if contract.wire is None else (_wire(session, waiting, contract.wire, standard or Standard()),)
    return (_connections(session, waiting), *wired)


def counters(session: Session, contract: Contract) -> dict[str, int]:
    """How often the old shape was used, as far as the server counts it."""
    if contract.old is None:
        return {}
    relation, column = contract.old
    found: dict[str, int] = {}
    called = _calls(session, _words(contract, relation, column))
    if called is not None:
        found[CALLS] = called
    if column is None and contract.wire is None:
        rows = session.query(_USES, (relation,))
        found |= {WRITES: rows[0][0], SCANS: rows[0][1]} if rows else {}
    return found


def _calls(session: Session, words: tuple[str, str]) -> int | None:
    if not session.query("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'")[0][0]:
        return None
    return session.query(_STATEMENTS.format(own=_OWN), words)[0][0]


def _age(waiting: OpenContract, standard: Standard) -> Evidence:
    asked = f"ready for {length(waiting.age_s)}, and {length(standard.age_s)} is asked for"
    return Evidence("age", Light.GREEN if waiting.age_s >= standard.age_s else Light.RED, asked)


def _wire(session: Session, waiting: OpenContract, wire: str, standard: Standard) -> Evidence:
    if not session.query("SELECT has_schema_privilege('midair', 'USAGE')")[0][0]:
        return Evidence("tripwire", Light.MISSING, "this role may not read the schema midair")
    rows = session.query(_LAST_USE, (waiting.ready_at.isoformat(), wire))
    if not rows or rows[0][0] is None:
        return Evidence("tripwire", Light.MISSING, f"the sequence {wire} is gone")
    used, ago = rows[0]
    if not used:
        return Evidence("tripwire", Light.GREEN, "the old shape was not used since the migration was ready")
    text = f"the old shape was last used {length(ago)} ago"
    if ago >= standard.quiet_s:
        return Evidence("tripwire", Light.GREEN, text)
    return Evidence("tripwire", Light.RED, f"{text}, and {length(standard.quiet_s)} of quiet are asked for")


def _used(relation: str, now: Mapping[str, int], before: Mapping[str, int]) -> Evidence:
    if WRITES not in before:
        return Evidence("use", Light.MISSING, "reads and writes are counted from now on: look again later")
    writes, scans = now[WRITES] - before[WRITES], now[SCANS] - before[SCANS]
    if writes < 0 or scans < 0:
        text = "the server's counters were reset since, or lost in a crash: nobody can tell"
        return Evidence("use", Light.MISSING, text)
    if writes > 0:
        return Evidence("use", Light.RED, f"{writes} rows of {relation} were written since")
    if scans > 0:
        text = f"{relation} was read {scans} times since, which backups and checks of foreign keys do, too"
        return Evidence("use", Light.MISSING, text)
    return Evidence("use", Light.GREEN, f"nobody read or wrote {relation} since")


def length(seconds: float) -> str:
    """A stretch of time in the largest unit that fits: `40 s`, `12 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


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
    views = [
        row[0] for row in session.query(_DEPENDENTS.format(own=_OWN), (relation, raw_column, raw_column))
    ]
    if views:
        yield Evidence(
            "dependents", Light.RED, f"made on it: {', '.join(views)}", final=not contract.cascades
        )
    else:
        yield Evidence("dependents", Light.GREEN, "no view is made on it")
    functions = [row[0] for row in session.query(_FUNCTIONS, _words(contract, relation, column))]
    if functions:
        yield Evidence("functions", Light.RED, f"say the old name: {', '.join(functions)}")
    else:
        yield Evidence("functions", Light.GREEN, "no function says the old name")


def _statements(now: int | None, before: int | None) -> Evidence:
    if now is None:
        return Evidence("statements", Light.MISSING, "pg_stat_statements is not installed")
    if before is None:
        return Evidence("statements", Light.MISSING, "calls are counted from now on: look again later")
    if now < before:
        return Evidence("statements", Light.MISSING, "pg_stat_statements was reset since: nobody can tell")
    if now > before:
        return Evidence(
            "statements", Light.RED, f"statements with the old name ran {now - before} times since"
        )
    return Evidence("statements", Light.GREEN, "no statement with the old name ran since")


def _words(contract: Contract, relation: str, column: str | None) -> tuple[str, str]:
    return _word(relation), _word(*((column, *contract.also) if column else (relation,)))


def _word(*names: str) -> str:
    """A pattern for any of these names, as a word."""
    return rf"\m({'|'.join(re.escape(_raw(bare_name(each))) for each in names)})\M"


def _raw(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
