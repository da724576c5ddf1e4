"""Projects of any length, the same changes in each tool's own format."""

from collections.abc import Iterator
from pathlib import Path


def changes(count: int) -> Iterator[tuple[int, str]]:
    """Small migrations: one in five makes a table, the others add columns, an index and a row to it."""
    for number in range(1, count + 1):
        table = f"t{(number - 1) // 5:05}"
        yield (
            number,
            (
                f"CREATE TABLE {table} (id bigint PRIMARY KEY, name text NOT NULL, created_at timestamptz DEFAULT now());",
                f"ALTER TABLE {table} ADD COLUMN note text;",
                f"CREATE INDEX {table}_name ON {table} (name);",
                f"INSERT INTO {table} (id, name) VALUES (1, 'first; of all');",
                f"ALTER TABLE {table} ADD COLUMN total integer NOT NULL DEFAULT 0;",
            )[(number - 1) % 5],
        )


def statements(count: int) -> Iterator[str]:
    """Statements of everyday migrations, harmless and harmful ones; nine of ten are about the table that the file before made."""
    for number in range(count):
        new, table = f"t{number // 10 + 1:05}", f"t{number // 10:05}"
        yield (
            f"CREATE TABLE {new} (id bigint PRIMARY KEY, name text NOT NULL, created_at timestamptz DEFAULT now());",
            f"ALTER TABLE {table} ADD COLUMN note text;",
            f"CREATE INDEX {table}_name ON {table} (name);",
            f"INSERT INTO {table} (id, name) VALUES (1, 'first; of all');",
            f"ALTER TABLE {table} ADD COLUMN total integer NOT NULL DEFAULT 0;",
            f"UPDATE {table} SET note = 'none' WHERE note IS NULL;",
            f"ALTER TABLE {table} ALTER COLUMN note SET NOT NULL;",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_total CHECK (total >= 0);",
            f"COMMENT ON COLUMN {table}.note IS 'what people said';",
            f"ALTER TABLE {table} ALTER COLUMN total TYPE bigint;",
        )[number % 10]


def statement_files(folder: Path, count: int, per_file: int = 10) -> tuple[str, ...]:
    """A Flyway project of `count` statements; its files' paths from the folder, in their order."""
    write(folder / "flyway.conf", "flyway.locations=filesystem:sql\n")
    every = tuple(statements(count))
    names: list[str] = []
    for start in range(0, count, per_file):
        names.append(f"sql/V{start // per_file + 1}__change.sql")
        write(folder / names[-1], "\n".join(every[start : start + per_file]) + "\n")
    return tuple(names)


def tables(count: int) -> int:
    """How many tables the first `count` changes leave."""
    return (count + 4) // 5


def flyway(folder: Path, count: int) -> None:
    write(folder / "flyway.conf", "flyway.locations=filesystem:sql\n")
    for number, text in changes(count):
        write(folder / "sql" / f"V{number}__change.sql", text + "\n")


def golang_migrate(folder: Path, count: int) -> None:
    for number, text in changes(count):
        write(folder / "migrations" / f"{number:06}_change.up.sql", text + "\n")


def dbmate(folder: Path, count: int) -> None:
    for number, text in changes(count):
        write(
            folder / "db" / "migrations" / f"{number:06}_change.sql",
            f"-- migrate:up\n{text}\n-- migrate:down\n",
        )


def goose(folder: Path, count: int) -> None:
    for number, text in changes(count):
        write(folder / "migrations" / f"{number:06}_change.sql", f"-- +goose Up\n{text}\n-- +goose Down\n")


def plain(folder: Path, count: int) -> None:
    for number, text in changes(count):
        write(folder / f"{number:06}.sql", text + "\n")


def alembic(folder: Path, count: int) -> None:
    """The database comes from the environment, so that one project serves many databases."""
    write(folder / "alembic.ini", "[alembic]\nscript_location = %(here)s/alembic\n")
    write(folder / "alembic" / "env.py", _ENV)
    write(folder / "alembic" / "script.py.mako", "")
    for number, text in changes(count):
        down = repr(f"r{number - 1:06}") if number > 1 else None
        write(
            folder / "alembic" / "versions" / f"r{number:06}_change.py",
            _REVISION.format(number=number, down=down, text=text.rstrip(";")),
        )


_ENV = """import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["BENCH_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

_REVISION = '''"""change"""

from alembic import op

revision = "r{number:06}"
down_revision = {down}


def upgrade():
    op.execute("{text}")


def downgrade():
    pass
'''


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
