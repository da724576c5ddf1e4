"""Writes small Alembic projects as a team would have them."""

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from midair.database import Guard, Session, open_session
from midair.model.address import Address, Product
from midair.model.migration import Applied, Direction, Migration, Script
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from midair.sources.source import Options, Project, Scripts, Work
from midair.sources.tools.alembic import SOURCE

ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection{options})
    with context.begin_transaction():
        context.run_migrations()
"""
INI = "[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\nsqlalchemy.url = {url}\n"
UNREACHABLE = "postgresql+psycopg://nobody:hunter2@nowhere.invalid/production"


def revision(name: str, down: str, up: str = "pass", back: str = "pass", extra: str = "") -> str:
    """A revision file; `down` is Python text (`None`, `"'a'"`, `"('a', 'b')"`)."""
    body, way_back = up.strip().replace("\n", "\n    "), back.strip().replace("\n", "\n    ")
    return (
        f'"""{name} does something"""\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = {name!r}\ndown_revision = {down}\n{extra}\n\n"
        f"def upgrade():\n    {body}\n\n\ndef downgrade():\n    {way_back}\n"
    )


def write_project(
    root: Path,
    revisions: dict[str, str],
    *,
    url: str = UNREACHABLE,
    env: str | None = None,
    options: str = "",
) -> Path:
    """`alembic.ini`, `migrations/env.py` and one file a revision, named after its key."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(INI.format(url=url))
    (root / "migrations" / "env.py").write_text(env if env is not None else ENV.format(options=options))
    (root / "migrations" / "script.py.mako").write_text(
        '"""${message}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\n\n'
        "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
    )
    for name, text in revisions.items():
        (versions / f"{name}.py").write_text(text)
    return root


def read_project(root: Path, product: Product = Product.POSTGRESQL, **tool: str) -> Project:
    """The project as `midair` reads it."""
    found = next(iter(SOURCE.recognises(root, {})))
    return SOURCE.read(found, options_of(product, **tool))


def options_of(product: Product = Product.POSTGRESQL, **tool: str) -> Options:
    """Our own interpreter, which has Alembic."""
    return Options(variables=dict(os.environ), tool=tool, python=sys.executable, product=product)


@dataclass(frozen=True)
class Fresh:
    """`Scratch` on the tests' server, or on files in a folder."""

    server: Server | None
    folder: Path

    @contextmanager
    def database(self, product: Product) -> Generator[Address]:
        name = f"scratch_{uuid4().hex[:10]}"
        if product is Product.SQLITE:
            yield Address(product, str(self.folder / f"{name}.db"))
            return
        assert self.server is not None
        yield self.server.create(name)


def scripts_of(
    project: Project,
    scratch: Fresh,
    product: Product = Product.POSTGRESQL,
    direction: Direction = Direction.UP,
    migrations: Sequence[Migration] | None = None,
    applied: tuple[Applied, ...] = (),
) -> Scripts:
    """All migrations of the project (backwards when down), captured."""
    every = project.migrations if direction is Direction.UP else project.migrations[::-1]
    work = Work(tuple(every if migrations is None else migrations), direction, applied, product)
    return SOURCE.scripts(project, work, scratch, options_of(product))


def shape_of(script: Script) -> list[tuple[bool, list[str]]]:
    """Blocks as `(atomic, ["line sql", …])`, blanks made single."""
    return [
        (block.atomic, [f"{each.span.line} {' '.join(each.sql.split())}" for each in block.statements])
        for block in script.blocks
    ]


def replay(project: Project, scripts: Scripts, session: Session, direction: Direction = Direction.UP) -> None:
    """Runs captured statements with the history's own marks, as the executor does."""
    every = project.migrations if direction is Direction.UP else project.migrations[::-1]
    chosen = [each for each in every if each.revision in scripts.by_revision]
    applied = project.history.read(session)
    write = project.history.record if direction is Direction.UP else project.history.forget
    session.run(project.history.create(session), atomic=True)
    for migration, marks in zip(chosen, write(session, chosen, applied), strict=True):
        for block in scripts.by_revision[migration.revision].blocks:
            for batch in [block.statements] if block.atomic else [(each,) for each in block.statements]:
                session.run(batch, atomic=block.atomic)
        session.run(marks.within, atomic=True)


def alembic(root: Path, address: Address, *words: str) -> str:
    """The real tool, on this database."""
    target = (
        f"sqlite:///{address.database}"
        if address.product is Product.SQLITE
        else f"postgresql+psycopg://{address.user}@/{address.database}?host={address.host}"
    )
    text = (root / "alembic.ini").read_text()
    (root / "real.ini").write_text(
        "".join(
            f"sqlalchemy.url = {target}\n" if line.startswith("sqlalchemy.url") else line
            for line in text.splitlines(keepends=True)
        )
    )
    command = [sys.executable, "-m", "alembic", "-c", "real.ini", *words]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def table_of(session: Session) -> list[str]:
    """The rows of alembic_version."""
    return sorted(str(row[0]) for row in session.query("SELECT version_num FROM alembic_version"))


def opened(address: Address) -> Session:
    """A session of a test's own."""
    return open_session(address, Guard(), "midair tests")


def run_sql(address: Address, *texts: str) -> None:
    """Our own SQL, each committed."""
    session = opened(address)
    for text in texts:
        session.run([Sql(text)], atomic=False)
    session.close()
