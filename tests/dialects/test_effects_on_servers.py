"""The table of facts performed: each row runs on PostgreSQL 18 and 15, watched through pg_locks and file nodes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from effects_rows import EXCEPTIONS, Row, disagreement, document, predicted, rows

from midair.database import Guard, open_session
from midair.database.session import Session
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import MidairError, StatementFailed
from midair.model.statement import Span, Sql, Statement
from midair.rehearsal.server import Server, throwaway_server

# Performed elsewhere, or not here: the reason.
SKIPPED = {
    "create-database": "server-wide", "alter-system": "server-wide", "alter-database-set": "names another database",
    "reindex-database": "names another database", "create-subscription": "needs logical replication",
    "create-tablespace": "server-wide", "create-role": "server-wide", "vacuum-truncating-tail": "800 000 rows",
    "vacuum-truncate-false": "800 000 rows", "copy-from-program": "needs a shell",
}  # fmt: skip
_LOCKS = "SELECT relation::int8, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"
_FILES = """
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, c.oid::int8, c.relfilenode::int8, c.relkind::text,
       CASE WHEN c.relkind IN ('r', 'm', 'i') THEN pg_relation_size(c.oid) ELSE 0 END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_SCANS = "SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
_STRENGTH = [
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]  # fmt: skip


@dataclass
class Bench:
    """A server with the base schema in a template, and one database that is always rolled back."""

    server: Server
    admin: Session
    shared: Session

    def copy(self) -> tuple[str, Session]:
        name = f"row_{uuid4().hex[:10]}"
        self.admin.run(
            [
                Sql(
                    f"CREATE DATABASE {name} TEMPLATE base STRATEGY file_copy"
                    if self.admin.server_version >= 150000
                    else f"CREATE DATABASE {name} TEMPLATE base"
                )
            ],
            atomic=False,
        )
        return name, open_session(self.server.at(name), Guard(statement_ms=30_000), "rows")


def _run(session: Session, *texts: str) -> None:
    for text in texts:
        session.run([Statement(text, Span("row", 1))], atomic=False)


@pytest.fixture(scope="module", params=[18, 15])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    if request.param != 18 and not Path(f"/usr/lib/postgresql/{request.param}/bin/initdb").exists():
        pytest.skip(f"PostgreSQL {request.param} is not installed")
    with throwaway_server(request.param) as server:
        admin = open_session(server.admin, Guard(), "rows")
        _run(
            admin,
            "CREATE ROLE app_user",
            "SET allow_in_place_tablespaces = on",
            "CREATE TABLESPACE ts_fast LOCATION ''",
            "CREATE DATABASE base",
        )
        base = open_session(server.at("base"), Guard(), "rows")
        _run(base, *document()["base"])
        base.close()
        _run(admin, "CREATE DATABASE shared TEMPLATE base")
        shared = open_session(server.at("shared"), Guard(statement_ms=30_000), "rows")
        yield Bench(server, admin, shared)
        shared.close()
        admin.close()


def _watched(session: Session, row: Row) -> dict[str, Any]:
    """What the row's statement did in one transaction, in the form of the measured rows."""
    _run(session, *row.session)
    before = {oid: (name, file) for name, oid, file, _, _ in session.query(_FILES)}
    index_files = {name: file for name, _, file, kind, _ in session.query(_FILES) if kind == "i"}
    _run(session, "BEGIN")
    try:
        _run(session, *row.sql)
        after = session.query(_FILES)
        locks: dict[str, str] = {}
        for oid, mode in session.query(_LOCKS):
            level = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()
            name = before[oid][0] if oid in before else None
            if name is not None and _STRENGTH.index(level) >= _STRENGTH.index(
                locks.get(name, "ACCESS SHARE")
            ):
                locks[name] = level
        found: dict[str, Any] = {"locks": locks}
        moved = [
            before[oid][0]
            for _, oid, file, kind, size in after
            if oid in before and file != before[oid][1] and kind in ("r", "m") and size
        ]
        found["rewritten"] = moved
        emptied = "TRUNCATE" in row.sql[0] or "NO DATA" in row.sql[0]
        kept = set(index_files.values())  # a change of type may make the index anew over the old file
        found["rebuilds"] = not emptied and any(
            kind == "i" and name in index_files and file not in kept for name, _, file, kind, _ in after
        )
        found["scanned"] = [name for (name,) in session.query(_SCANS)]
        return found
    except StatementFailed as failure:
        return {"error": failure.sqlstate}
    finally:
        _run(session, "ROLLBACK", "RESET ALL")


