"""Files as people write them, cut into the statements PostgreSQL would see (flyway.md §7.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midair.dialects.postgresql import DIALECT
from midair.errors import BadMigration

FUNCTION = "create function f() returns void language plpgsql as $a$ begin perform '$$;'; end $a$;"
ATOMIC = "create procedure p() begin atomic insert into t values (1); update t set a = case when true then 1 end; end;"

COUNTS = {
    "nested comment": ("/* a /* b; */ c; */ select 1; select 2;", 2),
    "empty statements": (";; select 1;; ;", 1),
    "only a comment": ("-- only a comment", 0),
    "dollar quote": (f"{FUNCTION} select 1;", 2),
    "tagged dollar quote": ("do language plpgsql $x$ begin -- $$\n end $x$; select 1;", 2),
    "begin atomic": (f"{ATOMIC} select 1;", 2),
    "copy with rows": ("copy t from stdin;\n1\tx;y\n2\t\\N\n\\.\nselect 2;", 2),
    "copy with a semicolon as delimiter": (
        "COPY t FROM STDIN WITH (FORMAT csv, DELIMITER ';');\n1;2\n\\.\n",
        1,
    ),
    "escape strings": ("select E'it\\'s; x'; select e'it\\'s; x'; select 'a\\'; select 2;", 4),
    "rule with two actions": (
        "create rule r as on insert to t do instead (insert into a values (1); insert into b values (2)); select 2;",
        2,
    ),
    "prepare": ("prepare q as select $1; select 2;", 2),
    "carriage returns": ("select 1;\r\nselect 2;\r\n", 2),
    "json operators": ("select 1 where a ? 'b' and c @> '{}';", 1),
    "quoted names": ('select 1 as "a;""b"; select 2 as "é;";', 2),
    "a word the grammar does not know": ("frobnicate the (a; b) table; select 2;", 2),
    "restrict lines of pg_dump": ("\\restrict abc\nselect 1;\n\\unrestrict abc\n", 1),
    "a restrict token that begins with a digit": (
        "--\n\n\\restrict 9xt4gOVMw8taKAh43tpEE1\n\nselect 1;\n\\unrestrict 9xt4\n",
        1,
    ),
    "a restrict line inside a string": ("select '\n\\restrict abc\n'; select 2;", 2),
    "no last semicolon": ("select 1; select 2", 2),
}


@pytest.mark.parametrize(("text", "count"), COUNTS.values(), ids=COUNTS.keys())
def test_a_file_is_cut_into_its_statements(text: str, count: int) -> None:
    assert len(DIALECT.split(text, "a.sql", 1)) == count


def test_every_statement_knows_its_line_and_column() -> None:
    text = "-- select 1;\n\n  select 'é';  select 2;\n/* x */ select\n3;"
    places = [
        (each.sql, each.span.line, each.span.column, each.span.end_line)
        for each in DIALECT.split(text, "a.sql", 10)
    ]
    assert places == [("select 'é'", 12, 3, 12), ("select 2", 12, 16, 12), ("select\n3", 13, 9, 14)]


def test_copy_rows_travel_with_their_statement() -> None:
    copy, after = DIALECT.split("copy t from stdin;\nit's\t;\n\\.\nselect 2;", "a.sql", 1)
    assert copy.rows == "it's\t;\n"
    assert (after.sql, after.span.line) == ("select 2", 4)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("select 1;\nselect 'abc", 2, "unterminated quoted string"),
        ("select 1;\n\ndo $$ begin", 3, "unterminated dollar-quoted string"),
        ("select 1;\n/* never", 2, "unterminated /* comment"),
        ('select "abc', 1, "unterminated quoted identifier"),
        ("select 1;\n\\connect other\n", 2, "psql command \\connect"),
        ("\\i other.sql\n", 1, "psql command \\i"),
    ],
)
def test_what_cannot_be_cut_is_named_with_file_and_line(text: str, line: int, said: str) -> None:
    with pytest.raises(BadMigration) as caught:
        DIALECT.split(text, "a.sql", 1)
    assert f"a.sql:{line} " in caught.value.message
    assert said in caught.value.message


@given(
    st.lists(
        st.sampled_from(
            [
                "select 1",
                "create table t (a int)",
                "select $$;$$",
                "update t set a = 'x;y'",
                "/* ; */ select 2",
            ]
        )
    )
)
def test_joining_statements_and_cutting_them_gives_them_back(statements: list[str]) -> None:
    cut = [each.sql for each in DIALECT.split(";\n".join(statements), "a.sql", 1)]
    assert cut == [each.removeprefix("/* ; */ ") for each in statements]


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("create index concurrently i on t (a)", True),
        ("create index i on t (a)", False),
        ("drop index concurrently i", True),
        ("reindex index concurrently i", True),
        ("reindex table t", False),
        ("reindex database d", True),
        ("vacuum t", True),
        ("analyze t", False),
        ("cluster", True),
        ("cluster t using i", False),
        ("create database d", True),
        ("create table vacuum_log (concurrently_built boolean)", False),
        ("alter system set work_mem = '4MB'", True),
        ("discard all", True),
        ("discard temp", False),
        ("alter table t detach partition p concurrently", True),
        ("alter table t detach partition p", False),
        ("alter database d set tablespace x", True),
        ("create subscription s connection 'x' publication p", True),
    ],
)
def test_what_the_server_refuses_in_a_transaction_is_known(sql: str, alone: bool) -> None:
    (statement,) = DIALECT.split(sql, "a.sql", 1)
    assert DIALECT.stands_alone(statement) is alone


@pytest.mark.parametrize(
    "sql", ["begin", "start transaction", "commit", "end", "rollback", "savepoint a", "release a", "abort"]
)
def test_transaction_control_is_known(sql: str) -> None:
    (statement,) = DIALECT.split(sql, "a.sql", 1)
    assert DIALECT.controls_transaction(statement)
