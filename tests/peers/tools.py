"""Each real tool: how a project of it looks, how to run it, and what it calls a database in good order."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .commands import run
from .databases import Database, SQLite
from .places import peer
from .shop import CHANGES, Change, write


@dataclass(frozen=True, slots=True)
class Tool:
    """One real tool.

    `lay_out(folder, database, count)` makes the project's first `count` migrations (more on a second call);
    `up` and `down` run all pending ones and undo the newest; `content` fails unless the tool itself says that
    exactly `count` migrations are applied and nothing is wrong. `history` selects the rows of its own table
    without times and durations.
    """

    name: str
    lay_out: Callable[[Path, Database, int], None]
    up: Callable[[Path, Database], None]
    content: Callable[[Path, Database, int], None]
    history: str
    down: Callable[[Path, Database], None] | None = None
    program: str | None = None

    def ready(self) -> None:
        """Skips the test when the tool is not installed."""
        if self.program:
            peer(self.program)


def _changes(database: Database, count: int) -> list[tuple[int, Change]]:
    return list(enumerate(CHANGES[database.product][:count], start=1))


# --- Flyway ----------------------------------------------------------------------------------------------


def jdbc(database: Database) -> tuple[str, ...]:
    """The address as Flyway's arguments."""
    if isinstance(database, SQLite):
        return (f"-url=jdbc:sqlite:{database.path}",)
    return (f"-url=jdbc:postgresql://{database.host}:5432/{database.name}", "-user=postgres")


# With its default lock, which is a transaction held open, Flyway waits for itself at CREATE INDEX CONCURRENTLY.
_FLYWAY_CONF = """flyway.locations=filesystem:sql
flyway.placeholders.owner=nobody
flyway.postgresql.transactional.lock=false
"""


def _flyway_layout(folder: Path, database: Database, count: int) -> None:
    write(folder / "flyway.conf", _FLYWAY_CONF)
    for number, change in _changes(database, count):
        write(folder / "sql" / f"V{number}__{change.title}.sql", change.up + "\n")
        write(folder / "sql" / f"U{number}__{change.title}.sql", change.down + "\n")


def _flyway(program: str) -> Tool:
    def up(folder: Path, database: Database) -> None:
        run(peer(program), *jdbc(database), "migrate", folder=folder).ok()

    def content(folder: Path, database: Database, count: int) -> None:
        said = run(peer(program), *jdbc(database), "validate", "info", folder=folder).ok().text
        states = [line.split("|")[0] for line in said.splitlines() if line.count("|") == 3]
        assert states == ["Success"] * count, said

    return Tool(
        program,
        _flyway_layout,
        up,
        content,
        "SELECT installed_rank, version, description, type, script, checksum, installed_by, success"
        " FROM flyway_schema_history ORDER BY installed_rank",
        program=program,
    )


# --- golang-migrate ----------------------------------------------------------------------------------------


def golang_url(database: Database) -> str:
    """The address as golang-migrate's `-database`."""
    return f"sqlite://{database.path}" if isinstance(database, SQLite) else f"{database.url}?sslmode=disable"


def _migrate(folder: Path, database: Database, *words: str) -> str:
    return (
        run(peer("migrate"), "-path", folder / "migrations", "-database", golang_url(database), *words)
        .ok()
        .text
    )


def _golang_layout(folder: Path, database: Database, count: int) -> None:
    for number, change in _changes(database, count):
        stem = f"{number:03}_{change.title}"
        write(folder / "migrations" / f"{stem}.up.sql", change.up)
        write(folder / "migrations" / f"{stem}.down.sql", change.down)


def _golang_content(folder: Path, database: Database, count: int) -> None:
    assert _migrate(folder, database, "version").strip() == str(count)
    assert "no change" in _migrate(folder, database, "up")


# --- dbmate ------------------------------------------------------------------------------------------------


def _dbmate(folder: Path, database: Database, *words: str) -> str:
    url = f"sqlite:{database.path}" if isinstance(database, SQLite) else f"{database.url}?sslmode=disable"
    return (
        run(peer("dbmate"), "--no-dump-schema", *words, folder=folder, variables={"DATABASE_URL": url})
        .ok()
        .text
    )


def _dbmate_layout(folder: Path, database: Database, count: int) -> None:
    for number, change in _changes(database, count):
        option = " transaction:false" if change.alone else ""
        text = f"-- migrate:up{option}\n{change.up}\n\n-- migrate:down{option}\n{change.down}\n"
        write(folder / "db" / "migrations" / f"{number:03}_{change.title}.sql", text)


def _dbmate_content(folder: Path, database: Database, count: int) -> None:
    said = _dbmate(folder, database, "status")
    assert f"Applied: {count}" in said, said
    assert "Pending: 0" in said, said


# --- goose -------------------------------------------------------------------------------------------------


