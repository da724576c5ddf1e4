"""The real Flyway, 13 and 9, beside this source: the same rows, the same states, and each goes on from the other."""

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from midair.database import Guard, open_session
from midair.model.address import Address, Product
from midair.model.migration import Direction, Standing, State
from midair.model.statement import Sql
from midair.sources.source import Options, Work
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.local import FlywayProject, flyway_project
from midair.sources.tools.flyway.states import standings
from tests.peers.commands import Answer, run
from tests.peers.databases import Cluster, cluster
from tests.peers.places import peer

from .projects import write
from .test_scripts import NoScratch

pytestmark = pytest.mark.peers

ROWS = (
    "SELECT installed_rank, version, description, type, script, checksum, installed_by, success"
    " FROM flyway_schema_history ORDER BY installed_rank"
)
CONF = "flyway.locations=filesystem:sql\nflyway.placeholders.env=dev\n"
PROJECT = {
    "flyway.conf": CONF,
    "sql/V1__init.sql": "create table t (id int);\n",
    "sql/y/V1_1__More stuff.sql": "\ufeffinsert into t values (1);\r\n",
    "sql/V002.sql": "create table u (id int);",
    "sql/V3__.sql": "-- nothing\n",
    "sql/R__v.sql": "-- ${env}\ninsert into t values (7);",
    "sql/R__b.sql": "select 1;",
    "sql/beforeMigrate.sql": "select 1;",
    "sql/afterEachMigrate.sql": "insert into t values (99);",
    "sql/README.sql": "x",
}


@pytest.fixture(scope="module")
def java_reachable() -> Generator[Cluster]:
    with cluster() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Side:
    """One database, and the project in one folder, seen by both tools."""

    program: Path
    root: Path
    address: Address
    jdbc: tuple[str, ...]

    def flyway(self, *words: str) -> Answer:
        return run(self.program, *self.jdbc, *words, folder=self.root)

    def project(self) -> FlywayProject:
        found = next(iter(SOURCE.recognises(self.root, {})))
        return flyway_project(SOURCE.read(found, Options(product=self.address.product)))

    def rows(self) -> list[tuple[object, ...]]:
        session = open_session(self.address, Guard(), "midair tests")
        try:
            return session.query(ROWS)
        finally:
            session.close()

    def run(self, sql: str) -> None:
        session = open_session(self.address, Guard(), "midair tests")
        session.run([Sql(sql)], atomic=True)
        session.close()

    def midair(self) -> None:
        """Runs what is pending, each migration with its row."""
        project = self.project()
        session = open_session(self.address, Guard(), "midair tests")
        try:
            applied = project.history.read(session)
            judged = SOURCE.compare(project, applied)
            chosen = tuple(
                each.migration for each in judged if each.migration and each.state is State.PENDING
            )
            marks = project.history.record(session, chosen, applied)
            work = Work(chosen, Direction.UP, applied, session.product)
            scripts = SOURCE.scripts(project, work, NoScratch(), Options())
            session.run(project.history.create(session), atomic=True)
            for migration, mark in zip(chosen, marks, strict=True):
                statements = scripts.by_revision[migration.revision].statements
                session.run((*statements, *mark.within), atomic=True)
        finally:
            session.close()

    def agree(self) -> None:
        """Both tools say the same state of every migration."""
        session = open_session(self.address, Guard(), "midair tests")
        project = self.project()
        ours = sorted(_line(each) for each in standings(project, project.history.read(session)))
        session.close()
        said = self.flyway("info").ok().text
        assert ours == sorted(line for line in said.splitlines() if line.count("|") == 3)


def _line(standing: Standing) -> str:
    row, migration = standing.applied, standing.migration
    unversioned = standing.revision.startswith("R:") or (row is not None and row.kind == "SCHEMA")
    version = "null" if unversioned else standing.revision.removeprefix("B:")
    description = row.description if row else migration.description if migration else ""
    checksum = row.checksum if row else migration.checksum if migration else None
    return f"{standing.word}|{version}|{description}|{checksum or 'null'}"


@pytest.fixture(params=["flyway", "flyway9"])
def program(request: pytest.FixtureRequest) -> Path:
    return peer(request.param)


@pytest.fixture(params=["postgresql", "sqlite"])
def side(request: pytest.FixtureRequest, program: Path, tmp_path: Path) -> Callable[[], Side]:
    root = tmp_path / "project"
    root.mkdir()
    made: list[Side] = []

    def fresh() -> Side:
        if request.param == "sqlite":
            path = tmp_path / f"{len(made)}.db"
            made.append(
                Side(program, root, Address(Product.SQLITE, str(path)), (f"-url=jdbc:sqlite:{path}",))
            )
        else:
            running: Cluster = request.getfixturevalue("java_reachable")
            base = running.database()
            address = Address(Product.POSTGRESQL, base.name, base.host, 5432, "postgres")
            url = f"-url=jdbc:postgresql://{base.host}:5432/{base.name}"
            made.append(Side(program, root, address, (url, "-user=postgres")))
        return made[-1]

    return fresh


