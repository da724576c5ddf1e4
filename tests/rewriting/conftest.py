"""Two servers, the oldest and the newest that the machine has, and fresh databases on them."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bench.scenarios.world import fresh_server
from tests.conftest import url_of
from tests.support.servers import NEWEST, OLDEST, created, major_of, programs_of, server_of

import midair
from midair.database import Guard, Session, open_session
from midair.errors import NotOnline
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server


@dataclass(frozen=True)
class Rig:
    """One server, and databases made on it."""

    server: Server

    @property
    def major(self) -> int:
        """The server's version."""
        return major_of(self.server)

    @contextmanager
    def database(self, given: str = "") -> Generator[Address]:
        """A fresh database that holds what is given."""
        name = f"online_{uuid4().hex[:12]}"
        self._tell(created(name, self.server))
        try:
            if given:
                with self.session(self.server.at(name)) as session:
                    session.run([Sql(given)], atomic=False)
            yield self.server.at(name)
        finally:
            self._tell(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _tell(self, sql: str) -> None:
        with self.session(self.server.admin) as admin:
            admin.run([Sql(sql)], atomic=False)

    @contextmanager
    def session(self, address: Address, name: str = "midair tests") -> Generator[Session]:
        """A session without bounds."""
        opened = open_session(address, Guard(), name)
        try:
            yield opened
        finally:
            opened.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`rig` is each of the two, or the one that was asked for."""
    if "rig" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--postgresql")
        majors = [asked] if asked is not None else [NEWEST, OLDEST]
        metafunc.parametrize("rig", majors, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """What a server that was asked for cannot do is refused by midair, and is no failure of the test."""
    try:
        return (yield)
    except NotOnline as error:
        if item.config.getoption("--postgresql") is not None and _NO_PAGES in error.message:
            pytest.skip(error.message)
        raise


_NO_PAGES = "cannot read a range of pages"
"""Tables without a key, before 14."""


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Generator[Rig]:
    if request.param in (NEWEST, request.config.getoption("--postgresql")):
        yield Rig(request.getfixturevalue("server"))
        return
    if programs_of(request.param) is None:
        pytest.skip(f"no PostgreSQL {request.param} on this machine")
    with server_of(request.param) as running:
        yield Rig(running)


@pytest.fixture
def newest(server: Server) -> Rig:
    """The newest server alone, for what does not hang on the version."""
    return Rig(server)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Makes a golang-migrate project of these migrations, each the text of its up file."""

    def make(*migrations: str) -> Path:
        folder = tmp_path / f"project_{uuid4().hex[:8]}"
        (folder / "migrations").mkdir(parents=True)
        for number, sql in enumerate(migrations, 1):
            (folder / "migrations" / f"{number:06d}_m{number}.up.sql").write_text(sql)
            (folder / "migrations" / f"{number:06d}_m{number}.down.sql").write_text("SELECT 1;\n")
        return folder

    return make


def request_for(root: Path, address: Address, strategy: str = "online", **more: Any) -> midair.Request:
    """A request in which no table counts as small, and gates ask for no quiet."""
    given: dict[str, Any] = {"standard": midair.Standard(quiet_s=0), **more}
    return midair.Request(root, url=url_of(address), strategy=strategy, small_table_bytes=0, **given)


@pytest.fixture(scope="module")
def own_server() -> Generator[Server]:
    """A server as scenarios want it, for one module."""
    with fresh_server(None) as server:
        yield server
