"""A pytest plugin: a team's own suite proves every migration. Loading it changes nothing; `--midair` turns it on.

Takes pytest's configuration; gives fixtures and one test a migration and proof. May import: `midair`'s
public names, `pipeline`, `rehearsal`. Must not know: the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from midair.database.session import Session
    from midair.model.address import Address
    from midair.model.migration import RevisionId
    from midair.model.trace import Rehearsed
    from midair.pipeline.opening import Opened
    from midair.pipeline.request import Request
    from midair.pipeline.stage import Stage
    from midair.sources.source import Project

_PROOFS = {"up-down-up": ("up", "down", "up again"), "data-kept": ("data kept",), "second-run": ("again",)}
"""Each test's name, and the rehearsal's proofs it stands for."""
_DATA = {"MA925", "MA930", "MA931", "MA933"}
_AGAIN = {"MA960", "MA961"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and settings; all of them begin with `midair`."""
    group = parser.getgroup("midair", "proofs of database migrations")
    group.addoption("--midair", action="store_true", help="collect midair's tests of every migration")
    group.addoption("--midair-since", metavar="REF", help="only migrations added since this commit or branch")
    parser.addini("midair", "collect midair's tests of every migration", type="bool", default=False)
    parser.addini("midair_project", "the folder of the migrations", default=".")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", "midair: a proof of a database migration, made by midair")
    if config.getoption("--midair") or config.getoption("--midair-since") or config.getini("midair"):
        config.pluginmanager.register(_Collecting(), "midair-collecting")


def request_for(config: pytest.Config) -> Request:
    """What midair is asked in this suite: the project's folder, and no database but throwaway ones."""
    import os

    from midair.pipeline.request import Request

    root = Path(str(config.getini("midair_project")))
    return Request(root if root.is_absolute() else config.rootpath / root, variables=dict(os.environ))


class _Collecting:
    """Adds midair's tests behind the suite's own."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Each xdist worker collects the same tests in the same order."""
        # pytest leaves the keywords of its nodes untyped.
        make: Any = _Proofs.from_parent  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        proofs: _Proofs = make(session, name="midair", nodeid="midair")
        items.extend(proofs.collect())


class _Proofs(pytest.Collector):
    """The proofs of one project; the rehearsal runs once, when the first of them needs it."""

    _found: Rehearsed | None = None
    _revisions: tuple[RevisionId, ...] = ()

    def collect(self) -> Iterator[pytest.Item]:
        """Three tests a migration, and three of the project."""
        from midair.pipeline.opening import open_project

        _, project = open_project(request_for(self.config))
        kinds: tuple[Any, ...] = (_MigrationProof, _SingleHead, _NoHighRisk)
        migration, head, risk = kinds
        self._revisions = _chosen(self.config, project)
        for revision in self._revisions:
            for proof in _PROOFS:
                yield migration.from_parent(self, name=f"{revision}::{proof}", revision=revision, proof=proof)
        yield head.from_parent(self, name="single-head")
        yield risk.from_parent(self, name="no-high-risk")

    def rehearsed(self) -> Rehearsed:
        """Everything tried, from an empty database."""
        if self._found is None:
            from midair.pipeline.rehearse import rehearse
            from midair.pipeline.shared import shared
            from midair.pipeline.trial import Trial

            trial = Trial("heads", each=True, from_empty=True, only=frozenset(self._revisions))
            self._found = shared(
                _common_folder(self.config), lambda: rehearse(request_for(self.config), trial)
            )
        return self._found


class _Proof(pytest.Item):
    """One test; what it says when it fails is what the command would say."""

    parent: _Proofs

    def __init__(self, **facts: Any) -> None:
        begin: Any = super().__init__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - as above
        begin(**facts)
        self.add_marker("midair")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """midair's own words instead of a traceback."""
        from midair.errors import MidairError

        if isinstance(excinfo.value, MidairError):
            error = excinfo.value
            return "\n".join(filter(None, (f"{error.code} {error.message}", error.state, error.hint)))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it belongs in pytest's output."""
        return self.config.rootpath, None, self.nodeid


class _MigrationProof(_Proof):
    """One proof of one migration."""

    def __init__(self, *, revision: RevisionId, proof: str, **facts: Any) -> None:
        super().__init__(**facts)
        self._revision = revision
        self._proof_name = proof

    def runtest(self) -> None:
        """Fails with every finding that speaks against the proof; skips what cannot be tried."""
        found = self.parent.rehearsed()
        mine = [each for each in found.findings if each.revision == self._revision]
        against = [each for each in mine if _speaks_against(each.code, self._proof_name)]
        told = [
            f"{each.span}: {each.risk} {each.code} {each.name}\n  {each.message}\n  instead: {each.remedy.text}"
            for each in against
        ]
        _refuse(told)
        proofs = [
            each
            for each in found.proofs
            if each.revision == self._revision and each.name in _PROOFS[self._proof_name]
        ]
        failed = [each for each in proofs if each.passed is False]
        _refuse([] if mine else [f"{each.name}: {each.detail}" for each in failed])
        untried = next((each for each in proofs if each.passed is None), None)
        if self._proof_name == "up-down-up" and (untried or not proofs):
            pytest.skip(untried.detail if untried else "a migration before it cannot be brought in")