def change(root: Path, files: Mapping[str, str | None]) -> None:
    """Writes files; `None` removes one."""
    for name, text in files.items():
        if text is None:
            os.unlink(root / name)
    write(root, {name: text for name, text in files.items() if text is not None})


def test_midair_writes_the_rows_flyway_writes_and_flyway_finds_nothing_to_do(
    side: Callable[[], Side],
) -> None:
    reference, ours = side(), side()
    write(reference.root, PROJECT)
    reference.flyway("migrate").ok()
    ours.midair()
    assert ours.rows() == reference.rows()
    assert "migrated 0" in ours.flyway("validate", "migrate").ok().text
    ours.agree()


def test_both_say_the_same_through_a_projects_life(side: Callable[[], Side]) -> None:
    base = side()
    write(base.root, PROJECT)
    base.agree()
    base.flyway("migrate").ok()
    edited = "create table t (id int); -- edited"
    change(base.root, {"sql/V1__init.sql": edited, "sql/V5__e.sql": "select 1;", "sql/R__v.sql": "select 2;"})
    base.agree()
    base.flyway("-validateOnMigrate=false", "migrate").ok()
    base.agree()
    change(base.root, {"sql/V4__late.sql": "select 1;"})
    base.agree()
    change(base.root, {"sql/V4__late.sql": None, "sql/V002.sql": None, "sql/R__b.sql": None})
    base.agree()
    change(base.root, {"sql/V5__e.sql": None})
    base.agree()
    base.flyway("repair").ok()
    base.agree()
    change(base.root, {"sql/V002.sql": "create table u (id int);"})
    base.agree()


def test_both_say_the_same_after_work_out_of_order(side: Callable[[], Side]) -> None:
    base = side()
    write(base.root, {"flyway.conf": CONF, "sql/V1__a.sql": "select 1;", "sql/V3__c.sql": "select 1;"})
    base.flyway("migrate").ok()
    change(base.root, {"sql/V2__b.sql": "select 1;"})
    base.flyway("-outOfOrder=true", "migrate").ok()
    base.agree()


def test_both_take_the_same_baseline_file(side: Callable[[], Side]) -> None:
    reference, ours = side(), side()
    files = {f"sql/{name}__x.sql": "select 1;" for name in ("V1", "V2", "V3", "B1", "B2")}
    write(reference.root, {"flyway.conf": CONF, **files})
    reference.agree()
    reference.flyway("migrate").ok()
    ours.midair()
    assert ours.rows() == reference.rows()
    ours.agree()


def test_both_baseline_the_same_on_a_database_in_use(side: Callable[[], Side]) -> None:
    reference, ours = side(), side()
    conf = CONF + "flyway.baselineOnMigrate=true\n"
    write(reference.root, {"flyway.conf": conf, "sql/V1__a.sql": "select 1;", "sql/V2__b.sql": "select 1;"})
    for each in (reference, ours):
        each.run("CREATE TABLE pet (id integer)")
    reference.flyway("migrate").ok()
    ours.midair()
    assert ours.rows() == reference.rows()
    ours.agree()


def test_flyway_goes_on_after_midairs_repair(side: Callable[[], Side]) -> None:
    base = side()
    files = {"sql/V1__a.sql": "select 1;", "sql/V2__b.sql": "select 2;", "sql/V3__c.sql": "select 3;"}
    write(base.root, {"flyway.conf": CONF, **files})
    base.flyway("migrate").ok()
    change(base.root, {"sql/V1__a.sql": "select 11;", "sql/V2__b.sql": None, "sql/V4__d.sql": "select 4;"})
    assert base.flyway("validate").exit_code == 1
    assert SOURCE.repair is not None
    session = open_session(base.address, Guard(), "midair tests")
    project = base.project()
    pairs = SOURCE.repair(session, project, project.history.read(session))
    session.run([sql for _, sql in pairs], atomic=True)
    session.close()
    assert "migrated 1" in base.flyway("migrate", "validate").ok().text
    base.agree()


def test_flyway_reads_on_after_midair_took_a_migration_back(side: Callable[[], Side]) -> None:
    base = side()
    files = {"sql/V1__a.sql": "create table a (id int);", "sql/V2__b.sql": "create table b (id int);"}
    write(base.root, {"flyway.conf": CONF, **files, "sql/U2__b.sql": "drop table b;"})
    base.flyway("migrate").ok()
    session = open_session(base.address, Guard(), "midair tests")
    project = base.project()
    applied = project.history.read(session)
    last = project.migrations[-1:]
    marks = project.history.forget(session, last, applied)
    scripts = SOURCE.scripts(
        project, Work(last, Direction.DOWN, applied, session.product), NoScratch(), Options()
    )
    session.run((*scripts.by_revision[last[0].revision].statements, *marks[0].within), atomic=True)
    session.close()
    base.agree()
    assert "migrated 1" in base.flyway("migrate", "validate").ok().text
