"""A real PostgreSQL for the whole session, a fresh database per test."""

import os
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from midair.database import Guard, Session, open_session
from midair.model.address import Address, Product, Secret
from midair.model.statement import Sql
from midair.rehearsal.server import Server, throwaway_server
from tests.support.servers import created, server_of

# The suite is a gate: the same commit gets the same answer. `HYPOTHESIS_PROFILE=search` looks for new failures.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgresql",
        type=int,
        metavar="MAJOR",
        help="the one version to run on, instead of the newest and the oldest here; scripts/install_servers.sh brings others",
    )


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Generator[Server]:
    """The embedded PostgreSQL or the one that was asked for, one a worker; crash tests restart their own."""
    major = request.config.getoption("--postgresql")
    with throwaway_server() if major is None else server_of(major) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Generator[Address]:
    """A fresh database with a name nobody else has."""
    name = f"test_{uuid4().hex[:12]}"
    admin = open_session(server.admin, Guard(), "midair tests")
    admin.run([Sql(created(name, server))], atomic=False)
    try:
        yield server.at(name)
    finally:
        admin.run([Sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")], atomic=False)
        admin.close()


@pytest.fixture
def url(database: Address) -> Secret:
    """The fresh database as a URL."""
    return url_of(database)


@pytest.fixture
def session(database: Address) -> Generator[Session]:
    """A session on the fresh database."""
    opened = open_session(database, Guard(lock_wait_ms=200), "midair tests")
    yield opened
    opened.close()


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Address:
    """A SQLite database that does not exist yet."""
    return Address(Product.SQLITE, str(tmp_path / "app.db"))


@pytest.fixture(scope="session", autouse=True)
def _no_outside_settings() -> Generator[None]:
    """What the developer's shell exports must not change a test, nor a program that a test starts.

    Where the peers are was read when the tests were collected; midair itself would refuse the name.
    """
    with pytest.MonkeyPatch.context() as shell:
        for name in list(os.environ):
            if name.startswith(_OUTSIDE) and name != "MIDAIR_PG_BIN":
                shell.delenv(name)
        yield


_OUTSIDE = ("PG", "MIDAIR_", "FLYWAY_", "DBMATE_", "GOOSE_", "ALEMBIC_", "DATABASE_URL", "VIRTUAL_ENV")


def url_of(address: Address) -> Secret:
    """An address as the URL a user would write."""
    if address.product is Product.SQLITE:
        return Secret(f"sqlite:///{address.database}")
    return Secret(f"postgresql:///{address.database}?host={address.host}&user={address.user}")
