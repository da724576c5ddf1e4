"""Statements prepared by four drivers before a change: what fails afterwards is what the plan announced, for the reasons the manual gives."""

import pytest
from bench.scenarios.clients import DRIVERS
from bench.scenarios.s11_prepared import CHANGES, prepared
from bench.scenarios.world import SHORT, world

from midair.dialects.postgresql.conversions import assignable
from midair.model.change import DataType
from midair.rehearsal.server import Server

QUICK = ("replace enum", "add column")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(each, id=each.name, marks=() if each.name in QUICK else pytest.mark.slow)
        for each in CHANGES
    ],
)
def test_what_fails_is_what_the_plan_announced(own_server: Server, change) -> None:
    with world(own_server, SHORT) as here:
        result = prepared(here, change)
    assert result.broken == []
    assert change.name in result.facts


def test_drivers_that_prepare_nothing_see_nothing(own_server: Server) -> None:
    with world(own_server, SHORT) as here:
        result = prepared(here, next(each for each in CHANGES if each.name == "int to bigint"))
    assert result.broken == []
    said = result.facts["int to bigint"].split("failed: ")[1]
    silent = [each.name for each in DRIVERS if not each.prepares]
    assert silent
    assert not [each for each in silent if f"{each} {{" in said]
    assert "asyncpg, in transactions {" in said


def test_what_the_server_assigns_without_being_told_is_told_apart(server: Server) -> None:
    """Each pair is asked of a server: a prepared parameter of the one type, written to a column of the other."""
    import psycopg

    names = (
        "int4",
        "int8",
        "numeric",
        "float8",
        "text",
        "varchar",
        "date",
        "timestamptz",
        "bool",
        "uuid",
        "jsonb",
        "bytea",
    )
    url = f"postgresql:///postgres?host={server.admin.host}&user={server.admin.user}"
    with psycopg.connect(url, autocommit=True) as connection:
        for old in names:
            for new in names:
                connection.execute(f"CREATE TEMPORARY TABLE t (c {new})")  # type: ignore[arg-type]
                try:
                    connection.execute(f"PREPARE p ({old}) AS INSERT INTO t VALUES ($1)")  # type: ignore[arg-type]
                    connection.execute("DEALLOCATE p")
                    taken = True
                except psycopg.errors.DatatypeMismatch:
                    taken = False
                connection.execute("DROP TABLE t")
                if assignable(DataType(old), DataType(new)):
                    assert taken, f"{old} is not assigned to {new}"
