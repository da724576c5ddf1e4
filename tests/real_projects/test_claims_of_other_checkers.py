"""What squawk's own tests and the list of strong_migrations call dangerous: each is found, or a fact says why not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from midair.analysis.analyse import Candidate, analyse
from midair.analysis.options import Options
from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.schema import Schema
from midair.model.statement import Span
from tests.peers.places import public_project

pytestmark = [pytest.mark.real_projects, pytest.mark.peers]

EVERY = Options(select=("MA",))
"""Rules that a project must ask for, too: squawk's are all on."""

OURS = {
    "adding_field_with_default": ("MA111", "MA113"),
    "adding_foreign_key_constraint": ("MA105", "MA116"),
    "adding_not_null_field": ("MA104",),
    "adding_primary_key_constraint": ("MA108", "MA112", "MA115"),
    "adding_required_field": ("MA401",),
    "ban_alter_domain_with_add_constraint": ("MA129",),
    "ban_char_field": ("MA809",),
    "ban_concurrent_index_creation_in_transaction": ("MA402", "MA403", "MA510"),
    "ban_create_domain_with_constraint": ("MA821",),
    "ban_drop_column": ("MA201",),
    "ban_drop_database": ("MA207",),
    "ban_drop_not_null": ("MA310",),
    "ban_drop_table": ("MA202",),
    "ban_truncate_cascade": ("MA204",),
    "ban_uncommitted_transaction": ("MA506", "MA507"),
    "changing_column_type": ("MA118", "MA119"),
    "constraint_missing_not_valid": ("MA105", "MA106", "MA121"),
    "disallow_unique_constraint": ("MA107", "MA115"),
    "identifier_too_long": ("MA417",),
    "prefer_bigint_over_int": ("MA802", "MA805"),
    "prefer_bigint_over_smallint": ("MA802", "MA805"),
    "prefer_identity": ("MA803",),
    "prefer_repack": ("MA131",),
    "prefer_text_field": ("MA808", "MA118"),
    "prefer_timestamptz": ("MA804", "MA118"),
    "renaming_column": ("MA301",),
    "renaming_table": ("MA302",),
    "require_concurrent_index_creation": ("MA101",),
    "require_concurrent_index_deletion": ("MA102",),
    "require_concurrent_partition_detach": ("MA137",),
    "require_concurrent_reindex": ("MA103",),
    "require_enum_value_ordering": ("MA306",),
    "require_timeout_settings": ("MA501",),
    "transaction_nesting": ("MA506", "MA507"),
}
"""Which of our codes say what a rule of squawk says."""

ANOTHER_MATTER = {
    "prefer_robust_stmts": "midair resumes by its journal, so IF EXISTS is not needed to run a migration again",
    "require_table_schema": "a convention of some teams; nothing waits, fails or is lost",
    "ban_duplicate_column_assignments": "the server refuses it (42601) before anything is done",
}

_WEAK = "measured: the lock it takes stops neither reads nor writes, so waiting for it stops nobody"
EXPLAINED = {
    (
        "adding_field_with_default",
        "default_random_with_args_err",
    ): "no server has now(integer): refused with 42883",
    ("adding_field_with_default", "docs_example_error_on_pg_11"): (
        "add-column-const-default, measured: no rewrite; true up to 10, and 13 is the oldest supported"
    ),
    ("adding_not_null_field", "regression_gh_issue_628_pg11_with_validated_check_err"): (
        "set-not-null-with-valid-check, measured: no scan; true up to 11, and 13 is the oldest supported"
    ),
    (
        "ban_char_field",
        "all_the_types",
    ): "PostgreSQL's grammar refuses `int array[]` (42601); reported as MA513",
    ("require_timeout_settings", "err_missing_statement_timeout"): (
        "the lock timeout it sets is what bounds the queue; midair bounds the statement itself"
    ),
    ("require_timeout_settings", "err_other_ddl_operations"): "CREATE TYPE locks nothing that exists",
    ("require_timeout_settings", "err_comment_on_explains_lock_impact"): _WEAK,
    ("require_timeout_settings", "err_vacuum_full_false_uses_non_full_lock"): _WEAK,
    ("require_timeout_settings", "err_lock_access_share_uses_correct_article"): _WEAK,
}
"""Cases of squawk that are not found, each with the fact."""

