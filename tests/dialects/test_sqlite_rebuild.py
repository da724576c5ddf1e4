"""A SQLite table made anew: only what was asked for changes, and nothing that hangs on the table is lost."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from midair.database import Guard, Session, open_session
from midair.dialects.sqlite.definition import definition_of, with_default, with_key, without_default
from midair.dialects.sqlite.rebuild import defined, rebuilt
from midair.model.address import Address, Product
from midair.model.statement import Span, Statement, quoted

TABLES = (
    "CREATE TABLE t (a int, b text)",
    'CREATE TABLE "t" ("a,b" int, [c d] text, `e``f` int DEFAULT (1 + (2)))',
    "CREATE TABLE t(a decimal(10, 2) NOT NULL -- first, (\n, b text DEFAULT 'it''s, (', CHECK (b IN ('x', 'y')))",
    "CREATE TABLE t (a int /* , b int */, c text COLLATE NOCASE UNIQUE, PRIMARY KEY (a, c)) WITHOUT ROWID",
    "CREATE TABLE t (a int GENERATED ALWAYS AS (1 + 1) VIRTUAL, b, CONSTRAINT k UNIQUE (b))",
    "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b REFERENCES t (a) ON DELETE SET DEFAULT)",
)


@pytest.fixture
def memory() -> Generator[Session]:
    opened = open_session(Address(Product.SQLITE, ":memory:"), Guard(), "midair tests")
    yield opened
    opened.close()


def run(session: Session, *texts: str) -> None:
    session.run([Statement(each, Span("t.sql", 1)) for each in texts], atomic=True)


@pytest.mark.parametrize("sql", TABLES)
def test_a_definition_has_the_columns_sqlite_reads_in_it(memory: Session, sql: str) -> None:
    run(memory, sql)
    columns = tuple(row[1] for row in memory.query("PRAGMA table_xinfo(t)"))
    assert definition_of(sql).columns() == columns
    run(memory, "DROP TABLE t", definition_of(sql).text())
    assert tuple(row[1] for row in memory.query("PRAGMA table_xinfo(t)")) == columns


@pytest.mark.parametrize(
    ("column", "bare", "changed"),
    [
        ("a int", "a int", "a int DEFAULT 7"),
        ("a int NOT NULL", "a int NOT NULL", "a int DEFAULT 7 NOT NULL"),
        ("a int DEFAULT -1 NOT NULL", "a int NOT NULL", "a int DEFAULT 7 NOT NULL"),
        ("a text DEFAULT 'x''y' UNIQUE", "a text UNIQUE", "a text DEFAULT 7 UNIQUE"),
        ("a int DEFAULT (abs(-1) + 2) CHECK (a > 0)", "a int CHECK (a > 0)", "a int DEFAULT 7 CHECK (a > 0)"),
        ("a", "a", "a DEFAULT 7"),
        ('"default" int', '"default" int', '"default" int DEFAULT 7'),
    ],
)
def test_a_default_comes_behind_the_type_and_takes_the_place_of_another(
    column: str, bare: str, changed: str
) -> None:
    assert without_default(column) == bare
    assert with_default(column, "7") == changed


def test_a_key_of_the_column_s_own_takes_the_place_of_another() -> None:
    assert (
        with_key("id INTEGER CONSTRAINT k PRIMARY KEY NOT NULL", "PRIMARY KEY AUTOINCREMENT")
        == "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
    )


def test_rows_indexes_triggers_views_references_and_numbers_stay(memory: Session) -> None:
    run(
        memory,
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a int UNIQUE CHECK (a <> 5), b text)",
        "CREATE TABLE child (t_id int REFERENCES t (id))",
        "CREATE INDEX t_b ON t (b) WHERE b <> ''",
        "CREATE VIEW seen AS SELECT a FROM t",
        "CREATE TABLE log (a int)",
        "CREATE TRIGGER logs AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END",
        "INSERT INTO t VALUES (1, 10, 'x'), (7, 70, 'y')",
        "DELETE FROM t WHERE id = 7",
        "DELETE FROM log",
    )
    objects = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> 't' ORDER BY 1, 2"
    before = memory.query(objects)
    found = defined(memory, "T")
    assert found is not None
    after = found.changed("b", lambda column: with_default(column, "'none'"))
    run(memory, *rebuilt(memory, "t", quoted, after))
    assert memory.query(objects) == before
    assert memory.query("SELECT * FROM t") == [(1, 10, "x")]
    assert memory.query("PRAGMA foreign_key_list(child)")[0][2] == "t"
    run(memory, "INSERT INTO t (a) VALUES (80)")
    assert memory.query("SELECT id, b FROM t WHERE a = 80") == [(8, "none")]
    assert memory.query("SELECT a FROM log") == [(80,)]
    assert memory.query("SELECT a FROM seen ORDER BY 1") == [(10,), (80,)]


def test_an_added_column_gets_its_default_in_rows_that_were_there(memory: Session) -> None:
    run(memory, "CREATE TABLE t (a int, UNIQUE (a))", "INSERT INTO t VALUES (1)")
    found = defined(memory, "t")
    assert found is not None
    wider = found.with_column("b int DEFAULT 3 NOT NULL").with_constraint("CHECK (b > 2)")
    assert replace(wider, items=found.items) == found
    run(memory, *rebuilt(memory, "t", quoted, wider))
    assert memory.query("SELECT a, b FROM t") == [(1, 3)]
