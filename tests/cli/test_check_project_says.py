"""What the project tells `check`: names, busy tables, an address that is a pooler's, a program that imports models."""

from pathlib import Path

import pytest

from tests.cli.in_process import Ran, midair
from tests.sources.alembic.projects import revision, write_project
from tests.support.folders import written

ORDERS = {
    "migrations/1_orders.up.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n",
    "migrations/1_orders.down.sql": "DROP TABLE orders;\n",
}


def _check(root: Path, *words: str) -> Ran:
    return midair(root, "check", *words)


def test_patterns_of_names_turn_their_rule_on(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            **ORDERS,
            "migrations/2_index.up.sql": "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n",
            "migrations/2_index.down.sql": "DROP INDEX CONCURRENTLY orders_note;\n",
            "midair.toml": '[rules.names]\nindex = "ix_.*"\n',
        },
    )
    assert "MA822 naming-convention\n  the index orders_note is not ix_.*" in _check(root).stdout


def test_a_pattern_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    root = written(tmp_path, {**ORDERS, "midair.toml": '[rules.names]\nindex = "ix_("\n'})
    ran = _check(root)
    assert ran.returncode == 2
    assert "midair.toml:2 'ix_(' is no pattern" in ran.stderr


def test_a_table_the_project_calls_busy_is_told_of(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            **ORDERS,
            "migrations/2_remark.up.sql": "ALTER TABLE orders ADD COLUMN remark text;\n",
            "migrations/2_remark.down.sql": "ALTER TABLE orders DROP COLUMN remark;\n",
            "midair.toml": '[rules]\nbusy_tables = ["orders"]\n',
        },
    )
    assert (
        "MA145 high-traffic-table\n  orders is busy, and this takes ACCESS EXCLUSIVE" in _check(root).stdout
    )


@pytest.mark.parametrize(("port", "found"), [(6432, True), (5432, False)])
def test_session_settings_are_a_finding_behind_a_pooler(tmp_path: Path, port: int, found: bool) -> None:
    root = written(
        tmp_path,
        {**ORDERS, "migrations/2_set.up.sql": "SET lock_timeout = '2s';\n", "migrations/2_set.down.sql": ""},
    )
    ran = midair(root, "check", "2", variables={"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{port}/none"})
    assert "MA509" in ran.stdout
    assert ("MA520" in ran.stdout) is found


def test_a_revision_that_imports_a_model_is_told_of_on_that_line(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"a": revision("a", "None", "from shop.models import Order")})
    ran = _check(root, "--no-exec")
    assert "migrations/versions/a.py:10: medium MA707 orm-model-in-migration" in ran.stdout
    assert 'Order = sa.table("order", sa.column("id"))' in ran.stdout
