"""`midair demo`: the main job, with nothing but Python."""

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_runs_the_main_job_and_leaves_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    ran = subprocess.run(
        [sys.executable, "-m", "midair", "demo", "--folder", str(folder)],
        cwd=tmp_path,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    steps = [
        "$ midair detect",
        "6 pending",
        "$ midair plan",
        "applied 6 migrations",
        "flyway_schema_history, 6 rows",
        "rolled back 1",
        "applied 1",
    ]
    positions = [ran.stdout.index(step) for step in steps]
    assert positions == sorted(positions)
    assert {path.suffix for path in folder.iterdir()} == {".sql"}
