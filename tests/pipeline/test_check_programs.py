"""`check` on migrations that are programs: what they send, on which line of Python it stands, and when none is run."""

import sys
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.pipeline.checked import looked, revisions
from tests.sources.alembic.projects import ENV, revision, write_project
from tests.support.folders import written
from tests.support.listening import Remembering

import midair
from midair.errors import Unsupported
from midair.model.address import Address
from midair.pipeline.check import Question, check

ALEMBIC = {
    "a": revision(
        "a",
        "None",
        'op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("total", sa.Integer()))',
        'op.drop_table("orders")',
    ),
    "b": revision(
        "b",
        "'a'",
        'op.add_column("orders", sa.Column("note", sa.Text()))\nop.create_index(\n    "orders_total",\n    "orders",\n    ["total"],\n)',
        'op.drop_index("orders_total")\nop.drop_column("orders", "note")',
    ),
}


def test_alembic_findings_stand_on_the_line_of_the_python_file(tmp_path: Path) -> None:
    root = write_project(tmp_path, ALEMBIC)
    found = looked(root, "b")
    (index,) = (each for each in found.findings if each.code == "MA101")
    assert str(index.span) == "migrations/versions/b.py:11"
    assert "op.create_index(" in found.lines["migrations/versions/b.py", 11]
    assert index.remedy.alembic is not None
    assert "postgresql_concurrently=True" in index.remedy.alembic


def test_an_alembic_downgrade_is_read_from_a_run_and_judged_on_its_own_line(tmp_path: Path) -> None:
    strange = revision("c", "'b'", 'op.execute("SELECT 1")', 'op.drop_column("orders", "total")')
    root = write_project(tmp_path, {**ALEMBIC, "c": strange})
    down = [each for each in looked(root, "c").findings if each.code == "MA702"]
    assert [str(each.span) for each in down] == ["migrations/versions/c.py:14"]
    assert "orders.total" in down[0].message


def test_alembic_against_a_database_looks_at_what_is_pending_there(tmp_path: Path, database: Address) -> None:
    root = write_project(tmp_path, ALEMBIC)
    url = url_of(database)
    midair.apply(midair.Request(root, url=url, python=sys.executable), Remembering(), "a")
    assert revisions(looked(root, url=url)) == ["b"]


def test_no_exec_runs_no_program_of_the_project(tmp_path: Path) -> None:
    tell = f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
    root = write_project(
        tmp_path, {name: tell + text for name, text in ALEMBIC.items()}, env=tell + ENV.format(options="")
    )
    found = looked(root, no_exec=True)
    assert not (tmp_path / "ran").exists()
    assert revisions(found) == ["a", "b"]
    computed = 'revision = "".join(["c"])\ndown_revision = "b"\ndef upgrade(): pass\n'
    written(root, {"migrations/versions/c.py": tell + computed})
    with pytest.raises(Unsupported, match="--no-exec"):
        check(midair.Request(root, python=sys.executable, may_run=False), Question(no_exec=True))
    assert not (tmp_path / "ran").exists()


def test_a_program_that_fails_is_read_as_its_file_shows_it_and_the_warning_says_where_it_failed(
    tmp_path: Path,
) -> None:
    body = 'op.execute("SELECT 1 FROM nowhere")\nop.create_index("i", "orders", ["total"])'
    found = looked(write_project(tmp_path, {"a": revision("a", "None", body)}))
    assert any("running failed" in each and "a.py:10" in each for each in found.warnings)
    assert [str(each.span) for each in found.findings if each.code == "MA101"] == [
        "migrations/versions/a.py:11"
    ]
