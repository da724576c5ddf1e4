"""One env.py, several databases (Alembic's `multidb` template): each is a target of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import Unsupported
from midair.model.address import Address, Product
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.listening import Remembering

from .projects import Fresh

BODIES = """
def upgrade_orders():
    op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))
    op.execute("INSERT INTO orders VALUES (1)")


def downgrade_orders():
    op.drop_table('orders')


def upgrade_people():
    op.create_table('people', sa.Column('name', sa.Text))


def downgrade_people():
    op.drop_table('people')
"""
HEAD = """
import sqlalchemy as sa
from alembic import op

revision = 'a'
down_revision = None


def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()
"""


def _project(root: Path, orders: str, people: str) -> Path:
    """As the real `alembic init --template multidb` makes it, with two databases named."""
    root.mkdir()
    subprocess.run(
        [sys.executable, "-m", "alembic", "init", "--template", "multidb", "migrations"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    ini = (root / "alembic.ini").read_text()
    kept = ini.partition("databases = engine1, engine2")[0]
    loggers = "[loggers]" + ini.partition("[loggers]")[2]
    (root / "alembic.ini").write_text(
        f"{kept}databases = orders, people\n\n[orders]\nsqlalchemy.url = {orders}\n\n[people]\nsqlalchemy.url = {people}\n\n{loggers}"
    )
    (root / "migrations" / "versions" / "a.py").write_text(HEAD + BODIES)
    return root


def _sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def _tables(address: Address) -> list[str]:
    session = open_session(address, Guard(), "test")
    try:
        return _names(session)
    finally:
        session.close()


def _names(session: Session) -> list[str]:
    catalog = (
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        if session.product is Product.POSTGRESQL
        else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'midair%' AND name NOT LIKE 'sqlite%' ORDER BY 1"
    )
    return [str(row[0]) for row in session.query(catalog)]


def test_each_database_gets_its_own_half_up_and_down(tmp_path: Path, server: Server) -> None:
    scratch = Fresh(server, tmp_path)
    with scratch.database(Product.POSTGRESQL) as orders, scratch.database(Product.POSTGRESQL) as people:
        root = _project(
            tmp_path / "shop", "postgresql+psycopg://x@x.invalid/o", "postgresql+psycopg://x@x.invalid/p"
        )
        for address, name in ((orders, "orders"), (people, "people")):
            request = midair.Request(
                root,
                url=url_of(address),
                tool_options={"database": name},
                variables=dict(os.environ),
                python=sys.executable,
            )
            assert midair.apply(request, Remembering()).revisions == 1
            assert _tables(address) == sorted(["alembic_version", name])
            midair.rollback(request, Remembering())
            assert _tables(address) == ["alembic_version"]


def test_the_ini_section_of_the_chosen_database_names_the_target_and_alembic_finds_nothing_to_do(
    tmp_path: Path,
) -> None:
    orders, people = tmp_path / "orders.db", tmp_path / "people.db"
    root = _project(tmp_path / "shop", _sqlite(orders), _sqlite(people))
    for name in ("orders", "people"):
        request = midair.Request(
            root, tool_options={"database": name}, variables=dict(os.environ), python=sys.executable
        )
        assert midair.apply(request, Remembering()).revisions == 1
    assert _tables(Address(Product.SQLITE, str(orders))) == ["alembic_version", "orders"]
    assert _tables(Address(Product.SQLITE, str(people))) == ["alembic_version", "people"]
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Running upgrade" not in ran.stderr


def test_without_a_choice_the_names_are_told(tmp_path: Path) -> None:
    root = _project(tmp_path / "shop", _sqlite(tmp_path / "o.db"), _sqlite(tmp_path / "p.db"))
    request = midair.Request(
        root,
        url=url_of(Address(Product.SQLITE, str(tmp_path / "target.db"))),
        variables=dict(os.environ),
        python=sys.executable,
    )
    with pytest.raises(Unsupported, match="orders, people") as refused:
        midair.plan(request)
    assert refused.value.hint is not None
    assert 'database = "…"' in refused.value.hint


def test_a_database_nobody_names_is_told(tmp_path: Path) -> None:
    root = _project(tmp_path / "shop", _sqlite(tmp_path / "o.db"), _sqlite(tmp_path / "p.db"))
    request = midair.Request(
        root,
        url=url_of(Address(Product.SQLITE, str(tmp_path / "target.db"))),
        tool_options={"database": "stock"},
        variables=dict(os.environ),
        python=sys.executable,
    )
    with pytest.raises(Unsupported, match="none is called stock"):
        midair.plan(request)
