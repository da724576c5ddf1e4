"""Broken, cut and nonsensical SQL files: findings, or an error that names the file; never a traceback, never a hang."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import midair
from midair.errors import MidairError
from midair.model.migration import RevisionId
from midair.pipeline.check import Checking, Question

NAME = "1_hostile.up.sql"


def _seeds() -> Sequence[bytes]:
    """Every measured statement, and text that has troubled splitters before."""
    path = Path(__file__).parent.parent / "dialects" / "ddl_effects.json"
    rows = json.loads(path.read_text())["rows"]
    statements = {text.encode() for row in rows for text in (*row.get("setup", ()), *row["sql"])}
    return (*sorted(statements), *_TROUBLE)


_TROUBLE = (
    b"DO $$ BEGIN EXECUTE 'ALTER TABLE a DROP COLUMN b'; END $$",
    b"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
    b"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$",
    b"COPY a (b) FROM STDIN;\n1\t\\N\n\\.\n",
    b"COPY a FROM STDIN",
    b"SELECT E'\\'', U&'\\0041', U&\"d\\0061t\", B'1', X'F', $1, $a$;$a$",
    b"/* a /* b */ c */ -- d\n",
    b"\\connect other\n",
    b"\\restrict abc\n",
    b"\xef\xbb\xbfSELECT 1",
    b"-- midair:allow MA101 because\n",
    b"-- midair:allow\n",
    b"BEGIN; COMMIT; ROLLBACK; SAVEPOINT s; END",
    b"INSERT INTO a VALUES ('\xf0\x9f\x98\x80', '\xff')",
    b'ALTER TABLE "" ADD COLUMN "a""b" text',
    b"CREATE TABLE a (LIKE b INCLUDING ALL) PARTITION BY RANGE (c)",
    b"SELECT " + b"(" * 400 + b"1" + b")" * 400,
    b"\0",
    b";;;\r\n;",
)
_pieces = st.one_of(
    st.sampled_from(_seeds()),
    st.binary(max_size=12),
    st.sampled_from((b"'", b'"', b"$$", b"$a$", b"/*", b"*/", b"--", b";", b"\\", b"(", b"\r", b"\xa0")),
)


@st.composite
def hostile_files(draw: st.DrawFn) -> bytes:
    """Some statements in a row, then cut, holed or crossed."""
    text = draw(st.sampled_from((b";\n", b"; ", b"\n", b""))).join(
        draw(st.lists(_pieces, min_size=1, max_size=6))
    )
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(("cut", "hole", "insert", "repeat"))):
            case "cut":
                text = text[:place]
            case "hole":
                text = text[:place] + text[place + draw(st.integers(1, 20)) :]
            case "insert":
                text = text[:place] + draw(_pieces) + text[place:]
            case _:
                text = text[:place] + text
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project for all the files in turn: making ten thousand folders takes longer than looking into them."""
    made = tmp_path_factory.mktemp("hostile")
    (made / "migrations").mkdir()
    return made


def _looked_at(folder: Path, content: bytes) -> None:
    (folder / "migrations" / NAME).write_bytes(content)
    lines = content.count(b"\n") + content.count(b"\r") + 1
    found = _answer(folder)
    if isinstance(found, str):
        assert NAME in found
        return
    assert [each.migration.revision for each in found.candidates] == [RevisionId("1")]
    for each in found.findings:
        assert each.span.path.endswith(NAME)
        assert 1 <= each.span.line <= lines
        assert each.message


def _answer(root: Path) -> Checking | str:
    """What was found, or the error's message; any other exception is the failure this file looks for."""
    try:
        return midair.check(midair.Request(root), Question(no_exec=True))
    except MidairError as error:
        return error.message


@given(content=hostile_files())
@settings(max_examples=300)
def test_a_hostile_file_gives_findings_or_an_error_that_names_it(folder: Path, content: bytes) -> None:
    _looked_at(folder, content)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(content=hostile_files())
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
def test_ten_thousand_hostile_files_give_findings_or_an_error(folder: Path, content: bytes) -> None:
    _looked_at(folder, content)
