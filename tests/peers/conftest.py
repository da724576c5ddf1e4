"""A PostgreSQL server for the session, and a fresh database of each product for a test.

The server is the embedded one; `MIDAIR_PG_BIN=/usr/lib/postgresql/15/bin pytest tests/peers` takes another.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from .databases import Cluster, Database, SQLite, cluster


@pytest.fixture(scope="session")
def postgresql() -> Generator[Cluster]:
    """A server of our own, gone after the session."""
    with cluster() as running:
        yield running


@pytest.fixture(params=["postgresql", "sqlite"])
def two_databases(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Database, Database]:
    """Two empty databases of one product: one to work on, one for the real tool alone to compare with."""
    if request.param == "sqlite":
        return SQLite(tmp_path / "shared.db"), SQLite(tmp_path / "reference.db")
    running: Cluster = request.getfixturevalue("postgresql")
    return running.database(), running.database()
