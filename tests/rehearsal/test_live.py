"""Migrations that decide by the rows they read: their own program runs in the rehearsal, seen as far as that goes."""

import sys
from pathlib import Path

import midair
from midair.model.trace import Rehearsed
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.sources.alembic.projects import revision, write_project

FIRST = "op.execute('CREATE TABLE users (id integer PRIMARY KEY, name text)')"


def rehearsed(root: Path, server: Server, *bodies: tuple[str, str], each: bool) -> Rehearsed:
    """Of the table `users` and one revision a pair of up and down after it."""
    revisions = {"r1": revision("r1", "None", FIRST, "op.execute('DROP TABLE users')")}
    for number, (up, down) in enumerate(bodies, 2):
        revisions[f"r{number}"] = revision(f"r{number}", f"'r{number - 1}'", up, down)
    write_project(root, revisions, options=", transaction_per_migration=True")
    request = midair.Request(root, scratch_url=url_of(server.admin), python=sys.executable)
    return midair.rehearse(request, midair.Trial(from_empty=True, each=each))


COUNTS = (
    "found = op.get_bind().execute(sa.text('UPDATE users SET name = name'))\nassert found.rowcount >= 0\n"
)


def test_a_table_that_a_program_made_is_known_to_the_prediction_of_what_comes_after(
    tmp_path: Path, server: Server
) -> None:
    found = rehearsed(
        tmp_path,
        server,
        (
            f"{COUNTS}op.execute('CREATE TABLE made (id integer, size integer)')",
            "op.execute('DROP TABLE made')",
        ),
        (
            "op.execute('ALTER TABLE made ALTER COLUMN size TYPE bigint')",
            "op.execute('ALTER TABLE made ALTER COLUMN size TYPE integer')",
        ),
        each=False,
    )
    assert found.findings == (), found.findings
    (change,) = [each for each in found.steps if "bigint" in each.title]
    assert change.predicted is not None
    assert change.predicted.rewrites == {"made"}


def test_one_that_commits_half_and_then_fails_on_rows_is_named_and_those_after_it_are_tried(
    tmp_path: Path, server: Server
) -> None:
    halves = f"""with op.get_context().autocommit_block():
    op.execute('CREATE TABLE half (id integer)')
{COUNTS}op.execute('ALTER TABLE users ADD COLUMN age integer NOT NULL')"""
    found = rehearsed(
        tmp_path,
        server,
        (halves, "op.execute('ALTER TABLE users DROP COLUMN age')\nop.execute('DROP TABLE half')"),
        ("op.execute('CREATE TABLE last (id integer)')", "op.execute('DROP TABLE last')"),
        each=True,
    )
    assert [(each.revision, each.code) for each in found.findings] == [("r2", "MA902")], found.findings
    proofs = {(str(each.revision), each.name): each.passed for each in found.proofs}
    assert proofs["r2", "up"] is False
    assert proofs["r2", "up again"] is True
    assert proofs["r3", "up again"] is True


def test_a_program_that_fails_whatever_the_rows_is_a_finding_about_its_revision(
    tmp_path: Path, server: Server
) -> None:
    found = rehearsed(
        tmp_path,
        server,
        (
            "op.execute('CREATE INDEX CONCURRENTLY users_name ON users (name)')",
            "op.execute('DROP INDEX users_name')",
        ),
        ("op.execute('CREATE TABLE last (id integer)')", "op.execute('DROP TABLE last')"),
        each=False,
    )
    assert [(each.revision, each.code) for each in found.findings] == [("r2", "MA910")], found.findings
    assert [str(revision) for revision, _ in found.revisions] == ["r1", "r2", "r3"]
    assert any("1 after r2" in each for each in found.notes)
    assert not found.passed
