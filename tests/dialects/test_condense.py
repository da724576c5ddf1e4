"""Large files of data lose their rows before they are looked at, and nothing else."""

import pytest

from midair.dialects.postgresql import condense
from midair.dialects.postgresql.condense import condensed
from midair.dialects.postgresql.split import split

ROW = "INSERT INTO {table} (id, note) VALUES\n  ({id}, 'a;\n''b''');\n"
COPY = "COPY c (a) FROM STDIN;\n1\t;\n2\t'\n\\.\n"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is large, and windows are shorter than most of what follows."""
    monkeypatch.setattr(condense, "LARGE", 0)
    monkeypatch.setattr(condense, "_WINDOW", 90)
    monkeypatch.setattr(condense, "_HUGE", 2_000)


def rows(table: str, count: int) -> str:
    return "".join(ROW.format(table=table, id=number) for number in range(count))


def places(text: str) -> list[tuple[int, str]]:
    return [(each.span.line, each.sql) for each in split(text, "f.sql")]


TEXTS = {
    "rows of two tables in turn": (ROW.format(table="a", id=1) + ROW.format(table="b", id=2)) * 20,
    "rows, then a statement, then rows": rows("a", 9) + "CREATE INDEX i ON a (note);\n" + rows("a", 9),
    "rows with comments between": "-- one\n".join([ROW.format(table="a", id=1)] * 9) + "/* ; */ SELECT 1",
    "a body with statements in it": "DO $$ BEGIN\n" + rows("a", 9) + "END $$;\n" + rows("a", 3),
    "rows of COPY between INSERTs": rows("a", 3) + COPY + COPY + rows("a", 3) + "DROP TABLE c;\n",
    "COPY whose rows end with the file": rows("a", 3) + "COPY c FROM stdin;\n1\n2",
    "words that only look like COPY": rows("a", 3) + "SELECT 'x from stdin;\n y';\n" + rows("a", 3),
    "lines that end in CRLF": (rows("a", 9) + "DROP TABLE a;\n").replace("\n", "\r\n"),
    "two statements a line": "INSERT INTO a VALUES (1); " * 30 + "\nDROP TABLE a;",
    "letters of several bytes": rows('"größe"', 5) + "COMMENT ON TABLE a IS 'ü😀';\n" + rows('"größe"', 5),
    "no semicolon at the end": rows("a", 5) + "DROP TABLE a",
    "INSERTs that do more than give rows": "INSERT INTO a SELECT * FROM b;\n" * 9
    + "INSERT INTO a VALUES (f());\n" * 9,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_only_repeated_rows_are_left_out_and_lines_keep_their_numbers(text: str) -> None:
    short = condensed(text)
    assert short.count("\n") == text.count("\n")
    before, after = places(text), places(short)
    assert set(after) <= set(before)
    gone = [sql for place, sql in before if (place, sql) not in after]
    assert all(sql.startswith("INSERT INTO") and "VALUES" in sql for sql in gone)
    firsts = {sql.split("VALUES")[0] for _, sql in before}
    assert {sql.split("VALUES")[0] for _, sql in after} == firsts


def test_most_of_a_thousand_rows_go() -> None:
    text = rows("a", 1000) + "DROP TABLE a;\n"
    assert places(condensed(text)) == [places(text)[0], places(text)[-1]]
    assert len(condensed(text)) < 4_000


def test_rows_after_another_statement_are_looked_at_again() -> None:
    text = rows("a", 9) + "CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f();\n" + rows("a", 9)
    assert len(places(condensed(text))) == 3


def test_of_one_long_insert_the_first_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "_HEAD", 100)
    text = (
        "INSERT INTO a VALUES\n"
        + "".join(f"({n}, 'x),'),\n" for n in range(500))
        + "(0, NULL);\nDROP TABLE a;\n"
    )
    (first, sql), last = places(condensed(text))
    assert first == 1
    assert sql.startswith("INSERT INTO a VALUES\n(0, 'x),'),\n(1,")
    assert len(sql) < 120
    assert last == (503, "DROP TABLE a")


@pytest.mark.parametrize(
    "row",
    ["({n}, 'x),\n;\n'),\n", "({n}, 'ü😀'),\r\n", "({n}, 'a; b'), ", "({n}, (1)), -- one),\n"],
    ids=["marks inside quotes", "letters of several bytes", "rows on one line", "comments between"],
)
@pytest.mark.parametrize("end", [";\n", " ON CONFLICT DO NOTHING;\n", " RETURNING ';';\n"])
def test_behind_one_long_insert_every_statement_stands_where_it_stood(
    monkeypatch: pytest.MonkeyPatch, row: str, end: str
) -> None:
    monkeypatch.setattr(condense, "_HEAD", 100)
    many = "".join(row.format(n=number) for number in range(800))
    text = f"DROP TABLE b;\n-- rows\nINSERT INTO a VALUES\n{many}(0, NULL){end}DROP TABLE a;\nDROP TABLE c"
    before, after = places(text), places(condensed(text))
    assert condensed(text).count("\n") == text.count("\n")
    assert (after[0], *after[2:]) == (before[0], *before[2:])
    assert after[1][0] == before[1][0]
    assert before[1][1].startswith(after[1][1])
    assert len(after[1][1]) < 120


def test_a_long_insert_that_selects_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "_HEAD", 100)
    text = "INSERT INTO a SELECT * FROM (VALUES\n" + "(1, 'x'),\n" * 800 + "(1, NULL)) AS v;\nDROP TABLE a;\n"
    assert condensed(text) == text


@pytest.mark.parametrize("end", ["'", "/*", "$$", 'SELECT "', "\0"])
def test_what_cannot_be_read_is_left_for_the_splitter(end: str) -> None:
    text = rows("a", 9) + f"DROP TABLE a;\nSELECT {end}"
    assert condensed(text).endswith(f"DROP TABLE a;\nSELECT {end}")


def test_a_text_that_is_not_large_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condense, "LARGE", 4_000_000)
    assert condensed(rows("a", 9)) == rows("a", 9)
