"""What MariaDB commits by itself, and what is asked after a crash: by the statement's own text."""

import pytest

from midair.dialects.dialect import dialect_of
from midair.model.address import Product
from midair.model.statement import Span, Statement

MARIADB = dialect_of(Product.MARIADB)


def statement(sql: str) -> Statement:
    return Statement(sql, Span("changelog.xml", 3))


@pytest.mark.parametrize(
    ("sql", "alone"),
    [
        ("insert into t values (1)", False),
        ("-- why\nUPDATE t SET a = 1", False),
        ("/* why */ # and\n delete from t", False),
        ("SET @a = 1", False),
        ("SET autocommit = 1", True),
        ("SET PASSWORD = 'x'", True),
        ("create table t (a int)", True),
        ("/*!50003 create trigger x */", True),
        ("CALL fill()", True),
        ("LOAD DATA INFILE 'x' INTO TABLE t", True),
        ("BEGIN NOT ATOMIC insert into t values (1); END", True),
        ("START TRANSACTION", False),
        ("what is this", True),
    ],
)
def test_only_what_is_known_to_be_of_rows_shares_a_transaction(sql: str, alone: bool) -> None:
    assert MARIADB.stands_alone(statement(sql)) is alone


@pytest.mark.parametrize(
    ("sql", "parameters", "negated"),
    [
        ("CREATE TABLE s.t (id INT NOT NULL)", ("s", "t"), False),
        ("CREATE VIEW v AS select 1", (None, "v"), False),
        ("CREATE UNIQUE INDEX i ON s.t(a DESC, b)", ("s", "t", "i"), False),
        ("ALTER TABLE s.t ADD a INT NULL, ADD b INT DEFAULT 1", ("s", "t", "a", "s", "t", "b"), False),
        ("ALTER TABLE `t` ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id)", (None, "t", "k"), False),
        ("ALTER TABLE t ADD PRIMARY KEY (id)", (None, "t", "PRIMARY"), False),
        ("ALTER TABLE t CHANGE a b INT", (None, "t", "b"), False),
        ("ALTER TABLE t RENAME s.u", ("s", "u"), False),
        ("DROP TABLE s.t", ("s", "t"), True),
        ("ALTER TABLE t DROP COLUMN a", (None, "t", "a"), True),
        ("ALTER TABLE t DROP FOREIGN KEY k", (None, "t", "k"), True),
        ("DROP INDEX i ON t", (None, "t", "i"), True),
    ],
)
def test_what_a_statement_makes_or_takes_away_tells_whether_it_is_done(
    sql: str, parameters: tuple[str | None, ...], negated: bool
) -> None:
    probe = MARIADB.probe(statement(sql))
    assert probe is not None
    assert probe.parameters == parameters
    assert probe.text.startswith("SELECT NOT EXISTS" if negated else "SELECT EXISTS")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t AS SELECT 1 AS a",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "ALTER TABLE t ADD a INT, MODIFY b INT",
        "ALTER TABLE t CHANGE a a BIGINT",
        "RENAME TABLE a TO b",
        "DROP TABLE a, b",
        "CALL fill()",
        "what is this",
    ],
)
def test_nothing_is_asked_where_the_catalog_would_look_the_same_before_and_after(sql: str) -> None:
    assert MARIADB.probe(statement(sql)) is None


@pytest.mark.parametrize(
    ("sql", "repeatable"),
    [
        ("ALTER TABLE t MODIFY a DECIMAL(10, 2) NOT NULL", True),
        ("ALTER TABLE t CHANGE a a BIGINT", True),
        ("ALTER TABLE t ALTER a SET DEFAULT 1", True),
        ("ALTER TABLE t COMMENT = 'x, y'", True),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", True),
        ("DROP TABLE IF EXISTS t", True),
        ("ALTER TABLE t CHANGE a b BIGINT", False),
        ("ALTER TABLE t MODIFY a INT, ADD b INT", False),
        ("CREATE TABLE t (a int)", False),
        ("INSERT INTO t VALUES (1)", False),
    ],
)
def test_what_says_how_things_shall_be_may_be_said_twice(sql: str, repeatable: bool) -> None:
    assert MARIADB.repeatable(statement(sql)) is repeatable


def test_a_text_is_one_statement_because_the_tool_has_cut_it() -> None:
    text = "create procedure p() begin select 1; select 2; end"
    assert [each.sql for each in MARIADB.split(text, "a.sql", 4)] == [text]
