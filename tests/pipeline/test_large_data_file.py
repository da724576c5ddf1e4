"""A data file larger than any schema is looked at in bounded memory."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest


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
