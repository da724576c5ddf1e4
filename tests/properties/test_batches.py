"""Whatever is taken for row-local gives exactly the rows of the plain statement."""

from collections.abc import Generator
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.support.backfills import FULL_SPEED, fly_backfill, run_all, statement_of

from midair.database import Guard, Session, open_session
from midair.dialects.postgresql.batches import batched
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import StatementFailed
from midair.execution import batch_size
from midair.model.address import Address
from midair.model.backfill import Backfill
from midair.model.schema import Schema
from midair.model.statement import Sql
from midair.rehearsal.server import Server

_TABLES = (
    "CREATE TABLE plain (id serial PRIMARY KEY, a int, b int, c text)",
    "CREATE TABLE pair (x int, y text, a int, b int, c text, PRIMARY KEY (x, y))",
    "CREATE TABLE bare (id int, a int, b int, c text)",
    "CREATE TABLE other (id int PRIMARY KEY, a int, v int)",
    "CREATE TABLE copy (id int, a int, c text)",
)
_NUMBERS = st.sampled_from(
    [
        "a", "b", "t.a", "t.b", "NULL::int", "1", "7", "length(c)", "extract(year FROM now())::int", "coalesce(a, b)",
        "(SELECT max(v) FROM other)", "(SELECT v FROM other o WHERE o.id = t.a)", "(SELECT sum(a) FROM other)",
        "(SELECT count(*) FROM other WHERE other.a = b)::int", "(SELECT max(x.a) FROM plain x)", "nullif(b, 3)",
        "(SELECT v FROM other ORDER BY v LIMIT 1)", "CASE WHEN a > b THEN a ELSE b END", "count(*) OVER ()::int",
    ]
)  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn) -> str:
    one = draw(_NUMBERS)
    if draw(st.booleans()):
        return one
    return f"({one} {draw(st.sampled_from(['+', '-', '*']))} {draw(_NUMBERS)})"


@st.composite
def conditions(draw: st.DrawFn) -> str:
    made = draw(
        st.sampled_from(
            [
                "", "a IS NULL", "b IS NOT NULL", "{} > {}", "{} = {}", "a IS NULL AND {} > 3", "NOT ({} < {})", "c LIKE '%s%'",
                "EXISTS (SELECT FROM other WHERE other.id = {})", "{} IN (SELECT v FROM other)", "t.ctid IS NOT NULL",
            ]
        )
    )  # fmt: skip
    while "{}" in made:
        made = made.replace("{}", draw(expressions()), 1)
    return f" WHERE {made}" if made else ""


@st.composite
def statements(draw: st.DrawFn) -> str:
    table, where = draw(st.sampled_from(["plain", "plain", "pair", "bare"])), draw(conditions())
    kind = draw(st.sampled_from(["UPDATE", "UPDATE", "UPDATE", "JOIN", "DELETE", "USING", "INSERT"]))
    if kind == "DELETE":
        return f"DELETE FROM {table} t{where}"
    if kind == "USING":
        return f"DELETE FROM {table} t USING other o WHERE o.{draw(st.sampled_from(['id', 'a']))} = t.b"
    if kind == "INSERT":
        key = "x" if table == "pair" else "id"
        return f"INSERT INTO copy (id, a, c) SELECT {key}, {draw(expressions())}, c FROM {table} t{where}"
    sets = [f"a = {draw(expressions())}"]
    sets += (
        [f"c = {draw(st.sampled_from(['c', 'upper(c)', 'b::text', chr(39) + '%s' + chr(39)]))}"]
        if draw(st.booleans())
        else []
    )
    sets += [f"b = {draw(expressions())}"] if draw(st.integers(0, 3)) == 0 else []
    if kind == "JOIN":
        column = draw(st.sampled_from(["id", "id", "a"]))
        return f"UPDATE {table} t SET b = o.v FROM other o WHERE o.{column} = t.{draw(st.sampled_from(['a', 'b']))}"
    return f"UPDATE {table} t SET {', '.join(sets)}{where}"


_VALUES = st.one_of(st.none(), st.integers(-3, 12))
_ROWS = st.lists(st.tuples(_VALUES, _VALUES, st.sampled_from([None, "", "x%s", "row"])), max_size=40)


@pytest.fixture(scope="module")
def target(server: Server) -> Generator[tuple[Address, Session, Schema]]:
    address = server.create(f"batches_{uuid4().hex[:8]}")
    session = open_session(address, Guard(), "midair tests")
    run_all(session, *_TABLES)
    yield address, session, snapshot(session)
    session.close()


def _fill(session: Session, rows: list[tuple[int | None, int | None, str | None]]) -> None:
    batch = [Sql("TRUNCATE plain, pair, bare, other, copy RESTART IDENTITY")]
    for number, (a, b, c) in enumerate(rows, 1):
        batch += [
            Sql("INSERT INTO plain (a, b, c) VALUES (%s, %s, %s)", (a, b, c)),
            Sql("INSERT INTO pair VALUES (%s, %s, %s, %s, %s)", (number % 3, str(number), a, b, c)),
            Sql("INSERT INTO bare VALUES (%s, %s, %s, %s)", (number, a, b, c)),
        ]
        if number <= 12:
            batch.append(Sql("INSERT INTO other VALUES (%s, %s, %s)", (number, b, a)))
    session.run(batch, atomic=True)


def _all(session: Session) -> list[list[tuple[object, ...]]]:
    return [
        session.query(f"SELECT * FROM {name} AS t ORDER BY t::text")
        for name in ("plain", "pair", "bare", "copy")
    ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sql=statements(), rows=_ROWS)
def test_batches_leave_exactly_the_rows_of_the_plain_statement(
    target: tuple[Address, Session, Schema],
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    rows: list[tuple[int | None, int | None, str | None]],
) -> None:
    address, session, schema = target
    monkeypatch.setattr(batch_size, "LEAST", 3)
    made = batched(statement_of(sql), schema, session.server_version // 10_000)
    if not isinstance(made, Backfill):
        return
    _fill(session, rows)
    try:
        session.run([Sql(sql)], atomic=True)
    except StatementFailed:
        assume(False)  # types that do not go together
    wanted = _all(session)
    _fill(session, rows)
    fly_backfill(address, made, pace=replace(FULL_SPEED, first_rows=3))
    assert _all(session) == wanted
