"""Folders of three real tools that share one database, and what each tool itself says about it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios.world import World
from tests.peers.commands import Answer, run
from tests.peers.places import PEERS


@dataclass(frozen=True)
class Tool:
    """`lay_out` writes these migrations, all of them, into the folder; `content` asks the real tool: is everything applied?

    `up` runs the pending ones as the tool itself does. `revision` gives the name of the migration with this number.
    """

    name: str
    lay_out: Callable[[Path, tuple[str, ...], str], None]
    up: Callable[[Path, World], Answer]
    content: Callable[[Path, World, int], str]
    revision: Callable[[int], str]


def installed() -> bool:
    """Whether the real tools are here (scripts/install_peers.sh)."""
    return all((PEERS / "bin" / name).exists() for name in ("flyway", "migrate"))


def _golang_layout(folder: Path, migrations: tuple[str, ...], _url: str) -> None:
    for number, sql in enumerate(migrations, 1):
        _write(folder / "migrations" / f"{number:06d}_m{number}.up.sql", sql + "\n")


def _golang(folder: Path, here: World, *words: str) -> Answer:
    url = f"{here.tcp}?sslmode=disable"
    return run(PEERS / "bin" / "migrate", "-path", folder / "migrations", "-database", url, *words)


def _golang_content(folder: Path, here: World, count: int) -> str:
    version, up = _golang(folder, here, "version"), _golang(folder, here, "up")
    said = f"{version.text.strip()}; {up.text.strip()}"
    return "" if said == f"{count}; no change" else said


_FLYWAY_CONF = """flyway.locations=filesystem:sql
flyway.baselineOnMigrate=true
flyway.baselineVersion=0
flyway.postgresql.transactional.lock=false
"""


def _flyway_layout(folder: Path, migrations: tuple[str, ...], _url: str) -> None:
    _write(folder / "flyway.conf", _FLYWAY_CONF)
    for number, sql in enumerate(migrations, 1):
        _write(folder / "sql" / f"V{number}__m{number}.sql", sql + "\n")


def _flyway(folder: Path, here: World, *words: str) -> Answer:
    address = f"-url=jdbc:{here.tcp.replace('postgres@', '')}"
    return run(PEERS / "bin" / "flyway", address, "-user=postgres", *words, folder=folder)


def _flyway_content(folder: Path, here: World, count: int) -> str:
    said = _flyway(folder, here, "validate", "info")
    states = [line.split("|")[0] for line in said.text.splitlines() if line.count("|") == 3]
    if said.exit_code == 0 and states == ["Baseline", *["Success"] * count]:
        return ""
    return said.text[-600:]


_ENV = """from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
_REVISION = '''"""{number}"""

from alembic import op

revision = "a{number:03}"
down_revision = {parent!r}


def upgrade():
    op.execute("{sql}")
'''


def _alembic_layout(folder: Path, migrations: tuple[str, ...], url: str) -> None:
    address = url.replace("postgresql://", "postgresql+psycopg://")
    _write(
        folder / "alembic.ini", f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {address}\n"
    )
    _write(folder / "alembic" / "env.py", _ENV)
    for number, sql in enumerate(migrations, 1):
        parent = f"a{number - 1:03}" if number > 1 else None
        text = _REVISION.format(number=number, parent=parent, sql=sql)
        _write(folder / "alembic" / "versions" / f"a{number:03}.py", text)


def _alembic(folder: Path, _here: World, *words: str) -> Answer:
    return run(sys.executable, "-m", "alembic", *words, folder=folder)


def _alembic_content(folder: Path, here: World, count: int) -> str:
    said = _alembic(folder, here, "current", "--check-heads").text
    return "" if f"a{count:03} (head)" in said else said[-600:]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


TOOLS = (
    Tool("golang-migrate", _golang_layout, lambda folder, here: _golang(folder, here, "up"), _golang_content, str),
    Tool("alembic", _alembic_layout, lambda folder, here: _alembic(folder, here, "upgrade", "head"), _alembic_content, lambda number: f"a{number:03}"),
    Tool("flyway", _flyway_layout, lambda folder, here: _flyway(folder, here, "migrate"), _flyway_content, str),
)  # fmt: skip
