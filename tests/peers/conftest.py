"""A PostgreSQL server for the session, and a fresh database of each product for a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .databases import Cluster, Database, SQLite, cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_15() -> Iterator[Cluster]:
    """The system's PostgreSQL 15, an old server with an old pg_dump."""
    programs = Path("/usr/lib/postgresql/15/bin")
    if not (programs / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed (Debian: postgresql-15)")
    with cluster(programs) as running:
        yield running


@pytest.fixture(params=["postgresql", "sqlite"])
def two_databases(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Database, Database]:
    """Two empty databases of one product: one to work on, one for the real tool alone to compare with."""
    if request.param == "sqlite":
        return SQLite(tmp_path / "shared.db"), SQLite(tmp_path / "reference.db")
    running: Cluster = request.getfixturevalue("postgresql")
    return running.database(), running.database()
