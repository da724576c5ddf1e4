"""Every finding says what to type: SQL the grammar takes, a command, a line of a file; words alone only for a reason."""

import ast
import shlex
from dataclasses import replace

import pytest
from remedies import found_on

from midair.analysis.analyse import Candidate, Options, analyse, rules
from midair.analysis.context import Import, Refusal
from midair.analysis.options import Allowance
from midair.analysis.rule import Rule
from midair.dialects.postgresql.parse import parse
from midair.dialects.postgresql.split import split
from midair.model.finding import Finding
from midair.model.migration import Block, Migration, RevisionId, Script, Standing, State
from midair.model.schema import Schema
from midair.model.statement import Span

WORDS_ALONE = {
    "MA506": "the remedy is to take the statement away",
    "MA606": "the remedy is to take the statement away",
    "MA702": "the remedy is to take the statement away",
    "MA721": "the hint is the tool's own, about a file it cannot read",
    "MA722": "only its author knows the reason that is missing",
    "MA723": "the remedy is to take the comment away",
}
"""Rules whose remedy nobody can type, and why."""
PROGRAMS = ("midair", "git", "alembic", "pg_repack", "pg_dump", "psql")
RULES = [pytest.param(each, id=each.name) for each in rules()]


def _applicable(finding: Finding) -> bool:
    """Something to type, and nothing in it left for the reader to fill in."""
    remedy = finding.remedy
    for sql in remedy.sql:
        assert parse(sql), sql
    for command in remedy.commands:
        assert shlex.split(command)[0] in PROGRAMS, command
    if remedy.alembic is not None:
        ast.parse(remedy.alembic)
    assert not any("…" in line for line in remedy.lines), remedy.lines
    return bool(remedy.lines)


@pytest.mark.parametrize("tool", ["", "alembic"])
@pytest.mark.parametrize("rule", RULES)
def test_every_finding_of_a_page_says_what_to_type(rule: Rule, tool: str) -> None:
    found = [each.finding for each in found_on(rule, tool)] or [
        each for each in _about_projects() if each.code == rule.code
    ]
    assert found, "no example shows this rule's remedy"
    without = [each.message for each in found if not _applicable(each)]
    assert (without == []) is (rule.code not in WORDS_ALONE), without


def test_alembic_projects_get_calls_of_op_wherever_sql_is_to_be_run() -> None:
    for rule in rules():
        for each in found_on(rule, "alembic"):
            remedy = each.finding.remedy
            asks = all(sql.startswith(("SELECT", "SHOW")) for sql in remedy.sql)
            assert asks or remedy.alembic is not None, each.finding.code


@pytest.mark.parametrize(
    ("tool", "path", "line"),
    [
        ("flyway", "V2__i.sql", "executeInTransaction=false    (in V2__i.sql.conf)"),
        ("liquibase", "log.xml", 'runInTransaction="false"'),
        ("liquibase", "log.yaml", "runInTransaction: false"),
        ("liquibase", "log.sql", "runInTransaction:false"),
        ("goose", "2_i.sql", "-- +goose NO TRANSACTION"),
        ("dbmate", "2_i.sql", "-- migrate:up transaction:false"),
        ("golang-migrate", "2_i.up.sql", None),
    ],
)
def test_a_concurrent_index_comes_with_the_tools_word_for_no_transaction(
    tool: str, path: str, line: str | None
) -> None:
    (found,) = _look("CREATE INDEX i ON orders (id)", path, Options(tool=tool))
    assert found.code == "MA101"
    assert found.remedy.write == ((line,) if line else ())


def _look(sql: str, path: str, options: Options | None = None) -> tuple[Finding, ...]:
    return analyse([_candidate(sql, path)], options=options or Options())


def _candidate(sql: str, path: str, parents: tuple[str, ...] = (), down: str | None = None) -> Candidate:
    migration = Migration(
        RevisionId(path.split("_", maxsplit=1)[0].strip("V")),
        "",
        Span(path, 1),
        tuple(RevisionId(each) for each in parents),
    )
    back = Script((Block(split(down, path, 1), True),)) if down is not None else None
    return Candidate(
        migration, Script((Block(split(sql, path, 1), True),)), back, expects_downgrade=down is not None
    )


def _about_projects() -> tuple[Finding, ...]:
    """One finding of each rule that looks at files and their order rather than at a statement."""
    made = "CREATE TABLE orders (id bigint PRIMARY KEY, note text)"
    base = _candidate(made, "V1_a.sql")
    one, other = (_candidate("SELECT 1", path, parents=("1",)) for path in ("V2_b.sql", "V3_c.sql"))
    edited = Standing(RevisionId("1"), State.CHANGED, base.migration)
    late = Standing(RevisionId("2"), State.LATE, one.migration)
    unread = Candidate(
        base.migration, Script(()), refusal=Refusal("a line that nobody can read", Span("V1_a.sql", 1))
    )
    drop = _candidate("ALTER TABLE orders DROP COLUMN note", "V2_b.sql")
    build = _candidate("CREATE INDEX CONCURRENTLY i ON orders (note)", "V2_b.sql")
    program = replace(base, imports=(Import("Order", "shop.models", 3),))
    unused = Options(
        allowances={
            "V1_a.sql": (Allowance(("MA101",), "small", 1), Allowance(("MA102",), "", 1)),
        }
    )
    return (
        *analyse([base, one, other], standings=(edited, late)),
        *analyse([base, _candidate("SELECT 1", "V1_again.sql")]),
        *analyse([_candidate("", "V4_nothing.sql"), unread]),
        *analyse([base], options=unused),
        *analyse([program]),
        *analyse([base, _candidate("ALTER TABLE orders DROP COLUMN note", "V2_b.sql", down="")]),
        *analyse([base, _candidate("SELECT 1", "V2_b.sql", down="DROP TABLE orders")]),
        *analyse([base, drop], options=Options(select=("MA710",), changed_files=frozenset(["shop/cart.py"]))),
        *analyse([base, build], options=Options(tool="golang-migrate", release=140_002)),
        *analyse([base, build], options=Options(tool="flyway")),
        *analyse([base], options=Options(required_columns=("tenant_id",))),
    )


def test_a_missing_way_back_is_drafted_last_change_first() -> None:
    sql = "ALTER TABLE orders ALTER COLUMN note SET NOT NULL; ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders DROP COLUMN id"
    base = _candidate("CREATE TABLE orders (id bigint, note text)", "V1_a.sql")
    findings = analyse([base, _candidate(sql, "V2_b.sql", down="")], Schema(complete=True))
    (drafted,) = [each.remedy.sql for each in findings if each.code == "MA701"]
    assert drafted == (
        "ALTER TABLE orders ADD COLUMN id bigint",
        "ALTER TABLE orders RENAME COLUMN remark TO note",
        "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL",
    )