DANGEROUS = {
    "removing a column": ("ALTER TABLE users DROP COLUMN some_column", "MA201"),
    "changing the type of a column": ("ALTER TABLE users ALTER COLUMN age TYPE bigint", "MA118"),
    "renaming a column": ("ALTER TABLE users RENAME COLUMN age TO years", "MA301"),
    "renaming a table": ("ALTER TABLE users RENAME TO customers", "MA302"),
    "creating a table with the force option": (
        "DROP TABLE IF EXISTS users CASCADE; CREATE TABLE users (id bigint PRIMARY KEY)",
        "MA202",
    ),
    "adding an auto-incrementing column": ("ALTER TABLE users ADD COLUMN number bigserial", "MA112"),
    "adding a stored generated column": (
        "ALTER TABLE users ADD COLUMN twice integer GENERATED ALWAYS AS (age * 2) STORED",
        "MA113",
    ),
    "adding a foreign key": (
        "ALTER TABLE users ADD CONSTRAINT users_org FOREIGN KEY (org_id) REFERENCES orgs (id)",
        "MA105",
    ),
    "adding a check constraint": ("ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0)", "MA106"),
    "executing SQL directly": ("DO 'BEGIN EXECUTE ''DROP'' || '' TABLE users''; END'", "MA513"),
    "backfilling data": (
        "ALTER TABLE users ADD COLUMN kind text; UPDATE users SET kind = 'some'",
        "MA604",
    ),
    "adding an index non-concurrently": ("CREATE INDEX users_age ON users (age)", "MA101"),
    "adding a reference": (
        "ALTER TABLE users ADD COLUMN city_id bigint; CREATE INDEX users_city ON users (city_id)",
        "MA101",
    ),
    "adding a unique constraint": ("ALTER TABLE users ADD CONSTRAINT users_age UNIQUE (age)", "MA107"),
    "adding an exclusion constraint": (
        "ALTER TABLE users ADD CONSTRAINT users_no EXCLUDE USING gist (number WITH =)",
        "MA110",
    ),
    "adding a json column": ("ALTER TABLE users ADD COLUMN properties json", "MA806"),
    "adding a column with a volatile default value": (
        "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        "MA111",
    ),
    "setting NOT NULL on an existing column": ("ALTER TABLE users ALTER COLUMN age SET NOT NULL", "MA104"),
    "renaming an enum value": ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "MA305"),
    "renaming a schema": ("ALTER SCHEMA app RENAME TO core", "MA303"),
    "keeping non-unique indexes to three columns or less": (
        "CREATE INDEX CONCURRENTLY users_wide ON users (a, b, c, d)",
        "MA814",
    ),
}
"""The list at the top of strong_migrations' README, with SQL of ours that does it and the code that says so."""

OTHER_DATABASES = {
    "using the COPY algorithm",
    "using shared or exclusive locking",
    "adding a column with an expression default value",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One of squawk's own test cases that it expects to be reported."""

    rule: str
    name: str
    sql: str


_TEST = re.compile(r"#\[test\]\s*fn (?P<name>\w+)\(\) \{(?P<body>.*?)\n    \}", re.DOTALL)
_SQL = re.compile(r'let sql = (?:r#"(?P<raw>.*?)"#|"(?P<plain>[^"\\\\]*)")', re.DOTALL)


def _claims() -> Iterator[Claim]:
    for path in sorted(public_project("squawk").glob("*.rs")):
        for test in _TEST.finditer(path.read_text()):
            sql = _SQL.search(test["body"])
            if "lint_errors" in test["body"] and sql is not None:
                yield Claim(path.stem, test["name"], sql["raw"] or sql["plain"])


def _codes(sql: str) -> set[str]:
    statements = split(sql, "1.sql")
    block = Block(statements, not any(stands_alone(each) for each in statements))
    candidate = Candidate(Migration(RevisionId("1"), "", Span("1.sql", 1)), Script((block,)))
    return {each.code for each in analyse([candidate], Schema(), 18, EVERY)}


def test_what_squawk_reports_is_found_or_its_absence_explained() -> None:
    claims = tuple(_claims())
    unfound = {
        (each.rule, each.name): " ".join(each.sql.split())
        for each in claims
        if each.rule not in ANOTHER_MATTER and not _codes(each.sql) & set(OURS[each.rule])
    }
    print(f"{len(claims)} claims of squawk, {len(unfound)} explained")
    assert {key: sql for key, sql in unfound.items() if key not in EXPLAINED} == {}
    assert set(EXPLAINED) == set(unfound), "what is explained is not found"
    assert len(claims) > 90


def test_everything_strong_migrations_lists_is_known() -> None:
    readme = (public_project("strong_migrations") / "README.md").read_text()
    listed = re.findall(r"^- \[(\w[^\]]+)\]\(#", readme.partition("### Removing a column")[0], re.MULTILINE)
    assert set(listed) == {*DANGEROUS, *OTHER_DATABASES}
    assert [what for what, (sql, code) in DANGEROUS.items() if code not in _codes(sql)] == []
