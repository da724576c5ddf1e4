"""Online plans rehearsed: their steps traced, both ends compared with the run as written, the application's statements per phase."""

from collections.abc import Sequence
from pathlib import Path

import midair
from midair.database import Session
from midair.model.statement import Span, Sql, Statement
from midair.model.trace import Rehearsed
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.listening import Remembering

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint NOT NULL, total numeric NOT NULL DEFAULT 0, note text
);
"""


def project(root: Path, *changes: tuple[str, str]) -> Path:
    folder = root / "migrations"
    folder.mkdir()
    for number, (up, down) in enumerate(((_SHOP, "DROP TABLE orders, customers;"), *changes), 1):
        (folder / f"{number:06d}_m{number}.up.sql").write_text(up)
        (folder / f"{number:06d}_m{number}.down.sql").write_text(down)
    return root


def rehearsed(root: Path, server: Server, session: Session, *queries: str) -> Rehearsed:
    """On a target that holds the first migration and many orders."""
    request = midair.Request(
        root, url=url_of(session.address), scratch_url=url_of(server.admin), strategy="online"
    )
    midair.apply(request, Remembering(), "1")
    rows = (
        "INSERT INTO orders (customer, note) SELECT g, repeat('x', 200) FROM generate_series(1, 20000) AS g"
    )
    session.run([Sql(rows), Sql("ANALYZE orders")], atomic=False)
    asked = tuple(Statement(sql, Span("app.sql", line)) for line, sql in enumerate(queries, 1))
    return midair.rehearse(request, midair.Trial(queries=asked))


def proofs(found: Rehearsed, revision: str | None) -> dict[str, bool | None]:
    return {each.name: each.passed for each in found.proofs if each.revision == revision}


def levels(found: Rehearsed, words: str) -> Sequence[tuple[str, str]]:
    step = next(each for each in found.steps if words in each.title)
    return [(name, str(level)) for name, level in step.sighting.locks]


def test_the_steps_apply_would_run_are_traced_and_leave_what_the_migrations_as_written_leave(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = project(
        tmp_path,
        ("CREATE INDEX orders_total ON orders (total);", "DROP INDEX orders_total;"),
        (
            "ALTER TABLE orders ADD CHECK (total >= 0);",
            "ALTER TABLE orders DROP CONSTRAINT orders_total_check;",
        ),
        ("UPDATE orders SET note = upper(note) WHERE note <> upper(note);", "SELECT 1;"),
    )
    found = rehearsed(root, server, session)
    assert found.strategy == "online"
    assert [f"{each.code} {each.message}" for each in found.findings if each.code != "MA925"] == []
    titles = [each.title for each in found.steps]
    assert any("CONCURRENTLY" in each for each in titles), titles
    assert any("NOT VALID" in each for each in titles)
    assert any("VALIDATE" in each for each in titles)
    assert levels(found, "CONCURRENTLY") in ([("orders", "SHARE UPDATE EXCLUSIVE")], [])
    assert ("orders", "ACCESS EXCLUSIVE") in levels(found, "NOT VALID")
    assert levels(found, "VALIDATE") == [("orders", "SHARE UPDATE EXCLUSIVE")]
    assert any("UPDATE orders" in each for each in titles)
    assert all(not each.surprises for each in found.steps)
    for revision in (None, "2", "3"):
        assert proofs(found, revision)["online: same as written"] is True
    assert proofs(found, "2")["online: down"] is True
    plan = midair.plan(
        midair.Request(root, url=url_of(session.address), scratch_url=url_of(server.admin), strategy="online")
    )
    assert found.plan_digest == plan.digest
    assert session.query("SELECT count(*) FROM midair.run") == [(1,)]


def test_a_rename_is_expanded_taken_back_and_contracted_and_each_phase_says_which_statements_still_work(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = project(
        tmp_path,
        (
            "ALTER TABLE orders RENAME COLUMN note TO remark;",
            "ALTER TABLE orders RENAME COLUMN remark TO note;",
        ),
    )
    found = rehearsed(
        root,
        server,
        session,
        "SELECT note FROM orders WHERE id = $1",
        "SELECT total FROM orders",
        "SELECT gone FROM orders",
    )
    told = {(each.code, each.message.partition(" ")[0]) for each in found.findings}
    assert told == {("MA981", "app.sql:1"), ("MA982", "app.sql:3")}, found.findings
    tried = proofs(found, "2")
    assert {name for name in tried if name.startswith("online")} == {
        "online: expand", "online: back before contract", "online: expand again", "online: contract",
        "online: same as written", "online: down", "online: up again",
    }  # fmt: skip
    assert all(tried.values()), tried
    assert all(proofs(found, None).values())


def test_a_small_table_is_worked_on_as_written_and_so_are_its_steps(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = project(
        tmp_path, ("CREATE INDEX customers_email ON customers (email);", "DROP INDEX customers_email;")
    )
    found = rehearsed(root, server, session)
    assert found.findings == ()
    assert [each.title for each in found.steps] == ["CREATE INDEX customers_email ON customers (email)"]


def test_what_online_refuses_is_a_finding_with_the_migration_it_is_about(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = project(
        tmp_path,
        (
            "ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders ALTER COLUMN remark TYPE varchar(999);",
            "ALTER TABLE orders ALTER COLUMN remark TYPE text; ALTER TABLE orders RENAME COLUMN remark TO note;",
        ),
    )
    found = rehearsed(root, server, session)
    assert {(each.code, each.revision) for each in found.findings} == {("MA971", "2")}, found.findings
    assert not found.passed
