"""Torn, mixed and wild SQL gives findings or a clear error with file and line; a large data file stays small in memory."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import candidate

from midair.analysis.analyse import analyse
from midair.errors import BadMigration

_GOOD = (
    "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text CHECK (note <> ''));",
    "ALTER TABLE orders ADD COLUMN total numeric(10, 2) NOT NULL DEFAULT 0, ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders USING gin (lower(note)) WHERE note IS NOT NULL;",
    "DO $$ BEGIN EXECUTE 'DROP TABLE orders'; EXCEPTION WHEN others THEN NULL; END $$;",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN UPDATE orders SET note = 'x'; RETURN NEW; END $body$;",
    "COPY orders (id, note) FROM STDIN;\n1\tone\n2\t\\N\n\\.\n",
    "INSERT INTO orders SELECT g, 'it''s' FROM generate_series(1, 10) g ON CONFLICT (id) DO UPDATE SET note = excluded.note;",
    'ALTER TABLE "Ünï" RENAME COLUMN "a b" TO "c;d"; -- comment ; with a semicolon\n/* and /* nested */ one */',
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * INTO old FROM gone;",
    "SET LOCAL lock_timeout = '1s'; BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;",
    "ALTER TYPE mood ADD VALUE 'so so' BEFORE 'bad'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;",
    "CREATE TABLE p PARTITION OF orders FOR VALUES FROM (MINVALUE) TO (10) PARTITION BY HASH (id);",
)

_pieces = st.lists(
    st.one_of(
        st.sampled_from(_GOOD),
        st.text(max_size=12),
        st.sampled_from(("$$", "'", '"', "/*", "--", "\\", ";", "(", "\0", "E'\\")),
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def _torn(draw: st.DrawFn) -> str:
    """Good and wild pieces after each other, cut at both ends and with a part left out of the middle."""
    text = draw(st.sampled_from(("", "\n", " "))).join(draw(_pieces))
    start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return draw(st.sampled_from((text, text[start:], text[:end], text[:start] + text[end:])))


def _places(text: str) -> list[str]:
    """Where it is that something was said about the text: each finding's place, or the error's message."""
    try:
        found = analyse([candidate(text, "folder/7.sql")], None, 18)
    except BadMigration as error:
        return [error.message]
    return [str(each.span) for each in found]


def _survives(text: str) -> None:
    assert [each for each in _places(text) if not re.search(r"folder/7\.sql:[1-9]", each)] == []


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=_torn())
def test_torn_sql_gives_findings_or_an_error_with_file_and_line(text: str) -> None:
    _survives(text)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=_torn())
def test_ten_thousand_torn_files_give_findings_or_an_error_with_file_and_line(text: str) -> None:
    _survives(text)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["one statement a line", "one statement of many rows"])
def test_a_hundred_megabytes_of_inserts_are_looked_at_within_five_hundred(tmp_path: Path, shape: str) -> None:
    (tmp_path / "flyway.conf").write_text("flyway.locations=filesystem:sql\n")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "V1__table.sql").write_text("CREATE TABLE t (id bigint PRIMARY KEY, a text);\n")
    row = "({n}, '" + "x" * 80 + "')"
    with (tmp_path / "sql" / "V2__data.sql").open("w") as file:
        written = 0
        number = 0
        while written < 100 * 1024 * 1024:
            number += 1
            ending = ";" if shape == "one statement a line" or number % 1000 == 0 else ","
            opening = "INSERT INTO t VALUES " if shape == "one statement a line" or number % 1000 == 1 else ""
            written += file.write(opening + row.format(n=number) + ending + "\n")
        file.write("INSERT INTO t VALUES (0, 'last');\n" if ending == ";" else "(0, 'last');\n")
    ran = subprocess.run(
        [sys.executable, "-m", "midair", "check", "--no-input", "-C", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr[-2000:]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 500 * 1024
