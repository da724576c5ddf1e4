"""Where scripts/install_peers.sh and scripts/fetch_projects.py put things, and skipping when they did not."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("MIDAIR_PEERS", REPOSITORY / ".peers")).resolve()
PROJECTS = PEERS / "projects"


def peer(name: str) -> Path:
    """The program of a real tool; skips the test, naming the tool, when it is not installed."""
    program = PEERS / "bin" / name
    if not program.exists():
        pytest.skip(f"the real {name} is not installed: run scripts/install_peers.sh")
    return program


def public_project(name: str) -> Path:
    """The folder of a public project; skips the test, naming the project, when it was not brought."""
    folder = PROJECTS / name
    if not folder.is_dir():
        pytest.skip(f"the public project {name} is not here: run scripts/fetch_projects.py")
    return folder
