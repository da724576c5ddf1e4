"""Remedies as calls of Alembic's `op`: they are Python, and they do what the SQL does."""

import ast

import pytest
from looking import look

from midair.analysis.analyse import Options
from midair.analysis.op_calls import for_alembic
from midair.model.finding import Remedy

TABLES = 'CREATE TABLE orders (id bigint PRIMARY KEY, n int);\nCREATE TABLE "Old"."It\'s" (id int, n int);\n'


def test_sql_goes_through_execute_and_outside_a_transaction_where_it_must() -> None:
    made = for_alembic(
        Remedy("", ("ALTER TABLE a ADD b int", 'DROP INDEX CONCURRENTLY "x"', "VACUUM a", "DROP TABLE c"))
    )
    assert made.alembic == (
        'op.execute("ALTER TABLE a ADD b int")\n'
        "with op.get_context().autocommit_block():\n"
        '    op.execute("DROP INDEX CONCURRENTLY \\"x\\"")\n'
        '    op.execute("VACUUM a")\n'
        'op.execute("DROP TABLE c")'
    )


def test_a_question_is_no_migration() -> None:
    assert for_alembic(Remedy("", ("SELECT count(*) FROM a WHERE b IS NULL",))).alembic is None


@pytest.mark.parametrize("table", ["orders", '"Old"."It\'s"'], ids=["plain", "quoted"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON {table} (id);",
        "ALTER TABLE {table} ALTER COLUMN n SET NOT NULL;",
        "ALTER TABLE {table} ADD CONSTRAINT c CHECK (id > 0);",
        "ALTER TABLE {table} ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES orders (id);",
        "ALTER TABLE {table} ADD COLUMN required text NOT NULL;",
        "ALTER TABLE {table} ADD CONSTRAINT u UNIQUE (id);",
    ],
    ids=str,
)
def test_every_call_is_python_with_names_as_op_takes_them(statement: str, table: str) -> None:
    found = look(TABLES, statement.format(table=table), options=Options(tool="alembic"))
    calls = [each.remedy.alembic for each in found if each.remedy.alembic and each.span.path == "2.sql"]
    assert calls
    for each in calls:
        tree = ast.parse(each)
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr != "execute"
            ):
                names = [arg.value for arg in call.args[:2] if isinstance(arg, ast.Constant)]
                assert not any('"' in str(name) or "." in str(name) for name in names)


def test_other_tools_get_no_calls() -> None:
    assert {each.remedy.alembic for each in look(TABLES, "CREATE INDEX i ON orders (id);")} == {None}
