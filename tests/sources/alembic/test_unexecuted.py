"""What a revision's file shows without being run, beside what Alembic itself sends."""

import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.split import split
from midair.model.address import Product
from midair.model.migration import Direction, RevisionId, Script
from midair.sources.source import Work
from midair.sources.tools.alembic import SOURCE

from .projects import read_project, revision, write_project

LITERAL = """
op.create_table("orders", sa.Column("id", sa.BigInteger(), nullable=False), sa.Column("note", sa.String(length=40)),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()), sa.PrimaryKeyConstraint("id"))
op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True), sa.Column("order_id", sa.BigInteger()),
    sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="lines_order", ondelete="CASCADE"))
op.add_column("orders", sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
op.alter_column("orders", "note", existing_type=sa.String(40), type_=sa.Text(), nullable=False)
op.create_index(op.f("ix_orders_note"), "orders", ["note"], unique=True, postgresql_where=sa.text("note <> ''"))
op.create_check_constraint("positive", "orders", "id > 0")
op.create_unique_constraint("one_note", "orders", ["note", "at"])
op.execute("UPDATE orders SET note = 'x'")
with op.batch_alter_table("lines") as batch:
    batch.add_column(sa.Column("amount", sa.Numeric(10, 2)))
    batch.drop_constraint("lines_order", type_="foreignkey")
op.drop_index("ix_orders_note", table_name="orders")
op.drop_column("orders", "note")
op.rename_table("lines", "order_lines")
"""


def _unrun(root: Path, revisions: dict[str, str]) -> dict[RevisionId, Script]:
    write_project(root, revisions)
    project = read_project(root)
    assert SOURCE.unrun is not None
    work = Work(project.migrations, Direction.UP, (), Product.POSTGRESQL)
    return dict(SOURCE.unrun(project, work).by_revision)


def test_literal_calls_of_op_are_the_changes_that_alembic_itself_sends(tmp_path: Path) -> None:
    script = _unrun(tmp_path, {"a": revision("a", "None", LITERAL)})[RevisionId("a")]
    sent = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sent, "literal_binds": True}
    )
    with Operations.context(context) as op:
        exec(LITERAL, {"op": op, "sa": sa})
    theirs = [change for each in split(sent.getvalue(), "sent.sql") for change in changes_of(each.sql)]
    ours = [change for each in script.statements for change in changes_of(each.sql)]
    assert script.live is None
    assert [repr(each) for each in ours] == [repr(each) for each in theirs]


def test_each_statement_stands_on_the_line_of_its_call(tmp_path: Path) -> None:
    script = _unrun(tmp_path, {"a": revision("a", "None", 'op.execute("SELECT 1")\nop.drop_table("b")')})
    lines = [each.span.line for each in script[RevisionId("a")].statements]
    text = (tmp_path / "migrations" / "versions" / "a.py").read_text().splitlines()
    assert [text[line - 1].strip() for line in lines] == ['op.execute("SELECT 1")', 'op.drop_table("b")']


def test_an_autocommit_block_is_outside_the_transaction(tmp_path: Path) -> None:
    body = (
        'op.drop_table("a")\nwith op.get_context().autocommit_block():\n'
        '    op.create_index("i", "b", ["c"], postgresql_concurrently=True)'
    )
    script = _unrun(tmp_path, {"a": revision("a", "None", body)})[RevisionId("a")]
    assert [(len(each.statements), each.atomic) for each in script.blocks] == [(1, True), (1, False)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('if op.get_bind():\n    op.drop_table("a")', "decides when it runs"),
        ('op.execute(f"DROP TABLE {__name__}")', "computes the SQL"),
        ('for each in "ab":\n    op.drop_table(each)', "repeats"),
        ("helper()", "is not a call of op"),
        ("op.bulk_insert(None, [])", "op.bulk_insert"),
        ('op.add_column("a", sa.Column("b", Money()))', "Money"),
        ('op.create_table("a", *columns)', "computes a part"),
        ('op.execute("SELECT \'")', "cannot be read"),
    ],
)
def test_what_is_not_literal_is_named_with_its_line_and_the_rest_is_seen(
    tmp_path: Path, body: str, reason: str
) -> None:
    script = _unrun(tmp_path, {"a": revision("a", "None", f'{body}\nop.drop_table("seen")')})[RevisionId("a")]
    assert [each.sql for each in script.statements] == ["DROP TABLE seen"]
    assert script.live is not None
    assert reason in script.live
    assert "line 10" in script.live
