"""What `check` knows beside the migrations: files that changed with them, the tool's own settings."""

from pathlib import Path

from tests.support.folders import committed, written

import midair
from midair.analysis.options import Options
from midair.pipeline.check import Question, check

ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);\n"


def test_code_changed_with_a_migration_that_breaks_it_is_seen_in_git(tmp_path: Path) -> None:
    written(tmp_path, {"migrations/1_orders.up.sql": ORDERS})
    committed(tmp_path)
    drop = "ALTER TABLE orders DROP COLUMN note;\n"
    written(tmp_path, {"migrations/2_drop.up.sql": drop, "cart.go": "package cart\n"})
    found = check(midair.Request(tmp_path), Question(since="main", options=Options(select=("MA710",))))
    assert [str(each.span) for each in found.findings if each.code == "MA710"] == [
        "migrations/2_drop.up.sql:1"
    ]


def test_flyways_own_setting_says_whether_its_lock_stops_a_concurrent_build(tmp_path: Path) -> None:
    files = {
        "flyway.conf": "flyway.locations=filesystem:sql\n",
        "sql/V1__orders.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n",
        "sql/V2__index.sql": "CREATE INDEX CONCURRENTLY orders_total ON orders (total);\n",
    }
    found = check(midair.Request(written(tmp_path, files)), Question())
    assert [str(each.span) for each in found.findings if each.code == "MA523"] == ["sql/V2__index.sql:1"]
    written(tmp_path, {"flyway.conf": files["flyway.conf"] + "flyway.postgresql.transactional.lock=false\n"})
    assert "MA523" not in [each.code for each in check(midair.Request(tmp_path), Question()).findings]
