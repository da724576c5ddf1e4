"""SQLite's own idea of where a statement ends."""

import pytest

from midair.dialects.sqlite import DIALECT
from midair.errors import BadMigration

TRIGGER = "create trigger x after insert on t begin update t set a = case when 1 then 2 end; end;"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"{TRIGGER} select 2;", 2),
        ("select 'a;b'; -- c;\nselect 3", 2),
        ("/* ; */ select 1;;", 1),
        ('select "a;b", `c;d`, [e;f];', 1),
        ("-- nothing\n", 0),
    ],
)
def test_a_file_is_cut_into_its_statements(text: str, count: int) -> None:
    assert len(DIALECT.split(text, "a.sql", 1)) == count


def test_every_statement_knows_its_line() -> None:
    text = "-- one\nselect 1;\n\n-- two\nselect\n2;\nselect 3"
    assert [(each.sql, each.span.line) for each in DIALECT.split(text, "a.sql", 1)] == [
        ("select 1", 2),
        ("select\n2", 5),
        ("select 3", 7),
    ]


def test_a_quote_that_never_ends_is_named_with_its_line() -> None:
    with pytest.raises(BadMigration) as caught:
        DIALECT.split("select 1;\n\nselect 'abc", "a.sql", 1)
    assert "a.sql:3 " in caught.value.message


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("vacuum", True),
        ("PRAGMA foreign_keys=OFF", True),
        ("pragma table_info(t)", False),
        ("/* x */ attach 'a' as b", True),
        ("select 1", False),
    ],
)
def test_what_does_nothing_in_a_transaction_is_known(sql: str, alone: bool) -> None:
    (statement,) = DIALECT.split(sql, "a.sql", 1)
    assert DIALECT.stands_alone(statement) is alone
