"""A migration that is a program runs on the target: what others would wait for apart from it, and it survives kill -9."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.conftest import url_of
from tests.sources.alembic.projects import alembic, opened, revision, run_sql, write_project
from tests.support.fly import fly
from tests.support.state import dump, journal_of

import midair
from midair.database import Guard, open_session
from midair.model.address import Address
from midair.model.statement import Sql
from midair.rehearsal.server import Server

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
    alembic(root, first, "upgrade", "a")
    run_sql(
        first,
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


def test_a_program_killed_at_any_event_is_taken_past_what_it_did_and_ends_as_the_tool_would(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server)
    expected = by_the_tool(root, server, fresh())
    killed = 0
    address = fresh()
    for event in (3, 5, 8, 9):  # one after the other on one database: each goes on where the last one fell
        code, said = fly(root, address, strategy="online", dies_at=event, wait_s=30).landed()
        if code == 0:
            break
        assert code == -signal.SIGKILL, said
        killed += 1
        standing = midair.status(request_for(root, address))
        assert standing.half_done or killed == 1
    code, said = fly(root, address, strategy="online", wait_s=30).landed()
    assert (code, killed > 1) == (0, True), said
    assert dump(server.bin, address) == expected
    assert journal_of(address)[0] == []
    assert kept_beside(address) == []
