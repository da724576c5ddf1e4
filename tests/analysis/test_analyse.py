"""What `analyse` does around the rules: new tables, sizes, allowances, risk, order, and strange input."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from looking import candidate, codes, look

from midair.analysis.analyse import Options, analyse, risk_of
from midair.analysis.mend import mended
from midair.analysis.suppress import allowances_in
from midair.errors import BadMigration
from midair.model.finding import Risk
from midair.model.migration import RevisionId, Standing, State
from midair.model.schema import Schema, Table
from midair.model.statement import Span

INDEX = "CREATE INDEX orders_a ON orders (a);\n"


def test_an_index_on_a_table_of_an_earlier_migration_is_found_and_on_one_of_its_own_is_not() -> None:
    made = "CREATE TABLE orders (id bigint PRIMARY KEY, a text);\nINSERT INTO orders (a) VALUES ('x');\n"
    assert codes(look(made + INDEX)) == []
    assert codes(look(made, INDEX)) == ["MA101"]


def test_with_plan_scope_tables_of_earlier_pending_migrations_are_new() -> None:
    made = "CREATE TABLE orders (id bigint PRIMARY KEY, a text);\nINSERT INTO orders (a) VALUES ('x');\n"
    assert codes(look(made, INDEX, options=Options(plan_scope=True))) == []


def test_a_table_the_catalog_shows_to_be_empty_is_not_scanned_and_one_made_by_an_earlier_migration_is_full() -> (
    None
):
    check = "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0);"
    empty = Schema({"orders": Table("orders", empty=True)}, complete=True)
    assert "MA106" not in codes(look(check, schema=empty))
    assert "MA106" in codes(look("CREATE TABLE orders (id bigint PRIMARY KEY);", check))


def test_a_known_small_table_lowers_a_growing_risk_to_medium_and_never_to_nothing() -> None:
    small = Schema({"orders": Table("orders", known=False, rows=50, bytes=8192)})
    large = Schema({"orders": Table("orders", known=False, rows=50_000_000, bytes=9_000_000_000)})
    of_small, of_large, of_unknown = (
        next(each for each in look(INDEX, schema=schema) if each.code == "MA101")
        for schema in (small, large, Schema())
    )
    assert (of_small.risk, of_large.risk, of_unknown.risk) == (Risk.MEDIUM, Risk.HIGH, Risk.HIGH)
    assert of_large.rows == 50_000_000


def test_an_applied_migration_teaches_the_schema_and_is_not_judged() -> None:
    past = candidate(
        "CREATE TABLE orders (id integer PRIMARY KEY, a varchar(10));\nDROP TABLE ancient;",
        "0.sql",
        pending=False,
    )
    found = analyse([past, candidate("ALTER TABLE orders ALTER COLUMN a TYPE text;")], Schema(), 18)
    assert codes(found) == []


def test_the_same_change_of_type_is_a_rewrite_where_the_old_type_says_so() -> None:
    past = candidate(
        "CREATE TABLE orders (id integer PRIMARY KEY, a integer);\nINSERT INTO orders VALUES (1);",
        "0.sql",
        pending=False,
    )
    found = analyse([past, candidate("ALTER TABLE orders ALTER COLUMN a TYPE bigint;")], Schema(), 18)
    assert codes(found) == ["MA118"]
    assert found[0].risk is Risk.HIGH


@pytest.mark.parametrize(
    "text",
    [
        f"-- midair: allow MA101 because it is built at night\n{INDEX}",
        f"-- midair: allow index-without-concurrently because it is built at night\n\n{INDEX}",
        "CREATE INDEX orders_a ON orders (a); -- midair: allow MA101 because it is built at night\n",
        f"/* midair: allow MA1, MA9 because it is built at night */\n{INDEX}",
        f"-- midair: allow-file MA101 because it is built at night\nSELECT 1;\n{INDEX}",
    ],
)
def test_a_comment_with_a_reason_allows_a_finding_and_the_reason_is_kept(text: str) -> None:
    assert [each.suppressed for each in look(text) if each.code == "MA101"] == ["it is built at night"]


def test_a_comment_without_a_reason_or_for_another_statement_allows_nothing() -> None:
    assert look(f"-- midair: allow MA101\n{INDEX}")[0].suppressed is None
    found = look(f"-- midair: allow MA101 because one\n{INDEX}CREATE INDEX orders_b ON orders (b);\n")
    assert [each.suppressed for each in found if each.code == "MA101"] == ["one", None]


def test_settings_and_baselines_suppress_with_a_reason_of_their_own() -> None:
    (plain,) = look(INDEX)
    assert look(INDEX, options=Options(ignore=("MA1",)))[0].suppressed == "the settings ignore MA1"
    assert (
        look(INDEX, options=Options(per_path={"*.sql": ("MA101",)}))[0].suppressed
        == "the settings ignore it in *.sql"
    )
    assert (
        look(INDEX, options=Options(baseline=frozenset({plain.fingerprint})))[0].suppressed
        == "in the baseline"
    )
    assert risk_of(look(INDEX, options=Options(ignore=("MA1",)))) is Risk.LOW


def test_a_fingerprint_survives_moved_lines_and_tells_repeated_statements_apart() -> None:
    (alone,) = look(INDEX)
    moved = look("\n\nSELECT 1;\n  CREATE INDEX   orders_a\n ON orders (a);\n")
    assert [each.fingerprint for each in moved if each.code == "MA101"] == [alone.fingerprint]
    twice = [each.fingerprint for each in look(INDEX + INDEX) if each.code == "MA101"]
    assert len(set(twice)) == 2


def test_what_a_recipe_covers_is_medium_online_and_what_none_covers_stays_high() -> None:
    found = [replace(each, recipe="index-concurrently") for each in look(INDEX)]
    assert (risk_of(found), risk_of(found, online=True)) == (Risk.HIGH, Risk.MEDIUM)
    assert risk_of(look(INDEX), online=True) is Risk.HIGH
    refused = look("BEGIN;\nALTER TABLE a ADD COLUMN b int;\nCOMMIT;")
    assert risk_of(refused, online=True) is Risk.HIGH


def test_the_version_decides_what_is_refused_and_an_unknown_one_refuses_nothing() -> None:
    text = "ALTER TABLE orders ADD CONSTRAINT c NOT NULL a NOT VALID;"
    assert "MA414" in codes(look(text, version=15))
    assert "MA414" not in codes(look(text, version=18))
    assert "MA414" not in codes(look(text, version=None))


def test_statements_inside_do_blocks_are_seen_and_dynamic_ones_are_said_to_be_unseen() -> None:
    found = look("DO $$ BEGIN CREATE INDEX orders_a ON orders (a); EXECUTE 'ALTER TABLE ' || x; END $$;")
    assert set(codes(found)) >= {"MA101", "MA513"}


def test_text_the_grammar_refuses_is_opaque_and_named() -> None:
    (finding,) = look("ALTER TABLE orders FROBNICATE;")
    assert (finding.code, finding.span.line) == ("MA513", 1)


def test_the_way_back_is_judged_where_one_is_expected() -> None:
    one_way = replace(candidate("ALTER TABLE orders DROP COLUMN a;"), expects_downgrade=True)
    assert "MA701" in codes(analyse([one_way]))
    both_ways = replace(
        candidate("ALTER TABLE orders DROP COLUMN a;", down="ALTER TABLE orders ADD COLUMN a text;"),
        expects_downgrade=True,
    )
    assert "MA701" not in codes(analyse([both_ways]))
    wrong = candidate("ALTER TABLE orders ADD COLUMN a text;", down="DROP TABLE customers;")
    assert "MA702" in codes(analyse([wrong]))


def test_heads_versions_and_the_tools_history_are_judged() -> None:
    base = candidate("SELECT 1;", "0.sql")
    one, other = (
        replace(each, migration=replace(each.migration, parents=(RevisionId("0.sql"),)))
        for each in (candidate("SELECT 1;", "1.sql"), candidate("SELECT 1;", "2.sql"))
    )
    assert "MA703" in codes(analyse([base, one, other]))
    assert "MA704" in codes(analyse([base, base]))
    edited = Standing(base.migration.revision, State.CHANGED, base.migration)
    late = Standing(base.migration.revision, State.LATE, base.migration)
    assert codes(analyse([base], standings=[edited, late])) == ["MA708", "MA709"]


def test_certain_remedies_are_put_into_the_file_and_nothing_else_is_touched() -> None:
    text = "-- keep me\nDROP INDEX CONCURRENTLY a, b;\nCREATE INDEX orders_a ON orders (a);  -- and me\n"
    fixed, answered = mended(text, "1.sql", look(text))
    assert fixed.startswith("-- keep me\nDROP INDEX CONCURRENTLY a;\nDROP INDEX CONCURRENTLY b;\n")
    assert "CREATE INDEX CONCURRENTLY orders_a" in fixed
    assert fixed.endswith("  -- and me\n")
    assert {each.code for each in answered} == {"MA101", "MA405"}
    assert {"MA101", "MA405"}.isdisjoint(codes(look(fixed)))


def test_a_finding_points_at_the_line_and_column_the_author_wrote() -> None:
    found = look("SELECT 1;\n\n  CREATE INDEX orders_a\n  ON orders (a);\n")
    assert [each.span for each in found if each.code == "MA101"] == [Span("1.sql", 3, 3, 4)]


def test_a_thousand_statements_are_looked_at_in_one_pass() -> None:
    text = "".join(
        f"CREATE TABLE t{n} (id bigint PRIMARY KEY, a text);\nCREATE INDEX i{n} ON t{n} (a);\n"
        for n in range(500)
    )
    assert codes(look(text)) == []


_WORDS = st.sampled_from(
    [
        "CREATE",
        "ALTER",
        "DROP",
        "TABLE",
        "INDEX",
        "orders",
        "(",
        ")",
        ",",
        ";",
        "ADD",
        "COLUMN",
        "a",
        "int",
        "NOT",
        "NULL",
        "DEFAULT",
        "now()",
        "'",
        '"',
        "$$",
        "--",
        "CONCURRENTLY",
        "ON",
        "UPDATE",
        "SET",
        "=",
        "1",
        "BEGIN",
        "COMMIT",
        "DO",
        "TYPE",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_gives_findings_or_a_clear_error(text: str) -> None:
    try:
        found = look(text)
    except BadMigration as error:
        assert "1.sql:" in str(error)  # noqa: PT017  # not every text is refused
        return
    assert all(each.span.path == "1.sql" and each.span.line >= 1 for each in found)


def test_an_allowance_is_read_from_every_kind_of_comment() -> None:
    for comment in ("-- {}", "# {}", "// {}", "<!-- {} -->", "/* {} */"):
        (allowed,) = allowances_in(comment.format("midair: allow MA104, MA201 because the table is empty"))
        assert (allowed.codes, allowed.reason) == (("MA104", "MA201"), "the table is empty")


def test_a_migration_without_a_statement_is_found_and_one_that_was_not_looked_at_is_not() -> None:
    assert codes(look("-- later\n")) == ["MA705"]
    unseen = replace(candidate("-- later\n"), unseen="it is a program, and was not run")
    assert "MA705" not in codes(analyse([unseen], None, 18))


TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY, state text, total int);"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE orders SET state = s.state FROM states s WHERE s.id = orders.id;", "MA606"),
        ("INSERT INTO kv (v) SELECT state FROM orders WHERE id = 7;", "MA603"),
        ("INSERT INTO kv (v) SELECT json_agg(state) FROM orders;", "MA603"),
        ("INSERT INTO kv (v) SELECT 'x' WHERE NOT EXISTS (SELECT 1 FROM kv);", "MA603"),
        ("ALTER TABLE orders ADD COLUMN a text, ADD CONSTRAINT u UNIQUE (state, a);", "MA410"),
        ("ALTER TABLE orders DROP CONSTRAINT orders_pkey; DROP TABLE orders;", "MA209"),
        ("CREATE TYPE mood AS ENUM ('x'); ALTER TYPE mood RENAME TO feeling;", "MA304"),
        ("DO $$ BEGIN CREATE TABLE n (id int); ALTER TABLE n RENAME TO m; END $$;", "MA302"),
        (
            "DO $$ BEGIN ALTER TABLE orders RENAME TO old; ALTER TABLE kv RENAME TO orders; END $$;",
            "MA302",
        ),
    ],
    ids=str,
)
def test_what_public_projects_do_rightly_is_no_finding(sql: str, code: str) -> None:
    """Each was a finding once, on a statement of a public project, and wrong."""
    assert code not in codes(
        look(TABLE, "CREATE TABLE kv (v text);\nCREATE TABLE states (id bigint, state text);", sql)
    )


VIEWS = """
CREATE TABLE people (id bigint PRIMARY KEY, name text, avatar text);
CREATE TABLE posts (id bigint PRIMARY KEY, author bigint, name text);
{view};
"""


@pytest.mark.parametrize(
    ("view", "needed"),
    [
        ("SELECT name, (SELECT count(*) FROM posts p WHERE p.author = u.id) FROM people u", False),
        ("SELECT u.*, p.author FROM people u JOIN posts p ON p.author = u.id", False),
        ("SELECT x.name FROM (SELECT id AS name FROM posts) x JOIN people u ON true", False),
        ("WITH x AS (SELECT id, author AS name FROM posts) SELECT x.name FROM x", False),
        ("SELECT id FROM people WHERE EXISTS (SELECT FROM posts WHERE author = people.id)", False),
        ("SELECT p.name FROM people u JOIN posts p ON p.author = u.id", True),
        ("SELECT id FROM people u WHERE (SELECT max(name) FROM posts) = u.name", True),
        ("SELECT u.id FROM people u WHERE EXISTS (SELECT * FROM posts)", True),
        ("SELECT * FROM people, posts", True),
        ("SELECT id FROM posts UNION SELECT 1 FROM posts ORDER BY 1", False),
        ("SELECT id FROM people UNION SELECT id FROM posts WHERE name = ''", True),
    ],
)
@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_view_holds_on_to_the_columns_it_names_and_to_no_others_of_that_name(
    view: str, needed: bool, kind: str
) -> None:
    made = VIEWS.format(view=f"CREATE {kind} shown AS {view}")
    found = look(made, "ALTER TABLE posts DROP COLUMN name", schema=Schema(complete=True))
    assert ("MA416" in codes(found)) is needed


def test_cascade_takes_nothing_from_the_table_that_a_dropped_tables_key_points_to() -> None:
    made = (
        "CREATE TABLE loans (id bigint PRIMARY KEY);"
        "CREATE TABLE paid (id bigint PRIMARY KEY, loan bigint CONSTRAINT paid_loan REFERENCES loans);"
    )
    drop = "DROP TABLE paid CASCADE"
    assert "MA203" not in codes(look(made, drop, schema=Schema(complete=True)))
    view = "CREATE VIEW totals AS SELECT count(*) FROM paid;"
    (found,) = [
        each for each in look(made + view, drop, schema=Schema(complete=True)) if each.code == "MA203"
    ]
    assert "totals" in found.message
    assert "loans" not in found.message


def test_a_key_on_columns_that_another_key_holds_apart_finds_no_duplicates() -> None:
    made = "CREATE TABLE blocks (id bigint PRIMARY KEY, a bigint NOT NULL, b bigint NOT NULL, CONSTRAINT ab UNIQUE (a, b))"
    swap = "ALTER TABLE blocks DROP COLUMN id, ADD PRIMARY KEY ({columns}), DROP CONSTRAINT ab"
    assert "MA410" not in codes(look(made, swap.format(columns="a, b")))
    assert "MA410" in codes(look(made, swap.format(columns="a")))


def test_a_number_of_so_many_digits_fits_a_text_of_three_more() -> None:
    made = "CREATE TABLE prices (id bigint PRIMARY KEY, price numeric({digits}))"
    change = "ALTER TABLE prices ALTER COLUMN price TYPE varchar(10)"
    assert "MA411" not in codes(look(made.format(digits="7, 7"), change))
    assert "MA411" in codes(look(made.format(digits="8, 2"), change))
