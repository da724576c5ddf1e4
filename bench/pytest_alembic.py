#!/usr/bin/env python3
"""The planted defects of tests/rehearsal as Alembic migrations: what pytest-alembic finds, what midair finds, and in what time.

Both get the same project on the same throwaway server, a fresh database a test: one revision that makes the
tables, one with the defect. pytest-alembic runs its built-in tests but the comparison with models, and its
experimental one about the traces of a downgrade.
A defect counts as found when the run fails; its mended twin must pass.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import MIDAIR, PEERS, REPOSITORY, Failed, machine, sample
from projects import write

sys.path.insert(0, str(REPOSITORY))
from tests.peers.databases import cluster
from tests.rehearsal.test_defects import FILES, case_of

PEER = PEERS / "pytest-alembic" / "bin"
ENV = """
from alembic import context
from sqlalchemy import MetaData, create_engine

connectable = context.config.attributes.get("connection") or create_engine(context.config.get_main_option("sqlalchemy.url"))
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
"""
CONFTEST = """
import itertools

import pytest
from sqlalchemy import create_engine, text

NUMBERS = itertools.count()


@pytest.fixture
def alembic_engine():
    admin = create_engine("{admin}", isolation_level="AUTOCOMMIT")
    name = f"{name}_{{next(NUMBERS)}}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {{name}}"))
    engine = create_engine("{base}/" + name)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {{name}} WITH (FORCE)"))
"""
REVISION = '''
"""{name}"""
from alembic import op

revision, down_revision = "{name}", {before!r}


def upgrade():
    op.get_bind().exec_driver_sql({up!r})


def downgrade():
    op.get_bind().exec_driver_sql({down!r})
'''
NOTHING_LEFT = """DO $$ DECLARE each record; BEGIN
FOR each IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' LOOP EXECUTE 'DROP TABLE IF EXISTS ' || each.name || ' CASCADE'; END LOOP;
FOR each IN SELECT t.oid::regtype AS name FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
    LOOP EXECUTE 'DROP TYPE ' || each.name || ' CASCADE'; END LOOP;
