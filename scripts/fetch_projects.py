#!/usr/bin/env python3
"""Brings pinned public projects into $MIDAIR_PEERS/projects, for tests that run somebody else's migrations.

Python projects become virtual environments (through uv, itself installed from the package index); the
SQL inside two wheels is laid out as projects of the SQL-file tools. Nothing of it is ever committed, and a
second run does nothing. A project that cannot be had is named and left out; its tests say so and skip.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
UV = "uv==0.9.9"


@dataclass(frozen=True, slots=True)
class PythonProject:
    """A virtual environment: what it installs in full, and what it takes without the dependencies."""

    name: str
    requires: tuple[str, ...]
    bare: tuple[str, ...] = ()


PYTHON_PROJECTS = (
    PythonProject("prefect", ("prefect==3.8.8", "psycopg2-binary")),
    PythonProject("airflow", ("apache-airflow-core==3.3.2", "psycopg2-binary", "asyncpg")),
    PythonProject("mlflow", ("mlflow-skinny==3.17.2", "sqlalchemy", "alembic", "psycopg2-binary")),
    PythonProject(
        "optuna",
        ("alembic", "sqlalchemy", "numpy", "colorlog", "tqdm", "packaging", "PyYAML", "psycopg2-binary"),
        bare=("optuna==5.0.0",),
    ),
)

# With its default lock, a transaction held open, Flyway waits for itself at CREATE INDEX CONCURRENTLY.
FLYWAY_CONF = "flyway.locations=filesystem:sql\nflyway.postgresql.transactional.lock=false\n"

LITELLM = "litellm-proxy-extras==0.4.110"
PROCRASTINATE = "procrastinate==3.10.0"


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One migration of a wheel: its place in the order (from 1), its title and its text."""

    number: int
    title: str
    text: str

    @property
    def alone(self) -> bool:
        """Whether the file holds a statement PostgreSQL refuses inside a transaction block."""
        code = "\n".join(line for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        return re.search(r"\bINDEX\s+CONCURRENTLY\b", code, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class GitProject:
    """SQL files of a public repository, taken from a local copy of it when there is one."""

    name: str
    tool: str
    repository: str
    commit: str
    folder: str


GIT_PROJECTS = (
    GitProject(
        "harbor",
        "golang-migrate",
        "goharbor+harbor",
        "c50c7ddd6ea4e335a480b49c618281882ab7eec9",
        "make/migrations/postgresql",
    ),
    GitProject(
        "cwa-server",
        "flyway",
        "corona-warn-app+cwa-server",
        "c61d55f6f83b6d005cb6aca9e9b455afac572d72",
        "common/persistence/src/main/resources/db",
    ),
    GitProject(
        "kestra",
        "flyway",
        "kestra-io+kestra",
        "58c1ca2d0589c888328bacc3ee65e65dc4ba0a6a",
        "jdbc-postgres/src/main/resources/migrations/postgres",
    ),
)


@dataclass(frozen=True, slots=True)
class PublishedSchema:
    """A format's schema in its publisher's repository; reports are held against it."""

    name: str
    repository: str
    commit: str
    path: str


PUBLISHED_SCHEMAS = (
    PublishedSchema(
        "sarif-schema-2.1.0.json",
        "oasis-tcs+sarif-spec",
        "e0583813964ec43cea53b6b531b402866095ed1f",
        "sarif-2.1/schema/sarif-schema-2.1.0.json",
    ),
    PublishedSchema(
        "junit-10.xsd",
        "jenkinsci+xunit-plugin",
        "8c515de2804b3fd591a3b0f1ff8908a1b1a41887",
        "src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd",
    ),
)


@dataclass(frozen=True, slots=True)
class Changelog:
    """A Liquibase changelog of a public repository: its resource folders, laid over one another as on a class path."""

    name: str
    repository: str
    commit: str
    resources: tuple[str, ...]
    inside: str
    """The folder below each of them that holds the changelog."""


CHANGELOGS = (
    Changelog(
        "fineract",
        "apache+fineract",
        "4198b0bcf9a94e1c7aa0f386317ba71f40ceb1d9",
        tuple(
            f"fineract-{part}/src/main/resources"
            for part in ("provider", "loan", "investor", "branch", "savings")
        ),
        "db/changelog",
    ),
    Changelog(
        "gravitee",
        "gravitee-io+gravitee-api-management",
        "2b94b4c9f09374d5692a3467efc03fb05a352983",
        ("gravitee-apim-repository/gravitee-apim-repository-jdbc/src/main/resources",),
        "liquibase",
    ),
)


@dataclass(frozen=True, slots=True)
class Claims:
    """What another checker says is dangerous: files of its repository, under their own names."""

    name: str
    repository: str
    commit: str
    files: str


CLAIMS = (
    Claims(
        "squawk",
        "sbdchd+squawk",
        "5125ddf5ad42c85e6ed90173ff084e9866daeb85",
        "crates/squawk_linter/src/rules/",
    ),
    Claims(
        "strong_migrations",
        "ankane+strong_migrations",
        "c5461acb3856c21f8fa78398e1de417b01818e51",
        "README.md",
    ),
)


def main() -> int:
    """Bring everything, or the projects named on the command line."""
    arguments = read_arguments()
    projects = arguments.peers / "projects"
    projects.mkdir(parents=True, exist_ok=True)
    wanted = frozenset(arguments.only)
    missing: list[str] = []
    for name, bring in steps(arguments.peers, projects, arguments.git_copies):
        if wanted and name not in wanted:
            continue
        try:
            print(f"{name}: {'brought' if bring() else 'already there'}")
        except (subprocess.CalledProcessError, OSError) as failure:
            missing.append(f"SKIPPED {name}: {reason(failure)}")
    print("\n".join(missing), file=sys.stderr)
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = Path(os.environ.get("MIDAIR_PEERS", REPOSITORY / ".peers"))
    parser.add_argument("--peers", type=Path, default=default, help="where to put it (default: %(default)s)")
    parser.add_argument(
        "--git-copies",
        type=Path,
        help="folder of local git copies, owner+name/repo each, for the public repositories",
    )
    parser.add_argument("only", nargs="*", help="names of projects (default: all)")
    arguments = parser.parse_args()
    arguments.peers = arguments.peers.resolve()
    return arguments


def steps(peers: Path, projects: Path, git_copies: Path | None):
    """Each project's name with the function that brings it."""
    for project in PYTHON_PROJECTS:
        yield project.name, lambda project=project: bring_python(project, peers, projects)
    yield "litellm", lambda: bring_sql(projects / "litellm", LITELLM, litellm_files, peers)
    yield (
        "procrastinate",
        lambda: bring_sql(projects / "procrastinate", PROCRASTINATE, procrastinate_files, peers),
    )
    for project in GIT_PROJECTS:
        if git_copies is not None or (projects / project.name).exists():
            yield project.name, lambda project=project: bring_git(project, git_copies, projects)
    if git_copies is not None or (projects / "schemas").exists():
        yield "schemas", lambda: bring_schemas(git_copies, projects / "schemas")
    for changelog in CHANGELOGS:
        if git_copies is not None or (projects / changelog.name).exists():
            yield (
                changelog.name,
                lambda changelog=changelog: bring_changelog(changelog, git_copies, projects),
            )
    for claims in CLAIMS:
        if git_copies is not None or (projects / claims.name).exists():
            yield claims.name, lambda claims=claims: bring_claims(claims, git_copies, projects)


def reason(failure: Exception) -> str:
    text = getattr(failure, "stderr", None) or str(failure)
    return text.strip().splitlines()[-1][:300]


# --- Python projects -------------------------------------------------------------------------------------


def bring_python(project: PythonProject, peers: Path, projects: Path) -> bool:
    folder = projects / project.name
    done = folder / "installed"
    pins = "\n".join((*project.requires, *project.bare))
    if done.is_file() and done.read_text() == pins:
        return False
    uv = uv_of(peers)
    interpreter = folder / ".venv" / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder / ".venv")
    install = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", interpreter)
    run(*install, *project.requires)
    if project.bare:
        run(*install, "--no-deps", *project.bare)
    done.write_text(pins)
    return True


def uv_of(peers: Path) -> Path:
    home = peers / "uv-venv"
    uv = home / "bin" / "uv"
    if not uv.is_file():
        run(sys.executable, "-m", "venv", home)
        run(home / "bin" / "pip", "install", "--quiet", UV)
    return uv


# --- SQL inside wheels -----------------------------------------------------------------------------------


def bring_sql(
    folder: Path, requirement: str, files_of: Callable[[zipfile.ZipFile], Iterator[SqlFile]], peers: Path
) -> bool:
    done = folder / "laid-out"
    if done.is_file() and done.read_text() == requirement:
        return False
    uv_of(peers)
    with tempfile.TemporaryDirectory() as downloads:
        pip = peers / "uv-venv" / "bin" / "pip"
        run(pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", downloads, requirement)
        (wheel,) = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            files = tuple(files_of(archive))
    shutil.rmtree(folder, ignore_errors=True)
    lay_out_flyway(folder / "flyway", files)
    lay_out_golang_migrate(folder / "golang-migrate", files)
    lay_out_dbmate(folder / "dbmate", files)
    lay_out_goose(folder / "goose", files)
    done.write_text(requirement)
    return True


def litellm_files(archive: zipfile.ZipFile) -> Iterator[SqlFile]:
    """Folders `<timestamp>_<title>/migration.sql`; some timestamps occur twice, so they are renumbered."""
    names = sorted(name for name in archive.namelist() if name.endswith("/migration.sql"))
    for number, name in enumerate(names, start=1):
        title = name.split("/")[-2].partition("_")[2]
        yield SqlFile(number, file_title(title), archive.read(name).decode())


def procrastinate_files(archive: zipfile.ZipFile) -> Iterator[SqlFile]:
    """Files `<version>_<nn>_<title>.sql` in text order."""
    names = sorted(name for name in archive.namelist() if re.search(r"/sql/migrations/.*\.sql$", name))
    for number, name in enumerate(names, start=1):
        yield SqlFile(number, file_title(Path(name).stem.replace(".", "_")), archive.read(name).decode())


def file_title(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def lay_out_flyway(folder: Path, files: tuple[SqlFile, ...]) -> None:
    for file in files:
        write(folder / "sql" / f"V{file.number}__{file.title}.sql", file.text)
    write(folder / "flyway.conf", FLYWAY_CONF)


def lay_out_golang_migrate(folder: Path, files: tuple[SqlFile, ...]) -> None:
    for file in files:
        write(folder / "migrations" / f"{file.number:06}_{file.title}.up.sql", file.text)


def lay_out_dbmate(folder: Path, files: tuple[SqlFile, ...]) -> None:
    for file in files:
        option = " transaction:false" if file.alone else ""
        text = f"-- migrate:up{option}\n{file.text.rstrip()}\n\n-- migrate:down\n"
        write(folder / "db" / "migrations" / f"{file.number:06}_{file.title}.sql", text)


def lay_out_goose(folder: Path, files: tuple[SqlFile, ...]) -> None:
    """Whole files as one statement: their authors did not put a semicolon at the end of a line everywhere."""
    for file in files:
        head = "-- +goose NO TRANSACTION\n" if file.alone else ""
        body = f"-- +goose StatementBegin\n{file.text.rstrip()}\n-- +goose StatementEnd\n"
        text = f"{head}-- +goose Up\n{body}\n-- +goose Down\n"
        write(folder / "migrations" / f"{file.number:05}_{file.title}.sql", text)


# --- SQL of public repositories ---------------------------------------------------------------------------


def bring_git(project: GitProject, git_copies: Path | None, projects: Path) -> bool:
    folder = projects / project.name / project.tool
    if folder.is_dir() or git_copies is None:
        return False
    git = ("git", "--git-dir", git_copies / project.repository / "repo")
    listing = run(*git, "ls-tree", "-r", "--name-only", project.commit, "--", project.folder + "/").decode()
    inside = "sql" if project.tool == "flyway" else "migrations"
    for name in listing.splitlines():
        blob = run(*git, "show", f"{project.commit}:{name}")
        target = folder / inside / name.removeprefix(project.folder + "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(blob)
    if project.tool == "flyway":
        write(folder / "flyway.conf", FLYWAY_CONF)
    return True


def bring_schemas(git_copies: Path | None, folder: Path) -> bool:
    missing = [each for each in PUBLISHED_SCHEMAS if not (folder / each.name).is_file()]
    if not missing or git_copies is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        copy = git_copies / each.repository / "repo"
        (folder / each.name).write_bytes(run("git", "--git-dir", copy, "show", f"{each.commit}:{each.path}"))
    return True


def bring_changelog(changelog: Changelog, git_copies: Path | None, projects: Path) -> bool:
    folder = projects / changelog.name / "liquibase"
    if folder.is_dir() or git_copies is None:
        return False
    git = ("git", "--git-dir", git_copies / changelog.repository / "repo")
    for resources in changelog.resources:
        start = f"{resources}/{changelog.inside}/"
        listing = run(*git, "ls-tree", "-r", "--name-only", changelog.commit, "--", start).decode()
        for name in listing.splitlines():
            target = folder / changelog.inside / name.removeprefix(start)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(run(*git, "show", f"{changelog.commit}:{name}"))
    return True


def bring_claims(claims: Claims, git_copies: Path | None, projects: Path) -> bool:
    folder = projects / claims.name
    if folder.is_dir() or git_copies is None:
        return False
    git = ("git", "--git-dir", git_copies / claims.repository / "repo")
    listing = run(*git, "ls-tree", "-r", "--name-only", claims.commit, "--", claims.files).decode()
    for name in listing.splitlines():
        if name.endswith((".rs", ".md")):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / Path(name).name).write_bytes(run(*git, "show", f"{claims.commit}:{name}"))
    return True


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*command: object) -> bytes:
    """Run a command; its standard output.

    Raises: CalledProcessError with the command's standard error as text.
    """
    try:
        return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout
    except subprocess.CalledProcessError as failure:
        failure.stderr = failure.stderr.decode(errors="replace")
        raise


if __name__ == "__main__":
    raise SystemExit(main())
