"""dbmate's schema file: what midair writes into the repository is what the real dbmate writes there."""

import os
from pathlib import Path

import pytest

from .commands import midair, run
from .databases import Cluster
from .places import peer
from .shop import CHANGES
from .tools import TOOLS

pytestmark = pytest.mark.peers

_DBMATE = next(tool for tool in TOOLS if tool.name == "dbmate")


def test_midair_writes_the_schema_file_that_the_real_dbmate_writes(
    postgresql: Cluster, tmp_path: Path
) -> None:
    program = peer("dbmate")
    worked_on, reference = postgresql.database(), postgresql.database()
    path = {"PATH": f"{postgresql.server.bin}{os.pathsep}{os.environ['PATH']}"}
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, database in ((ours, worked_on), (theirs, reference)):
        _DBMATE.lay_out(folder, database, len(CHANGES["postgresql"]))
    address = {"DATABASE_URL": f"{reference.url}?sslmode=disable"}
    run(program, "migrate", folder=theirs, variables=path | address).ok()
    midair("apply", "-C", ours, "--url", worked_on.url, variables=path).ok()
    real = (theirs / "db" / "schema.sql").read_text()
    assert "CREATE TABLE public.customers" in real
    assert (ours / "db" / "schema.sql").read_text() == real
