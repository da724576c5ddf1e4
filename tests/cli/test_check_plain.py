"""`check` on SQL files that are no tool's project."""

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from midair.model.address import Address
from tests.cli import in_process
from tests.cli.in_process import Ran
from tests.conftest import url_of
from tests.support.folders import committed, written

FILES = {
    "2_index.sql": "CREATE INDEX orders_total ON orders (total);\n",
    "10_items.sql": "CREATE TABLE items (id bigint PRIMARY KEY);\n",
    "11_index.sql": "SELECT 1;\n\nCREATE INDEX items_id ON items (id, id);\n",
    "notes.txt": "CREATE INDEX is slow\n",
    "later/1_drop.sql": "DROP TABLE orders;\n",
}


def midair(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> Ran:
    return in_process.midair(folder, "check", *words, variables=variables)


def found(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Where what is high stands, and its code."""
    payload: dict[str, Any] = json.loads(midair(folder, *words, "-f", "json").stdout)["payload"]
    return [
        (f"{each['span']['path']}:{each['span']['line']}", each["code"])
        for each in payload["findings"]
        if each["risk"] == "high" and each["suppressed"] is None
    ]


def test_files_are_checked_in_the_order_of_their_names_and_each_knows_those_before_it(tmp_path: Path) -> None:
    root = written(tmp_path, FILES)
    here = [("2_index.sql:1", "MA101"), ("11_index.sql:3", "MA101")]
    assert found(root) == here
    assert found(root, "11_index.sql", "10_items.sql", "2_index.sql") == here
    assert found(root, ".") == [*here, ("later/1_drop.sql:1", "MA202")]
    assert found(root / "later", "../2_index.sql") == [("../2_index.sql:1", "MA101")]
    assert "no tool's project is here" in midair(root).stderr
    assert midair(root, "10_items.sql").stderr == ""
    assert midair(root, "10_items.sql").returncode == 0


def test_standard_input_is_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def piped(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    piped(b"SELECT 1;\nCREATE INDEX i ON orders (total);")
    ran = midair(tmp_path, "-")
    assert "stdin:2: high MA101" in ran.stdout
    assert "2 | CREATE INDEX i ON orders (total);" in ran.stdout
    for bad, said in ((b"SELECT \xff", "stdin:1 is not UTF-8"), (b"SELECT 1;\nSELECT 'a", "stdin:2")):
        piped(bad)
        ran = midair(tmp_path, "-")
        assert said in ran.stdout
        assert ran.returncode == 1
    piped(b"")
    assert midair(tmp_path, "-").returncode == 0


def test_a_file_runs_statement_by_statement_unless_said_to_run_in_a_transaction(tmp_path: Path) -> None:
    root = written(tmp_path, {"a.sql": "CREATE INDEX CONCURRENTLY i ON orders (total);\n"})
    assert found(root, "a.sql") == []
    assert found(root, "a.sql", "--assume-in-transaction") == [("a.sql:1", "MA402")]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    root = written(tmp_path, {"a.sql": "SELECT 1;\n", "empty/notes.txt": ""})
    for words, said in (
        (("gone.sql",), "there is no file gone.sql"),
        (("empty",), "no SQL files are in"),
        (("head",), "no migrations were recognised"),
        (("--tool", "flyway"), "no migrations were recognised"),
    ):
        ran = midair(root, *words)
        assert said in ran.stderr
        assert ran.returncode == 2


def test_only_what_git_says_is_new_is_checked_and_may_be_mended(tmp_path: Path) -> None:
    root = written(tmp_path, {"1.sql": "DROP TABLE a;\n"})
    committed(root)
    written(root, {"2.sql": FILES["2_index.sql"]})
    assert found(root, ".", "--since", "main") == [("2.sql:1", "MA101")]
    ran = midair(root, ".", "--since", "main", "--fix")
    assert "2.sql: 1 statement rewritten" in ran.stdout
    assert (
        root / "2.sql"
    ).read_text() == "CREATE INDEX CONCURRENTLY orders_total ON orders USING btree (total);\n"


def test_a_database_says_what_is_there_and_how_large(tmp_path: Path, database: Address) -> None:
    root = written(tmp_path, {"1.sql": "CREATE INDEX i ON nothing_here (a);\n"})
    ran = midair(root, "1.sql", "--against", url_of(database).reveal(), "-f", "json")
    payload = json.loads(ran.stdout)["payload"]
    assert payload["catalog"] is not None
    assert "MA416" in [each["code"] for each in payload["findings"]]  # the table is known not to be there
    assert midair(root, "1.sql", "--against", "postgresql://nobody@127.0.0.1:1/none").returncode == 4


def test_a_call_leaves_rules_out_and_adds_others(tmp_path: Path) -> None:
    root = written(tmp_path, {"1.sql": FILES["2_index.sql"]})
    assert found(root, "1.sql", "--ignore", "MA2,index-without-concurrently") == []
    ran = midair(root, "1.sql", "--ignore", "MA999", "--select", "nonsense")
    assert "--ignore MA999 is no rule" in ran.stderr
    assert "--select nonsense is no rule" in ran.stderr
    assert ran.returncode == 2


def test_a_folder_of_a_project_means_the_migrations_in_it(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            "migrations/1_a.up.sql": "CREATE TABLE a ();\n",
            "migrations/2_b.up.sql": "DROP TABLE a;\n",
            "x/y.sql": "",
        },
    )
    assert found(root, "migrations") == [("migrations/2_b.up.sql:1", "MA202")]
    assert midair(root, "x").returncode == 2
