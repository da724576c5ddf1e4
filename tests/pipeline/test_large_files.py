"""Files of data: what `check` keeps of them in memory, and what it finds behind a hundred megabytes of rows."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECK = """
import resource, sys
from midair.cli.main import run
code, _ = run(["check", "--no-input", "-f", "json", *sys.argv[1:]])
sys.stdout.flush()
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
MEGABYTE = 1_000_000
HEAD = "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, note text);\n"
TAIL = "-- midair: allow MA416 because the other team makes it\nCREATE INDEX i ON elsewhere (a);\n"


def statements(number: int) -> str:
    return f"INSERT INTO orders (id, customer, note) VALUES ({number}, 'customer {number}', 'a; note''s text');\n"


def tuples(number: int) -> str:
    return f"  ({number}, 'customer ({number}),', 'a; note''s text'),\n"


def written(path: Path, megabytes: int, row: Callable[[int], str], before: str = "", after: str = "") -> int:
    """A file of rows; how many lines come before its last statement."""
    with path.open("w") as file:
        file.write(HEAD + before)
        number = 0
        while file.tell() < megabytes * MEGABYTE:
            file.writelines(row(each) for each in range(number, number + 1000))
            number += 1000
        file.write(after + TAIL)
    return number + (HEAD + before + after + TAIL).count("\n")


def checked(*files: Path) -> tuple[list[tuple[str, int]], int]:
    """What is high and its line, and the most memory that was in use, in bytes."""
    words = [sys.executable, "-c", CHECK, *(str(each) for each in files)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=files[0].parent)
    code, kilobytes = ran.stderr.split()[-2:]
    findings = json.loads(ran.stdout)["payload"]["findings"]
    assert code == "1"
    return [(each["code"], each["span"]["line"]) for each in findings if each["risk"] == "high"], int(
        kilobytes
    ) * 1024


@pytest.mark.parametrize("name", ["data.sql", "V1__data.sql", "1_data.up.sql"])
def test_memory_for_a_file_of_data_is_a_few_times_its_size(tmp_path: Path, name: str) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    written(small / name, 0, statements)
    line = written(large / name, 12, statements)
    found, most = checked(large / name)
    _, least = checked(small / name)
    assert ("MA101", line) in found
    assert most - least < 4 * 12 * MEGABYTE + 8 * MEGABYTE


@pytest.mark.slow
def test_a_hundred_megabytes_of_inserts_are_checked_in_half_a_gigabyte(tmp_path: Path) -> None:
    line = written(tmp_path / "data.sql", 100, statements)
    found, most = checked(tmp_path / "data.sql")
    assert found == [("MA101", line)]
    assert most < 500 * MEGABYTE


@pytest.mark.slow
def test_one_insert_of_a_hundred_megabytes_is_checked_by_its_first_rows(tmp_path: Path) -> None:
    before, after = "INSERT INTO orders (id, customer, note) VALUES\n", "  (-1, NULL, NULL);\n"
    line = written(tmp_path / "data.sql", 100, tuples, before, after)
    found, most = checked(tmp_path / "data.sql")
    assert found == [("MA101", line)]
    assert most < 500 * MEGABYTE