FOR each IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    LOOP EXECUTE 'DROP FUNCTION ' || each.name || ' CASCADE'; END LOOP;
FOR each IN SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'S' LOOP EXECUTE 'DROP SEQUENCE IF EXISTS ' || each.name || ' CASCADE'; END LOOP;
END $$"""
"""A way back for the first revision, so that only the second one's is on trial."""
TESTS = ("single_head_revision", "upgrade", "up_down_consistency", "downgrade_leaves_no_trace")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a run failed, what it said, seconds."""

    failed: bool
    said: str
    took_s: float


def main() -> int:
    arguments = read_arguments()
    if not (PEER / "pytest").exists():
        print("pytest-alembic is not installed: scripts/install_rehearsal_peers.sh", file=sys.stderr)
        return 2
    print(f"machine: {machine()}")
    files = [each for each in FILES if not arguments.defects or each.stem in arguments.defects]
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        rows = [row for path in files for row in measured(path, Path(scratch), server.host, arguments.twins)]
    print("\n".join(shown(rows)))
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("defects", nargs="*", choices=[*(each.stem for each in FILES), []])
    parser.add_argument("--twins", action="store_true", help="the mended twins too")
    return parser.parse_args()


def measured(path: Path, scratch: Path, host: str, twins: bool) -> Iterator[tuple[str, Verdict, Verdict]]:
    parts = case_of(path).parts
    mended = {"up": parts.get("mended up", parts["up"]), "down": parts.get("mended down", parts["down"])}
    for name, change in ((path.stem, parts), (f"{path.stem} (mended)", mended))[: 1 + twins]:
        root = scratch / name.replace(" (mended)", "_mended")
        lay_out(root, host, parts["before"], change["up"], change["down"])
        row = name, by_peer(root), by_midair(root)
        print(f"{name}: {row[1].said or 'nothing'} | {row[2].said or 'nothing'}", file=sys.stderr)
        yield row


def lay_out(root: Path, host: str, before: str, up: str, down: str) -> None:
    base = f"postgresql+psycopg://postgres@{host}:5432"
    ini = f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {base}/postgres\n"
    write(root / "alembic.ini", ini)
    write(root / "migrations" / "env.py", ENV)
    write(root / "migrations" / "script.py.mako", "")
    versions = root / "migrations" / "versions"
    # The driver takes a percent sign for a parameter.
    before, up, down = (each.replace("%", "%%") for each in (before, up, down))
    write(versions / "a_before.py", REVISION.format(name="before", before=None, up=before, down=NOTHING_LEFT))
    write(versions / "b_change.py", REVISION.format(name="change", before="before", up=up, down=down))
    name = root.name.replace("-", "_")[:40]
    write(root / "conftest.py", CONFTEST.format(admin=f"{base}/postgres", base=base, name=name))
    include = (
        f"pytest_alembic_tests_path = conftest.py\npytest_alembic_include = {','.join(TESTS)}\n"
        "pytest_alembic_include_experimental = downgrade_leaves_no_trace\n"
    )
    write(root / "pytest.ini", f"[pytest]\n{include}")


def by_peer(root: Path) -> Verdict:
    began = time.monotonic()
    report = root / "peer.xml"
    command = [str(PEER / "pytest"), "--test-alembic", "-q", f"--junitxml={report}", "-p", "no:cacheprovider"]
    cost = sample(command, root, {}, accepted=(0, 1))
    text = report.read_text()
    failed = [each for each in TESTS if _failed(text, each)]
    return Verdict(bool(failed), ", ".join(failed), cost.wall_s or time.monotonic() - began)


def _failed(report: str, test: str) -> bool:
    cases = [
        each for each in ElementTree.fromstring(report).iter("testcase") if test in (each.get("name") or "")
    ]
    if not cases:
        raise Failed(f"pytest-alembic did not run {test}")
    return any(each.find("failure") is not None or each.find("error") is not None for each in cases)


def by_midair(root: Path) -> Verdict:
    report = root / "midair.json"
    words = ["rehearse", "--from-empty", "--each", "-q", "--fail-on", "low", "-o", f"json={report}"]
    command = [str(MIDAIR), *words, "--python", str(PEER / "python")]
    try:
        cost = sample(command, root, {}, accepted=(0, 1))
    except Failed as error:
        return Verdict(True, str(error).splitlines()[-1], 0.0)
    findings: Sequence[Mapping[str, Any]] = json.loads(report.read_text())["payload"]["findings"]
    said = dict.fromkeys(
        f"{each['code']} {each['name']}" for each in findings if each["revision"] == "change"
    )
    return Verdict(bool(said), ", ".join(said), cost.wall_s)


def shown(rows: Sequence[tuple[str, Verdict, Verdict]]) -> Iterator[str]:
    yield "| defect | pytest-alembic | s | midair rehearse | s |"
    yield "| --- | --- | ---: | --- | ---: |"
    for name, peer, own in rows:
        first, second = peer.said or "–", own.said or "–"
        yield f"| {name.replace('_', ' ')} | {first} | {peer.took_s:.1f} | {second} | {own.took_s:.1f} |"
    planted = [each for each in rows if "(mended)" not in each[0]]
    twins = [each for each in rows if "(mended)" in each[0]]
    middle = [
        statistics.median(each.took_s for each in side)
        for side in ([row[1] for row in planted], [row[2] for row in planted])
    ]
    found = sum(peer.failed for _, peer, _ in planted), sum(own.failed for _, _, own in planted)
    wrong = sum(peer.failed for _, peer, _ in twins), sum(own.failed for _, _, own in twins)
    yield ""
    yield f"Found of {len(planted)}: pytest-alembic {found[0]}, midair {found[1]}. Median seconds: {middle[0]:.1f}, {middle[1]:.1f}."
    if twins:
        yield f"False alarms on {len(twins)} mended twins: pytest-alembic {wrong[0]}, midair {wrong[1]}."


if __name__ == "__main__":
    raise SystemExit(main())
