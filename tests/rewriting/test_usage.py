"""What the server remembers of the application decides which recipe can be taken, and whether one can."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering

import midair
from midair.dialects.postgresql.usage import usage_of, usages_of
from midair.errors import NotOnline
from midair.model.statement import Sql
from midair.rehearsal.server import throwaway_server


def test_each_kind_of_statement_is_told_from_its_tree() -> None:
    found = usages_of(
        [
            "INSERT INTO orders VALUES ($1, $2)",
            "insert into orders (id, note) values ($1, 'INSERT INTO lines VALUES (1)')",
            "COPY app.orders FROM STDIN",
            "COPY lines (id) TO STDOUT",
            "SELECT o.* FROM marks o WHERE id = $1",
            "SELECT ctid FROM spots",
            "SELECT pg_get_serial_sequence('counted', 'id')",
            "TRUNCATE emptied",
            "SELECT count(*) FROM quiet",
            "SELECT cut off FROM (",
        ]
    )
    assert usage_of("orders", found).positional == ("INSERT INTO orders VALUES ($1, $2)",)
    assert usage_of("app.orders", found).positional == (
        "COPY app.orders FROM STDIN",
        "INSERT INTO orders VALUES ($1, $2)",
    )
    assert usage_of("lines", found).physical == ("COPY lines (id) TO STDOUT",)
    assert usage_of("marks", found).stars
    assert {name for name, each in found.items() if each.physical} == {
        "app.orders",
        "lines",
        "spots",
        "counted",
        "emptied",
    }
    assert "quiet" not in found


def test_a_recipe_that_the_application_would_not_survive_is_not_taken(project: Callable[..., Path]) -> None:
    given = (
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE orders (id int PRIMARY KEY, total int NOT NULL);"
    )
    rename, retype = (
        "ALTER TABLE orders RENAME COLUMN total TO amount;",
        "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    )
    with throwaway_server(settings=("shared_preload_libraries=pg_stat_statements",)) as server:
        rig = Rig(server)
        with rig.database(given) as address, rig.session(address, "shop") as session:
            session.run([Sql("SELECT ctid FROM orders")], atomic=False)
            made = midair.plan(request_for(project(rename), address))
            assert [each.recipe for each in made.contracts] == ["rename-column-by-copy"]
            assert any("not by rename-column: a view does not take" in note for note in made.notes)
            session.run([Sql("INSERT INTO orders VALUES (2, 2)")], atomic=False)
            with pytest.raises(NotOnline, match="orders"):
                midair.apply(request_for(project(rename), address), Remembering())
            # Only a copy of the whole table keeps the order in which such an INSERT gives its values.
            made = midair.plan(request_for(project(retype), address))
            assert [each.recipe for each in made.contracts] == ["shadow-table"]
