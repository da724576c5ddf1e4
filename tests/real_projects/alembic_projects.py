"""Four public Alembic projects: how each is set up, and how far back its own downgrades reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.peers.commands import Answer, run
from tests.peers.databases import Database, SQLite
from tests.peers.places import public_project
from tests.peers.shop import write

_LOGGING = """
[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARN
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(levelname)s %(message)s
"""


@dataclass(frozen=True, slots=True)
class AlembicProject:
    """One project.

    `scripts` is its migration folder inside its site-packages; `scheme` the SQLAlchemy scheme per product;
    `variable` the environment variable its env.py takes the database from, if not the ini; `prepare` what its
    application does to an empty database before the first migration; `way_back` how far its own downgrades
    reach per product, found with the real tool; `env` an env.py of ours where its own only runs inside
    its application; `upgrade` the command its users type.
    """

    name: str
    scripts: str
    scheme: Mapping[str, str]
    way_back: Mapping[str, str]
    variable: str | None = None
    prepare: Callable[["AlembicProject", Database], None] | None = None
    env: str | None = None
    versions: Mapping[str, str] | None = None
    upgrade: tuple[str, ...] = ("alembic", "upgrade", "heads")

    def home(self) -> Path:
        """Its virtual environment's folder; skips the test when it was not brought."""
        return public_project(self.name)

    @property
    def python(self) -> Path:
        return self.home() / ".venv" / "bin" / "python"

    def packages(self) -> Path:
        (folder,) = (self.home() / ".venv" / "lib").glob("python*/site-packages")
        return folder

    def url(self, database: Database) -> str:
        scheme = self.scheme[database.product]
        if isinstance(database, SQLite):
            return f"{scheme}:///{database.path}"
        return database.url.replace("postgresql", scheme, 1)

    def variables(self, database: Database, folder: Path) -> dict[str, str]:
        """What the application's environment would hold."""
        given = {self.variable: self.url(database)} if self.variable else {}
        return given | {"AIRFLOW_HOME": str(folder / "airflow"), "PREFECT_HOME": str(folder / "prefect")}

    def lay_out(self, folder: Path, database: Database) -> Path:
        """A folder with the alembic.ini that a team running this project by hand would have."""
        scripts = self.packages() / self.scripts
        location = folder / "alembic" if self.env else scripts
        lines = ["[alembic]", f"script_location = {location}", "path_separator = os"]
        lines.append(f"sqlalchemy.url = {self.url(database)}")
        if self.versions:
            lines.append(f"version_locations = {scripts / self.versions[database.product]}")
        write(folder / "alembic.ini", "\n".join(lines) + "\n" + _LOGGING)
        if self.env:
            write(folder / "alembic" / "env.py", self.env.format(env=scripts / "env.py"))
            write(folder / "alembic" / "script.py.mako", (scripts / "script.py.mako").read_text())
        return folder

    def ready(self, folder: Path, database: Database) -> None:
        """Does to the empty database what the application does before its first migration."""
        self.lay_out(folder, database)
        if self.prepare:
            self.prepare(self, database)

    def revisions(self, folder: Path, database: Database) -> int:
        """How many migrations it has, as its own Alembic counts them."""
        lines = self.alembic(folder, database, "history").ok().text.splitlines()
        return sum(" -> " in line for line in lines)

    def up(self, folder: Path, database: Database) -> None:
        """All of them, by the command its users type."""
        program, *words = self.upgrade
        run(
            self.python.with_name(program), *words, folder=folder, variables=self.variables(database, folder)
        ).ok()

    def alembic(self, folder: Path, database: Database, *words: str) -> Answer:
        """The project's own Alembic."""
        program = self.python.with_name("alembic")
        return run(program, *words, folder=folder, variables=self.variables(database, folder))


def _mlflow_tables(project: AlembicProject, database: Database) -> None:
    code = (
        "import sys; from sqlalchemy import create_engine;"
        "from mlflow.store.tracking.dbmodels.initial_models import Base;"
        "Base.metadata.create_all(create_engine(sys.argv[1]))"
    )
    run(project.python, "-c", code, project.url(database)).ok()


_IN_A_WORKER_THREAD = '''"""Runs the application's env.py where it expects to be: in a worker thread of a running event loop."""

import runpy

import anyio
import anyio.to_thread


async def migrate():
    await anyio.to_thread.run_sync(runpy.run_path, "{env}")


anyio.run(migrate)
'''

_PSYCOPG2 = {"postgresql": "postgresql+psycopg2", "sqlite": "sqlite"}

PROJECTS = (
    AlembicProject(
        "optuna",
        "optuna/storages/_rdb/alembic",
        _PSYCOPG2,
        way_back={"postgresql": "v3.0.0.c", "sqlite": "v3.0.0.c"},
    ),
    AlembicProject(
        "mlflow",
        "mlflow/store/db_migrations",
        _PSYCOPG2,
        way_back={"postgresql": "2b4d017a5e9b", "sqlite": "c8d9e0f1a2b3"},
        prepare=_mlflow_tables,
    ),
    AlembicProject(
        "airflow",
        "airflow/migrations",
        _PSYCOPG2,
        way_back={"postgresql": "4bc4d934e2bc", "sqlite": "4bc4d934e2bc"},
        variable="AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    ),
    AlembicProject(
        "prefect",
        "prefect/server/database/_migrations",
        {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"},
        way_back={"postgresql": "base", "sqlite": "base"},
        variable="PREFECT_API_DATABASE_CONNECTION_URL",
        env=_IN_A_WORKER_THREAD,
        versions={"postgresql": "versions/postgresql", "sqlite": "versions/sqlite"},
        upgrade=("prefect", "server", "database", "upgrade", "-y"),
    ),
)