class _SingleHead(_Proof):
    """Nothing branches off unmerged."""

    def runtest(self) -> None:
        """Fails with the names of the heads."""
        from midair.pipeline.opening import open_project
        from midair.planning.choose import heads_of

        _, project = open_project(request_for(self.config))
        if not any(each.parents for each in project.migrations):
            return
        heads = heads_of(project.migrations)
        if len(heads) > 1:
            _refuse([f"{len(heads)} heads: {', '.join(str(each.span) for each in heads)}"])


class _NoHighRisk(_Proof):
    """The static check finds nothing high in the migrations that are meant."""

    def runtest(self) -> None:
        """Fails with the findings."""
        from midair.model.finding import Risk
        from midair.pipeline.check import Question, check

        since = self.config.getoption("--midair-since")
        checking = check(request_for(self.config), Question(since=str(since) if since else None))
        high = [each for each in checking.findings if each.counts and each.risk is Risk.HIGH]
        _refuse([f"{each.span}: {each.code} {each.name}\n  {each.message}" for each in high])


def _refuse(reasons: Sequence[str]) -> None:
    """Fails with these words and nothing else; passes without any."""
    if reasons:
        pytest.fail("\n".join(reasons), pytrace=False)


def _common_folder(config: pytest.Config) -> Path | None:
    """A folder that all workers of this run have in common, and no other user; `None` without workers."""
    if not hasattr(config, "workerinput"):
        return None
    # pytest-xdist's own way, which a fixture would have: a worker's folder stands in the run's.
    factory: Any = getattr(config, "_tmp_path_factory")  # noqa: B009 - private to type checkers only
    return Path(factory.getbasetemp()).parent


def _speaks_against(code: str, proof: str) -> bool:
    if proof == "data-kept":
        return code in _DATA
    if proof == "second-run":
        return code in _AGAIN
    return code not in _DATA and code not in _AGAIN and code not in ("MA970", "MA945", "MA950")


def _chosen(config: pytest.Config, project: Project) -> tuple[RevisionId, ...]:
    since = config.getoption("--midair-since")
    if not since:
        return tuple(each.revision for each in project.migrations)
    from midair.pipeline.changed_files import changed_files

    changes = changed_files(project.root, str(since))
    new = changes.added | changes.changed
    return tuple(each.revision for each in project.migrations if each.span.path in new)


@dataclass(frozen=True)
class Migrator:
    """Moves a throwaway database up and down the project's migrations, and looks into it."""

    opened: Opened

    def up_to(self, revision: str = "heads") -> None:
        """Applies everything up to and with this one."""
        from midair.model.migration import Direction
        from midair.pipeline.flying import flown
        from midair.pipeline.plan import planned
        from midair.pipeline.trial import Silent

        flown(self.opened, planned(self.opened, revision, Direction.UP), Silent())

    def down_to(self, revision: str) -> None:
        """Takes back everything after this one; `base` takes back all."""
        from midair.model.migration import Direction
        from midair.pipeline.flying import flown
        from midair.pipeline.plan import planned
        from midair.pipeline.trial import Silent

        made = planned(self.opened, revision, Direction.DOWN, keep_target=revision != "base")
        flown(self.opened, made, Silent())

    def insert(self, table: str, **values: Any) -> None:
        """One row, its values by column."""
        from midair.model.statement import Sql, quoted

        columns = ", ".join(quoted(each) for each in values)
        marks = ", ".join(["%s"] * len(values))
        text = f"INSERT INTO {quoted(*table.split('.'))} ({columns}) VALUES ({marks})"
        self.opened.session.run([Sql(text, tuple(values.values()))], atomic=True)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """All rows of a table, these columns or all of them, in the order they were put in."""
        from midair.model.statement import quoted

        chosen = ", ".join(quoted(each) for each in columns) or "*"
        return self.opened.session.query(f"SELECT {chosen} FROM {quoted(*table.split('.'))} ORDER BY ctid")

    @property
    def session(self) -> Session:
        """The session itself, for anything else."""
        return self.opened.session


@pytest.fixture(scope="session")
def midair_project(pytestconfig: pytest.Config) -> Project:
    """The project whose migrations are proven."""
    from midair.pipeline.opening import open_project

    return open_project(request_for(pytestconfig))[1]


@pytest.fixture(scope="session")
def midair_server(pytestconfig: pytest.Config) -> Generator[Stage]:
    """A throwaway server, one a process (so one an xdist worker)."""
    from midair.pipeline.stage import stage

    with stage(request_for(pytestconfig), from_empty=True) as here:
        yield here


@pytest.fixture
def midair_migrator(midair_server: Stage) -> Generator[Migrator]:
    """An empty database that moves up and down."""
    with midair_server.opened() as opened:
        yield Migrator(opened)


@pytest.fixture
def midair_database(midair_migrator: Migrator) -> Address:
    """The address of a fresh database at the newest migration."""
    midair_migrator.up_to("heads")
    return midair_migrator.opened.session.address