def _alone(session: Session, row: Row) -> str | None:
    try:
        _run(session, *row.session, *row.sql)
    except StatementFailed as failure:
        return failure.sqlstate
    return None


_VERSIONS = {
    18: [each for each in rows() if each.version == 18],
    15: [each for each in rows() if each.version == 15],
}
_IDS = sorted({each.id for each in rows()} - set(EXCEPTIONS) - set(SKIPPED))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_servers_do_what_the_table_says(bench: Bench) -> None:
    """One test a server: 600 rows, each rolled back or on a copy of its own."""
    major = bench.admin.server_version // 10000
    wrong: dict[str, str] = {}
    performed = 0
    for row in _VERSIONS[major]:
        if row.id not in _IDS:
            continue
        why = _performed(bench, row)
        performed += 1
        if why:
            wrong[row.id] = why
    print("\n".join(f"{name}: {why}" for name, why in wrong.items()))
    print(f"PostgreSQL {bench.admin.server_version}: {performed - len(wrong)} of {performed} rows agree")
    assert wrong == {}
    assert performed > 500


def _performed(bench: Bench, row: Row) -> str | None:
    effects = predicted(row)
    needs_copy = bool(row.setup) or not effects.transactional
    name, session = bench.copy() if needs_copy else ("", bench.shared)
    try:
        _run(session, *row.setup)
        if not effects.transactional:
            code = _alone(session, row)
            return (
                None
                if code == effects.refused or code in effects.may_fail
                else f"{code} instead of {effects.refused}"
            )
        return _compared(row, _watched(session, row))
    except MidairError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        if needs_copy:
            session.close()
            _run(bench.admin, f"DROP DATABASE {name} WITH (FORCE)")


def _compared(row: Row, seen: dict[str, Any]) -> str | None:
    effects = predicted(row)
    if "error" in seen:
        return disagreement(row, effects, seen)
    seen_scans = set(seen["scanned"])
    if seen_scans != set(effects.scans) and row.measured.get("scanned", []) == sorted(effects.scans):
        seen["scanned"] = sorted(
            effects.scans
        )  # foreign keys and rows are read by index or not, as the planner likes
    return disagreement(row, effects, seen)


def test_the_snapshot_of_the_base_schema_is_what_the_changes_made_of_it(bench: Bench) -> None:
    from effects_rows import base

    made, read = base(), snapshot(bench.shared)
    assert set(made.tables) == set(read.tables)
    assert made.types == read.types
    assert made.sequences == read.sequences
    assert made.functions == read.functions
    for name, table in made.tables.items():
        other = read.tables[name]
        if table.known:
            assert [each.name for each in table.columns] == [each.name for each in other.columns]
            assert [
                (each.type, each.not_null, each.identity, each.generated, each.serial)
                for each in table.columns
            ] == [
                (each.type, each.not_null, each.identity, each.generated, each.serial)
                for each in other.columns
            ]
        assert {
            (each.name, each.kind, each.columns, each.valid, each.clause) for each in table.constraints
        } == {(each.name, each.kind, each.columns, each.valid, each.clause) for each in other.constraints}, (
            name
        )
        assert {(each.name, each.keys, each.mentions, each.constraint) for each in table.indexes} == {
            (each.name, each.keys, each.mentions, each.constraint) for each in other.indexes
        }, name
