"""golang-migrate: the names of its files, what of them is sent, and which transaction a file runs in."""

import re
from pathlib import Path

import pytest

from midair.errors import (
    BadMigration,
    DuplicateRevision,
    UnreadableFile,
)
from midair.model.address import Product
from midair.model.migration import Direction, RevisionId
from midair.sources.source import Options, Project, Scripts, Work
from midair.sources.tools.golang_migrate import SOURCE
from tests.sources.golang_migrate.projects import PAIRS, project_of
from tests.sources.scratch import NO_SCRATCH


def run_of(
    project: Project, direction: Direction = Direction.UP, product: Product = Product.POSTGRESQL
) -> Scripts:
    return SOURCE.scripts(project, Work(project.migrations, direction, (), product), NO_SCRATCH, Options())


def blocks_of(
    tmp_path: Path, text: str, product: Product = Product.POSTGRESQL, **tool: str
) -> list[tuple[bool, list[str]]]:
    project = project_of(tmp_path, {"1_x.up.sql": text}, **tool)
    script = run_of(project, product=product).by_revision[RevisionId("1")]
    return [(block.atomic, [each.sql for each in block.statements]) for block in script.blocks]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("1_x.up.sql", True),
        ("001_.up.sql", True),
        ("20240102030405_add.users.up.pgsql", True),
        ("1-x.up.sql", False),
        ("x_1.up.sql", False),
        ("1_x.sql", False),
        ("1_x.UP.sql", False),
        ("1_x.up", False),
    ],
)
def test_a_file_is_a_migration_only_by_its_name(tmp_path: Path, name: str, taken: bool) -> None:
    project = project_of(tmp_path, {"7_known.up.sql": "", name: ""})
    assert (len(project.migrations) == 2) is taken


def test_versions_are_numbers_in_numeric_order_and_titles_are_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path, PAIRS)
    assert [(each.revision, each.description, each.reversible) for each in project.migrations] == [
        ("1", "users", True),
        ("2", "orders", True),
        ("10", "paid", False),
    ]
    assert project.migrations[0].span.path == "migrations/1_users.up.sql"


def test_leading_zeros_do_not_make_another_version(tmp_path: Path) -> None:
    with pytest.raises(
        DuplicateRevision, match=r"001_y\.up\.sql and migrations/1_x\.up\.sql are both version 1 up"
    ):
        project_of(tmp_path, {"1_x.up.sql": "", "001_y.up.sql": ""})


def test_an_up_and_a_down_with_different_zeros_are_one_version(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "", "001_x.down.sql": ""})
    assert [(each.revision, each.reversible) for each in project.migrations] == [("1", True)]


def test_a_number_beyond_the_columns_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMigration, match="9223372036854775808"):
        project_of(tmp_path, {"1_x.up.sql": "", "9223372036854775808_y.up.sql": ""})


def test_an_sql_file_the_tool_passes_over_is_named_in_a_warning(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "", "2_y.sql": ""})
    assert any("migrations/2_y.sql" in warning for warning in project.warnings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE TABLE a (i int); CREATE TABLE b (i int);", [(True, 2)]),
        ("BEGIN; CREATE TABLE a (i int); COMMIT;", [(True, 1)]),
        ("BEGIN; SAVEPOINT s; CREATE TABLE a (i int); RELEASE s; COMMIT;", [(True, 3)]),
        ("CREATE TABLE a (i int); BEGIN; CREATE TABLE b (i int); COMMIT;", [(False, 4)]),
        ("BEGIN; CREATE TABLE a (i int); COMMIT; BEGIN; CREATE TABLE b (i int); COMMIT;", [(False, 6)]),
        ("CREATE INDEX CONCURRENTLY i ON a (i);", [(False, 1)]),
        ("-- a comment\n\nCREATE INDEX CONCURRENTLY i ON a (i)", [(False, 1)]),
        ("-- nothing\n", []),
        ("BEGIN; COMMIT;", []),
    ],
)
def test_a_file_is_one_message_to_postgresql(
    tmp_path: Path, text: str, expected: list[tuple[bool, int]]
) -> None:
    assert [(atomic, len(sql)) for atomic, sql in blocks_of(tmp_path, text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON a (i);",
        "BEGIN;\nCREATE INDEX CONCURRENTLY i ON a (i); COMMIT;",
    ],
)
def test_a_statement_that_must_stand_alone_is_refused_beside_others_with_its_line(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(
        BadMigration, match=r"migrations/1_x\.up\.sql:2 cannot run beside other statements"
    ) as refused:
        blocks_of(tmp_path, text)
    assert "multi_statement" in (refused.value.hint or "")


def test_multi_statement_runs_every_statement_on_its_own(tmp_path: Path) -> None:
    text = "CREATE TABLE a (i int);\nCREATE INDEX CONCURRENTLY i ON a (i);\n"
    assert [(atomic, len(sql)) for atomic, sql in blocks_of(tmp_path, text, multi_statement="true")] == [
        (False, 2)
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SELECT 1;\nSELECT 'a;b';", 2),
        ("SELECT 1;\n-- first; second\nSELECT 2;", 2),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\nRETURN 1;\nEND $$;", 3),
    ],
)
def test_multi_statement_predicts_where_the_naive_cut_fails(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadMigration, match=rf"1_x\.up\.sql:{line} has a semicolon inside"):
        blocks_of(tmp_path, text, multi_statement="true")


