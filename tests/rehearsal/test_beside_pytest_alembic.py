"""The planted defects in Alembic's form, given to pytest-alembic and to midair."""

import subprocess
import sys

import pytest

from tests.peers.places import PEERS, REPOSITORY


@pytest.mark.peers
@pytest.mark.timeout(300)
def test_both_find_a_forgotten_index_only_midair_data_that_was_not_moved_and_neither_speaks_of_mended_twins() -> (
    None
):
    if not (PEERS / "pytest-alembic" / "bin" / "pytest").exists():
        pytest.skip("pytest-alembic is not installed: run scripts/install_rehearsal_peers.sh")
    bench = [sys.executable, REPOSITORY / "bench" / "pytest_alembic.py", "--twins"]
    ran = subprocess.run(
        [*bench, "forgotten_index", "data_not_moved"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert ran.returncode == 0, ran.stderr
    rows = {cells[1].strip(): cells for line in ran.stdout.splitlines() if len(cells := line.split("|")) == 7}
    assert rows["forgotten index"][2].strip() == "downgrade_leaves_no_trace"
    assert "MA922" in rows["forgotten index"][4]
    assert rows["data not moved"][2].strip() == "–"
    assert "MA932" in rows["data not moved"][4]
    for twin in ("forgotten index (mended)", "data not moved (mended)"):
        assert [rows[twin][2].strip(), rows[twin][4].strip()] == ["–", "–"]
