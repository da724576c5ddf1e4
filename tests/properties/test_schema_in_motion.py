"""`Schema.after` agrees with the server's catalog after every statement of generated DDL."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from midair.database import Guard, open_session
from midair.database.session import Session
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.effects import effects_of
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import StatementFailed
from midair.model.schema import Schema
from midair.model.statement import Span, Sql, Statement
from midair.rehearsal.server import throwaway_server

_TABLES = ("orders", "customers", '"Items"', "notes")
_COLUMNS = ("a", "b", "c", '"Name"', "at")
_TYPES = (
    "integer",
    "bigint",
    "text",
    "varchar(20)",
    "varchar(50)",
    "numeric(10,2)",
    "timestamptz",
    "boolean",
    "mood",
    "amount",
    "integer[]",
)


def _statement(pick: random.Random) -> str:
    """One DDL statement; the server may refuse it, which is part of the test."""
    table, other = pick.choice(_TABLES), pick.choice(_TABLES)
    column, second = pick.choice(_COLUMNS), pick.choice(_COLUMNS)
    kind = pick.choice(_TYPES)
    name = pick.choice(("k1", "k2", "k3", '"K"'))
    alter = f"ALTER TABLE {table} "
    return pick.choice(
        (
            f"CREATE TABLE {table} (id bigint PRIMARY KEY, {column} {kind})",
            f"CREATE TABLE {table} (id serial, {column} {kind} UNIQUE, CHECK ({column} IS NOT NULL), PRIMARY KEY (id))",
            f"CREATE TABLE IF NOT EXISTS {table} (id bigint GENERATED ALWAYS AS IDENTITY, x integer REFERENCES {other})",
            f"CREATE TABLE {table} (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
            f"CREATE TABLE part_{pick.randint(1, 2)} PARTITION OF {table} FOR VALUES FROM ('2026-0{pick.randint(1, 4)}-01') TO ('2026-09-01')",
            f"DROP TABLE {table}",
            f"DROP TABLE IF EXISTS {table} CASCADE",
            f"{alter}RENAME TO {other}",
            f"{alter}ADD COLUMN {column} {kind}",
            f"{alter}ADD COLUMN IF NOT EXISTS {column} {kind} NOT NULL",
            f"{alter}ADD COLUMN {column} integer DEFAULT 1 NOT NULL CHECK ({column} > 0)",
            f"{alter}ADD COLUMN {column} bigserial",
            f"{alter}ADD COLUMN {column} bigint REFERENCES {other}",
            f"{alter}ADD COLUMN {column} integer GENERATED ALWAYS AS (length({second}::text)) STORED",
            f"{alter}DROP COLUMN {column}",
            f"{alter}DROP COLUMN IF EXISTS {column} CASCADE",
            f"{alter}RENAME COLUMN {column} TO {second}",
            f"{alter}ALTER COLUMN {column} TYPE {kind}",
            f"{alter}ALTER COLUMN {column} TYPE text USING {column}::text",
            f"{alter}ALTER COLUMN {column} SET NOT NULL",
            f"{alter}ALTER COLUMN {column} DROP NOT NULL",
            f"{alter}ALTER COLUMN {column} SET DEFAULT NULL",
            f"{alter}ALTER COLUMN {column} DROP DEFAULT",
            f"{alter}ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
            f"{alter}ADD CHECK ({column} IS NOT NULL AND {second} IS NOT NULL)",
            f"{alter}ADD UNIQUE ({column})",
            f"{alter}ADD CONSTRAINT {name} UNIQUE ({column}, {second})",
            f"{alter}ADD PRIMARY KEY ({column})",
            f"{alter}ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES {other} NOT VALID",
            f"{alter}VALIDATE CONSTRAINT {name}",
            f"{alter}DROP CONSTRAINT {name}",
            f"{alter}DROP CONSTRAINT IF EXISTS {name} CASCADE",
            f"{alter}RENAME CONSTRAINT {name} TO k4",
            f"{alter}ADD COLUMN {column} {kind}, ALTER COLUMN {column} SET NOT NULL, ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL)",
            f"CREATE INDEX ON {table} ({column})",
            f"CREATE UNIQUE INDEX i_{pick.randint(1, 3)} ON {table} ({column}) WHERE {second} IS NOT NULL",
            f"CREATE INDEX IF NOT EXISTS i_{pick.randint(1, 3)} ON {table} (lower({column}::text), {second} DESC)",
            f"DROP INDEX IF EXISTS i_{pick.randint(1, 3)}",
            f"ALTER INDEX i_1 RENAME TO i_{pick.randint(2, 3)}",
            f"CREATE VIEW v_{pick.randint(1, 2)} AS SELECT * FROM {table}",
            f"DROP VIEW IF EXISTS v_{pick.randint(1, 2)}",
            f"TRUNCATE {table}",
        )
    )


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with throwaway_server(18) as server:
        opened = open_session(server.admin, Guard(statement_ms=20_000), "properties")
        yield opened
        opened.close()


def _facts(schema: Schema) -> dict[str, object]:
    """What both sides must agree on, in a form that shows where they do not."""
    found: dict[str, object] = {}
    for name, table in schema.tables.items():
        found[name] = (table.kind, table.parents)
        if table.kind == "view":
            continue
        for column in table.columns:
            found[f"{name}.{column.name}"] = (
                str(column.type), column.not_null, column.default is not None and not column.default.null, column.identity, column.generated, column.serial,
            )  # fmt: skip
        for each in table.constraints:
            found[f"{name}: {each.name}"] = (
                each.kind,
                each.columns,
                each.valid,
                each.references,
                each.proves_not_null,
            )
        for each in table.indexes:
            found[f"index {each.name}"] = (
                name,
                each.columns,
                each.mentions,
                each.unique,
                each.valid,
                each.constraint,
                each.parent,
            )
    found.update({f"sequence {name}": owner for name, owner in schema.sequences.items()})
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_the_schema_in_motion_is_the_servers_after_every_statement(session: Session, seed: int) -> None:
    pick = random.Random(seed)
    session.run([Sql("DROP SCHEMA public CASCADE"), Sql("CREATE SCHEMA public")], atomic=True)
    start = ("CREATE TYPE mood AS ENUM ('good', 'bad')", "CREATE DOMAIN amount AS integer CHECK (VALUE > 0)")
    schema = Schema(complete=True)
    history: list[str] = []
    for text in (*start, *(_statement(pick) for _ in range(40))):
        try:
            session.run([Statement(text, Span("generated.sql", 1))], atomic=True)
        except StatementFailed:
            continue
        changes = changes_of(text)
        assert effects_of(changes, schema, 18).refused is None, (history, text)
        for change in changes:
            schema = schema.after(change)
        history.append(text)
        ours, theirs = _facts(schema), _facts(snapshot(session))
        differing = {
            key: (ours.get(key), theirs.get(key))
            for key in ours.keys() | theirs.keys()
            if ours.get(key) != theirs.get(key)
        }
        assert differing == {}, history