def test_a_semicolon_that_ends_a_comment_line_does_no_harm_to_the_naive_cut(tmp_path: Path) -> None:
    assert len(blocks_of(tmp_path, "-- first;\nSELECT 1;\nSELECT 2;", multi_statement="true")[0][1]) == 2


def test_sqlite_files_run_in_the_tools_transaction_unless_told_otherwise(tmp_path: Path) -> None:
    text = "CREATE TABLE a (i int);\nCREATE TABLE b (i int);"
    assert [atomic for atomic, _ in blocks_of(tmp_path, text, Product.SQLITE)] == [True]
    assert [atomic for atomic, _ in blocks_of(tmp_path, text, Product.SQLITE, no_tx_wrap="true")] == [False]


@pytest.mark.parametrize("text", ["BEGIN; CREATE TABLE a (i int); COMMIT;", "VACUUM;"])
def test_sqlite_refuses_in_the_tools_transaction_what_it_would_refuse_itself(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(BadMigration) as refused:
        blocks_of(tmp_path, text, Product.SQLITE)
    assert "no_tx_wrap" in (refused.value.hint or "")


def test_statements_know_their_line_in_the_authors_file(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "-- one\nSELECT 1;\n\n/* two\n */ SELECT\n2;\n"})
    spans = [each.span for each in run_of(project).by_revision[RevisionId("1")].statements]
    assert [str(span) for span in spans] == ["migrations/1_x.up.sql:2", "migrations/1_x.up.sql:5"]


def test_a_missing_direction_runs_nothing(tmp_path: Path) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": "SELECT 1;", "2_y.down.sql": "SELECT 2;"})
    assert run_of(project).by_revision[RevisionId("2")].blocks == ()
    assert run_of(project, Direction.DOWN).by_revision[RevisionId("1")].blocks == ()


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"SELECT 1;\nSELECT '\xff';", ":2 .*byte 19"),
        (b"SELECT\0", ":1 .*NUL byte .byte 7"),
        (b"\xef\xbb\xbfSELECT 1", "byte order mark"),
    ],
)
def test_a_file_that_is_not_utf8_sql_is_named_with_the_byte(
    tmp_path: Path, content: bytes, where: str
) -> None:
    project = project_of(tmp_path, {"1_x.up.sql": ""})
    (tmp_path / "migrations/1_x.up.sql").write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"migrations/1_x\.up\.sql.*{where.lstrip(':')}"):
        run_of(project)


@pytest.mark.parametrize(
    ("existing", "pattern"),
    [
        ("000009_x.up.sql", "000010_add_vat"),
        ("1_x.up.sql", "2_add_vat"),
        ("20200101000000_x.up.sql", r"20\d{12}_add_vat"),
        ("1600000000_x.up.sql", r"\d{10}_add_vat"),
    ],
)
def test_new_files_are_numbered_as_the_folder_counts(tmp_path: Path, existing: str, pattern: str) -> None:
    project = project_of(tmp_path, {existing: ""})
    written = SOURCE.new(project, "Add VAT!", Options())
    assert [path.name.split(".", 1)[1] for path in written] == ["up.sql", "down.sql"]
    assert re.fullmatch(pattern, written[0].name.split(".")[0])
