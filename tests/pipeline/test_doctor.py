"""`doctor` names what is wrong, and the command it gives mends it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.projects import numbered_project

import midair
from midair.database import Guard, Session, open_session
from midair.errors import StatementFailed
from midair.model.address import Address
from midair.model.ailment import Ailment
from midair.model.statement import Sql

_SICK = """
CREATE TABLE orders (id serial PRIMARY KEY, total int);
INSERT INTO orders (total) SELECT 1 FROM generate_series(1, 9);
ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 5) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT midair_nn_orders_total CHECK (total IS NOT NULL) NOT VALID;
CREATE SEQUENCE midair_seq_orders_x;
SELECT setval('orders_id_seq', 2000000000);
"""


@pytest.fixture
def request_(tmp_path: Path, database: Address) -> midair.Request:
    return midair.Request(numbered_project(tmp_path, 1), url=url_of(database))


def _kinds(found: tuple[Ailment, ...]) -> list[str]:
    return [each.kind for each in found]


def test_a_healthy_database_has_nothing(request_: midair.Request) -> None:
    assert midair.doctor(request_) == ()


def test_what_it_says_to_do_mends_it(request_: midair.Request, session: Session) -> None:
    session.run([Sql(_SICK)], atomic=False)
    with pytest.raises(StatementFailed):
        session.run([Sql("CREATE UNIQUE INDEX CONCURRENTLY u ON orders (total)")], atomic=False)
    found = midair.doctor(request_)
    assert _kinds(found) == ["invalid index", "leftover", "leftover", "not validated", "sequence"]
    for each in found:
        sql = [command for command in each.mend if not command.startswith("midair")]
        # Duplicates keep the index from being built again, so it goes; a sequence needs both commands.
        chosen = sql[-1:] if each.kind == "invalid index" else sql
        session.run([Sql(text) for text in chosen], atomic=False)
    assert midair.doctor(request_) == ()


def test_the_twin_of_an_index_on_out_of_line_values_is_named_by_its_table_and_goes(
    request_: midair.Request, session: Session, database: Address
) -> None:
    session.run(
        [Sql("CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1)")],
        atomic=False,
    )
    holder = open_session(database, Guard(), "batch")
    holder.run([Sql("BEGIN"), Sql("UPDATE notes SET id = 1")], atomic=False)
    session.run([Sql("SET statement_timeout = 300")], atomic=False)
    with pytest.raises(StatementFailed):
        session.run([Sql("REINDEX TABLE CONCURRENTLY notes")], atomic=False)
    holder.close()
    found = midair.doctor(request_)
    assert [each.what.split(" on ")[1] for each in found] == ["notes costs writes and helps no query"] * 2
    for each in found:
        session.run([Sql(each.mend[0])], atomic=False)
    assert midair.doctor(request_) == ()


def test_it_shows_who_waits_for_whom_as_a_tree(
    request_: midair.Request, session: Session, database: Address
) -> None:
    session.run([Sql("CREATE TABLE orders (id int)")], atomic=False)
    holder, middle, last = (open_session(database, Guard(), name) for name in ("batch", "ddl", "web"))
    holder.run([Sql("BEGIN"), Sql("SELECT * FROM orders")], atomic=False)
    waiters = [
        threading.Thread(target=lambda: middle.run([Sql("DROP TABLE orders")], atomic=False)),
        threading.Thread(target=lambda: _ignore(lambda: last.query("SELECT * FROM orders"))),
    ]
    for number, thread in enumerate(waiters, 1):
        thread.start()
        while session.query("SELECT count(*) FROM pg_locks WHERE NOT granted") != [(number,)]:
            pass
    (found,) = midair.doctor(request_)
    assert found.kind == "blocker"
    assert "batch, idle in transaction" in found.what
    assert "2 wait behind it" in found.what
    assert ["ddl" in found.detail[0], "web" in found.detail[1]] == [True, True]
    session.query(found.mend[0])
    for thread in waiters:
        thread.join()
    for each in (holder, middle, last):
        each.close()


def _ignore(do: Callable[[], object]) -> None:
    with suppress(StatementFailed):  # the table is gone by then
        do()
