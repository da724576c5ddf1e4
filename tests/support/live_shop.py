"""A small Alembic project whose last revision reads rows, and databases at the revision before it."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import midair
from midair.database import Guard, open_session
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.sources.alembic.projects import alembic, opened, revision, run_sql, write_project
from tests.support.state import dump

USERS = revision(
    "a",
    "None",
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text), sa.Column('n', sa.Integer))",
    "op.drop_table('users')",
)
SLUGS = """conn = op.get_bind()
names = conn.execute(sa.text("SELECT id, name FROM users WHERE n % 100 = 0 ORDER BY id")).fetchall()
op.add_column('users', sa.Column('slug', sa.Text))
for id, name in names:
    conn.execute(sa.text("UPDATE users SET slug = :slug WHERE id = :id"), {"slug": name + "%", "id": id})
op.execute("UPDATE users SET slug = lower(name) WHERE slug IS NULL")
if conn.execute(sa.text("SELECT count(*) AS \\"how many\\" FROM users WHERE slug IS NULL")).scalar() == 0:
    op.create_index('users_slug', 'users', ['slug'])
    op.alter_column('users', 'slug', nullable=False)
op.create_table('slugged', sa.Column('at', sa.Integer))
op.execute("INSERT INTO slugged SELECT count(*) FROM users")"""
ROWS = 3000


def shop(root: Path, server: Server, body: str = SLUGS) -> tuple[Path, Callable[[], Address]]:
    """The project, and fresh databases at its first revision with rows."""
    write_project(root, {"a": USERS, "b": revision("b", "'a'", body)})
    template = f"live_{uuid4().hex[:10]}"
    first = server.create(template)
    run_sql(  # what `alembic upgrade a` leaves, without a process for it
        first,
        "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('a')",
        "CREATE TABLE users (id serial PRIMARY KEY, name text, n integer)",
        f"INSERT INTO users SELECT i, 'Name ' || i, i FROM generate_series(1, {ROWS}) i",
        "ANALYZE users",
    )

    def fresh() -> Address:
        name = f"live_{uuid4().hex[:10]}"
        admin = open_session(server.admin, Guard(), "midair tests")
        admin.run([Sql(f"CREATE DATABASE {name} TEMPLATE {template}")], atomic=False)
        admin.close()
        return server.at(name)

    return root, fresh


def request_for(root: Path, address: Address) -> midair.Request:
    return midair.Request(
        root, url=url_of(address), variables=dict(os.environ), strategy="online", small_table_bytes=0
    )


def by_the_tool(root: Path, server: Server, address: Address) -> str:
    alembic(root, address, "upgrade", "head")
    return dump(server.bin, address)


def kept_beside(address: Address) -> list[tuple[object, ...]]:
    session = opened(address)
    try:
        return session.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'midair'::regnamespace AND relname LIKE 'read%'"
        )
    finally:
        session.close()