def _goose(folder: Path, database: Database, *words: str) -> str:
    address = ("sqlite3", database.path) if isinstance(database, SQLite) else ("postgres", database.url)
    return run(peer("goose"), "-dir", folder / "migrations", *address, *words).ok().text


def _goose_layout(folder: Path, database: Database, count: int) -> None:
    for number, change in _changes(database, count):
        head = "-- +goose NO TRANSACTION\n" if change.alone else ""
        text = f"{head}-- +goose Up\n{_goose_body(change.up)}\n-- +goose Down\n{_goose_body(change.down)}"
        write(folder / "migrations" / f"{number:05}_{change.title}.sql", text)


def _goose_body(text: str) -> str:
    """The statements; one whole block where semicolons end lines inside a body."""
    if "BEGIN\n" in text or "; " in text:
        return f"-- +goose StatementBegin\n{text}\n-- +goose StatementEnd\n"
    return text + "\n"


def _goose_content(folder: Path, database: Database, count: int) -> None:
    said = _goose(folder, database, "status")
    assert "Pending" not in said, said
    assert f"no migrations to run. current version: {count}" in _goose(folder, database, "up")


# --- Alembic -----------------------------------------------------------------------------------------------

_ENV = '''"""Runs the migrations on the database of the configuration."""

from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration={per_migration})
    with context.begin_transaction():
        context.run_migrations()
'''

_REVISION = '''"""{title}"""

from alembic import op

revision = "{revision}"
down_revision = {parent!r}


def upgrade():
{up}

def downgrade():
{down}'''


def _alembic_layout(per_migration: bool) -> Callable[[Path, Database, int], None]:
    def lay_out(folder: Path, database: Database, count: int) -> None:
        # psycopg 3 by name: what a bare postgresql:// means differs between SQLAlchemy versions.
        url = database.url.replace("postgresql://", "postgresql+psycopg://")
        ini = f"[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {url}\n"
        write(folder / "alembic.ini", ini)
        write(folder / "alembic" / "env.py", _ENV.format(per_migration=per_migration))
        write(folder / "alembic" / "script.py.mako", _MAKO)
        parent = None
        for number, change in _changes(database, count):
            revision = f"a{number:03}"
            text = _REVISION.format(
                title=change.title,
                revision=revision,
                parent=parent,
                up=_alembic_body(change.up, alone=change.alone),
                down=_alembic_body(change.down, alone=change.alone),
            )
            write(folder / "alembic" / "versions" / f"{revision}_{change.title}.py", text)
            parent = revision

    return lay_out


_MAKO = '''"""${message}"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


def _alembic_body(text: str, *, alone: bool) -> str:
    if alone:
        return f'    with op.get_context().autocommit_block():\n        op.execute("""{text}""")\n'
    # SQLite's driver takes one statement at a time; blank-free bodies are kept whole.
    statements = [text] if "BEGIN\n" in text else [part for part in text.split(";\n") if part]
    if "$touch$;\n" in text:
        head, tail = text.split("$touch$;\n")
        statements = [f"{head}$touch$", tail]
    return "".join(f'    op.execute("""{statement}""")\n' for statement in statements)


def _alembic(folder: Path, *words: str) -> str:
    return run(sys.executable, "-m", "alembic", *words, folder=folder).ok().text


def _alembic_content(folder: Path, database: Database, count: int) -> None:
    said = _alembic(folder, "current", "--check-heads")
    assert f"a{count:03} (head)" in said, said


def _alembic_tool(name: str, *, per_migration: bool) -> Tool:
    return Tool(
        name,
        _alembic_layout(per_migration),
        lambda folder, database: (_alembic(folder, "upgrade", "head"), None)[1],
        _alembic_content,
        "SELECT version_num FROM alembic_version ORDER BY 1",
        down=lambda folder, database: (_alembic(folder, "downgrade", "-1"), None)[1],
    )


TOOLS = (
    _alembic_tool("alembic", per_migration=False),
    _alembic_tool("alembic_per_migration", per_migration=True),
    _flyway("flyway"),
    _flyway("flyway9"),
    Tool(
        "golang_migrate",
        _golang_layout,
        lambda folder, database: (_migrate(folder, database, "up"), None)[1],
        _golang_content,
        "SELECT version, dirty FROM schema_migrations ORDER BY 1",
        down=lambda folder, database: (_migrate(folder, database, "down", "1"), None)[1],
        program="migrate",
    ),
    Tool(
        "dbmate",
        _dbmate_layout,
        lambda folder, database: (_dbmate(folder, database, "migrate"), None)[1],
        _dbmate_content,
        "SELECT version FROM schema_migrations ORDER BY 1",
        down=lambda folder, database: (_dbmate(folder, database, "rollback"), None)[1],
        program="dbmate",
    ),
    Tool(
        "goose",
        _goose_layout,
        lambda folder, database: (_goose(folder, database, "up"), None)[1],
        _goose_content,
        "SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id",
        down=lambda folder, database: (_goose(folder, database, "down"), None)[1],
        program="goose",
    ),
)
