"""Checksums, Java's hash, lock keys, encodings, placeholders."""

import json
from pathlib import Path
from typing import Any

import pytest

from midair.errors import BadMigration, BadSetting, UnreadableFile
from midair.sources.tools.flyway.checksum import checksum, decode, java_hash
from midair.sources.tools.flyway.history import lock_key
from midair.sources.tools.flyway.placeholders import Placeholders, replaced

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "checksums.json").read_text("utf-8"))


def test_all_vectors_are_there() -> None:
    assert len(VECTORS) == 57


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_checksum_is_the_one_flyway_recorded(vector: dict[str, Any]) -> None:
    text = vector["content"]
    if vector.get("repeatable"):
        assert checksum(text) == vector["raw_checksum"]
        text = replaced(text, Placeholders(vector["placeholders"]), "R__x.sql")
    assert checksum(text) == vector["checksum"]


@pytest.mark.parametrize(
    ("schema", "table", "key"),
    [
        ("public", "flyway_schema_history", 77433833903597),
        ("app", "flyway_schema_history", 77431436970681),
        ("public", "schema_version", 77430801598678),
        ("concurrent_test", "schema_version", 77431133147203),
    ],
)
def test_the_lock_is_the_one_flyway_takes(schema: str, table: str, key: int) -> None:
    assert lock_key(schema, table) == key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("a", 97),
        ("`app`.`flyway_schema_history`", -320650056),
        ("`test`.`flyway_schema_history`", -562162009),
    ],
)
def test_a_text_hashes_as_in_java(text: str, value: int) -> None:
    assert java_hash(text) == value


@pytest.mark.parametrize(
    ("data", "encoding", "detect", "text"),
    [
        (b"a\xc3\xa9", "UTF-8", False, "aé"),
        (b"a\xe9", "ISO-8859-1", False, "aé"),
        (b"a\x80", "windows-1252", False, "a€"),
        ("aé".encode("utf-16-be"), "UTF-16", False, "aé"),
        (b"\xff\xfe" + "aé".encode("utf-16-le"), "UTF-16", False, "aé"),
        (b"\xfe\xff" + "aé".encode("utf-16-be"), "UTF-8", True, "aé"),
        (b"a\xe9", "UTF-8", True, "aé"),
        (b"\xef\xbb\xbfx", "UTF-8", False, "\ufeffx"),
    ],
)
def test_a_file_is_decoded_as_in_java(
    tmp_path: Path, data: bytes, encoding: str, detect: bool, text: str
) -> None:
    path = tmp_path / "V1__x.sql"
    path.write_bytes(data)
    assert decode(path, encoding, detect=detect, shown="V1__x.sql") == text


def test_a_malformed_byte_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "V1__x.sql"
    path.write_bytes(b"select 1;\nselect '\xe9';")
    with pytest.raises(UnreadableFile, match=r"V1__x\.sql:2 is not UTF-8: byte 0xE9"):
        decode(path, "UTF-8", detect=False, shown="V1__x.sql")


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "V1__x.sql"
    path.write_bytes(b"x")
    with pytest.raises(BadSetting, match="klingon"):
        decode(path, "klingon", detect=False, shown="V1__x.sql")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${x}", "1"),
        ("a${X}b${x}c", "a1b1c"),
        ("-- ${x}\n'${x}' $$ ${x} $$", "-- 1\n'1' $$ 1 $$"),
        ("$${x}", "$${x}"),
        ("$$${x}", "$$1"),
        ("$$ select ${x} $$", "$$ select 1 $$"),
        ("${e}", ""),
        ("no placeholder $1 {x}", "no placeholder $1 {x}"),
        ("${flyway:table}", "h"),
    ],
)
def test_placeholders_are_replaced_everywhere(text: str, expected: str) -> None:
    known = Placeholders({"x": "1", "e": "", "flyway:table": "h"})
    assert replaced(text, known, "V1__x.sql") == expected


def test_other_marks_can_be_chosen() -> None:
    assert replaced("#[x] ${x}", Placeholders({"x": "1"}, "#[", "]"), "f") == "1 ${x}"


def test_an_unknown_placeholder_is_named_with_its_line() -> None:
    with pytest.raises(
        BadMigration, match=r"V1\.sql:2 No value provided for placeholder: \$\{nope\}"
    ) as refused:
        replaced("select 1;\nselect ${nope}", Placeholders(), "V1.sql")
    assert "flyway.placeholders.nope" in (refused.value.hint or "")


def test_a_placeholder_that_never_ends_is_refused() -> None:
    with pytest.raises(BadMigration, match=r"V1\.sql:1 begins a placeholder"):
        replaced("select ${x", Placeholders({"x": "1"}), "V1.sql")
